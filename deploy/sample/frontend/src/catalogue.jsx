// SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router-dom';

import { api, euros, useFetched, when } from './api.js';
import { Art } from './art.jsx';
import { NotFound } from './frame.jsx';
import { useShop } from './shop.jsx';

function AddToCart({ product }) {
    const { user, cart, setQuantity } = useShop();
    const navigate = useNavigate();
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);
    const held = cart.lines.find(({ id }) => id === product.id)?.quantity ?? 0;

    async function add() {
        if (!user) {
            navigate('/login', { state: { from: `/products/${product.id}` } });
            return;
        }
        setBusy(true);
        setError(null);
        await setQuantity(product.id, held + 1).catch(({ message }) => setError(message));
        setBusy(false);
    }

    return (
        <div className="buy">
            <button type="button" onClick={add} disabled={busy}>Add to cart</button>
            {held > 0 && <span className="hint">{held} in your <Link to="/cart">cart</Link></span>}
            {error && <p className="error" role="alert">{error}</p>}
        </div>
    );
}

export function Catalogue() {
    const { value: products, error } = useFetched(api.products, []);
    return (
        <>
            <section className="hero">
                <h1>Good coffee is mostly patience.</h1>
                <p>The rest is on these shelves.</p>
            </section>
            {error && <p className="error" role="alert">{error.message}</p>}
            <ul className="shelf">
                {(products ?? []).map((product) => (
                    <li key={product.id}>
                        <Link to={`/products/${product.id}`}>
                            <Art kind={product.art} colour={product.colour} />
                            <h2>{product.name}</h2>
                            <p>{product.line}</p>
                            <strong>{euros(product.price)}</strong>
                        </Link>
                    </li>
                ))}
            </ul>
        </>
    );
}

function Pictures({ product, reload }) {
    const { user } = useShop();
    const [state, setState] = useState({ busy: false, error: null });

    async function share({ target }) {
        const [file] = target.files;
        if (!file) return;
        setState({ busy: true, error: null });
        try {
            await api.addPicture(product.id, file);
            reload();
            setState({ busy: false, error: null });
        } catch (error) {
            setState({ busy: false, error: error.message });
        }
        target.value = '';
    }

    return (
        <section className="pictures">
            <h2>At our customers&rsquo; homes</h2>
            {product.pictures.length === 0 && <p className="hint">No pictures yet.</p>}
            <ul>
                {product.pictures.map((picture) => (
                    <li key={picture.id}>
                        <a href={picture.url}>
                            <img src={picture.url} loading="lazy" width="240" height="180"
                                alt={`${product.name}, by ${picture.by}`} />
                        </a>
                        <span className="hint">{picture.by}, {when(picture.at)}</span>
                    </li>
                ))}
            </ul>
            {user
                ? (
                    <label className="upload">
                        {state.busy ? 'Sending …' : 'Share a picture'}
                        <input type="file" name="picture" onChange={share} disabled={state.busy}
                            accept="image/png,image/jpeg,image/gif,image/webp" />
                    </label>
                )
                : <p className="hint"><Link to="/login" state={{ from: `/products/${product.id}` }}>Log in</Link> to share yours.</p>}
            {state.error && <p className="error" role="alert">{state.error}</p>}
        </section>
    );
}

export function Product() {
    const { id } = useParams();
    const { news } = useShop();
    // Somebody's new picture of this product arrives as news.
    const latest = news.find(({ kind, product }) => kind === 'picture' && product === id)?.id;
    const { value: product, error, reload } = useFetched(() => api.product(id), [id, latest]);
    if (error) return <NotFound />;
    if (!product) return <p className="note">One moment …</p>;
    return (
        <article>
            <div className="product">
                <Art kind={product.art} colour={product.colour} />
                <div>
                    <p className="hint"><Link to="/">All goods</Link></p>
                    <h1>{product.name}</h1>
                    <p className="line">{product.line}</p>
                    <p>{product.text}</p>
                    <p className="price">{euros(product.price)}</p>
                    <AddToCart product={product} />
                </div>
            </div>
            <Pictures product={product} reload={reload} />
        </article>
    );
}
