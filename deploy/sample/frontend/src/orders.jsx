// SPDX-License-Identifier: Apache-2.0
import { Link, useLocation, useParams } from 'react-router-dom';

import { api, euros, useFetched, when } from './api.js';
import { NotFound } from './frame.jsx';
import { Members } from './log_in.jsx';

function OrderList() {
    const { value: orders, error } = useFetched(api.orders, []);
    if (error) return <p className="error" role="alert">{error.message}</p>;
    if (!orders) return <p className="note">One moment …</p>;
    if (orders.length === 0) return <p className="note">Nothing yet. <Link to="/">Look around</Link></p>;
    return (
        <ul className="orders">
            {orders.map((order) => (
                <li key={order.id} className="card">
                    <Link to={`/orders/${order.id}`}>Order {order.id.slice(-6)}</Link>
                    <span>{order.lines.map(({ name, quantity }) => `${quantity} × ${name}`).join(', ')}</span>
                    <span className="hint">{when(order.at)}</span>
                    <strong>{euros(order.total)}</strong>
                </li>
            ))}
        </ul>
    );
}

export function Orders() {
    return (
        <Members>
            <h1>Your orders</h1>
            <OrderList />
        </Members>
    );
}

function OrderSheet() {
    const { id } = useParams();
    const { state } = useLocation();
    const { value: order, error } = useFetched(() => api.orderOf(id), [id]);
    if (error) return <NotFound />;
    if (!order) return <p className="note">One moment …</p>;
    return (
        <>
            <h1>{state?.fresh ? 'Thank you!' : `Order ${order.id.slice(-6)}`}</h1>
            <div className="card">
                <p>Order <b>{order.id.slice(-6)}</b> of {when(order.at)} is <b>{order.state}</b>.</p>
                <table>
                    <tbody>
                        {order.lines.map((line) => (
                            <tr key={line.id}>
                                <td>{line.quantity} × <Link to={`/products/${line.id}`}>{line.name}</Link></td>
                                <td className="sum">{euros(line.price * line.quantity)}</td>
                            </tr>
                        ))}
                    </tbody>
                    <tfoot><tr><td>Total</td><td className="sum">{euros(order.total)}</td></tr></tfoot>
                </table>
                <p><Link to="/orders">All orders</Link></p>
            </div>
        </>
    );
}

export function Order() {
    return <Members><OrderSheet /></Members>;
}
