// SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';
import { Link, useNavigate } from 'react-router-dom';

import { euros } from './api.js';
import { Art } from './art.jsx';
import { Members } from './log_in.jsx';
import { useShop } from './shop.jsx';

function Line({ line, change }) {
    const { id, name, price, quantity } = line;
    return (
        <tr>
            <td className="thumb"><Art kind={line.art} colour={line.colour} /></td>
            <td><Link to={`/products/${id}`}>{name}</Link><br /><span className="hint">{euros(price)}</span></td>
            <td className="amount">
                <button type="button" className="quiet" onClick={() => change(id, quantity - 1)}
                    aria-label={`One ${name} less`}>&minus;</button>
                <span>{quantity}</span>
                <button type="button" className="quiet" onClick={() => change(id, quantity + 1)}
                    aria-label={`One ${name} more`}>+</button>
            </td>
            <td className="sum">{euros(price * quantity)}</td>
        </tr>
    );
}

function Contents() {
    const { cart, setQuantity, order } = useShop();
    const navigate = useNavigate();
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(null);

    async function attempt(what) {
        setBusy(true);
        setError(null);
        try {
            await what();
        } catch (refused) {
            setError(refused.message);
        }
        setBusy(false);
    }

    if (cart.lines.length === 0) {
        return <p className="note">Your cart is empty. <Link to="/">Look around</Link></p>;
    }
    return (
        <div className="card">
            <table>
                <tbody>
                    {cart.lines.map((line) => (
                        <Line key={line.id} line={line}
                            change={(id, quantity) => attempt(() => setQuantity(id, quantity))} />
                    ))}
                </tbody>
                <tfoot>
                    <tr><td colSpan="3">Total</td><td className="sum">{euros(cart.total)}</td></tr>
                </tfoot>
            </table>
            {error && <p className="error" role="alert">{error}</p>}
            <button type="button" disabled={busy} onClick={() => attempt(async () => {
                navigate(`/orders/${(await order()).id}`, { state: { fresh: true } });
            })}>Place the order</button>
        </div>
    );
}

export function Cart() {
    return (
        <Members>
            <h1>Your cart</h1>
            <Contents />
        </Members>
    );
}
