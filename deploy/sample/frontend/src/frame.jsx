// SPDX-License-Identifier: Apache-2.0
// What surrounds every page.
import { Link, NavLink, Outlet, ScrollRestoration, useLocation } from 'react-router-dom';

import { euros } from './api.js';
import { HelpDesk } from './help_desk.jsx';
import { useShop } from './shop.jsx';

function Account() {
    const { user, logOut } = useShop();
    const { pathname } = useLocation();
    if (user === undefined) return null;
    if (user) {
        return <button type="button" className="quiet" onClick={logOut}>Log out</button>;
    }
    return <NavLink to="/login" state={{ from: pathname }}>Log in</NavLink>;
}

function Header() {
    const { cart, user } = useShop();
    const count = cart.lines.reduce((sum, { quantity }) => sum + quantity, 0);
    return (
        <header className="top">
            <Link to="/" className="brand">
                <img src="/favicon.svg" alt="" width="32" height="32" />
                <span>Lauv <em>Coffee Goods</em></span>
            </Link>
            <nav aria-label="Main">
                {user && <NavLink to="/orders">Orders</NavLink>}
                <NavLink to="/cart" className="to-cart">
                    Cart{count > 0 && <b aria-label={`${count} in the cart`}>{count}</b>}
                </NavLink>
                <Account />
            </nav>
        </header>
    );
}

function sentence(event) {
    if (event.kind === 'picture') return <>Somebody shared a picture of the <b>{event.name}</b></>;
    const more = event.count > 1 ? ` and ${event.count - 1} more` : '';
    return <>Just ordered: <b>{event.name}</b>{more}, {euros(event.total)}</>;
}

function News() {
    const { news, live } = useShop();
    return (
        <aside className="news" aria-label="Live from the shop">
            <h2><i className={live ? 'dot live' : 'dot'} />{live ? 'Live from the shop' : 'Connecting'}</h2>
            <ul aria-live="polite">
                {news.map((event) => (
                    <li key={event.id} data-kind={event.kind}>
                        {event.kind === 'picture'
                            ? <Link to={`/products/${event.product}`}>{sentence(event)}</Link>
                            : sentence(event)}
                    </li>
                ))}
                {news.length === 0 && <li className="calm">All calm. Orders show up here.</li>}
            </ul>
        </aside>
    );
}

export function Frame() {
    return (
        <>
            <Header />
            <main><Outlet /></main>
            <News />
            <footer>
                <p>A sample application. Nothing here is for sale, sadly.</p>
                <HelpDesk />
            </footer>
            <ScrollRestoration />
        </>
    );
}

export function NotFound() {
    return (
        <section className="note">
            <h1>Nothing on this shelf</h1>
            <p><Link to="/">Back to the shop</Link></p>
        </section>
    );
}
