// SPDX-License-Identifier: Apache-2.0
// The backend as functions. What it refuses becomes an Error with its words.
import { useEffect, useState } from 'react';

async function ask(path, options = {}) {
    const response = await fetch(path, options);
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw new Error(answer?.error ?? answer?.message ?? `status ${response.status}`);
    return answer;
}

function send(method, path, body) {
    return ask(path, {
        method,
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body ?? {}),
    });
}

export const api = {
    me: () => ask('/api/me'),
    logIn: (email, password) => send('POST', '/api/login', { email, password }),
    logOut: () => send('POST', '/api/logout'),
    products: () => ask('/api/products'),
    product: (id) => ask(`/api/products/${encodeURIComponent(id)}`),
    cart: () => ask('/api/cart'),
    setQuantity: (id, quantity) => send('PUT', `/api/cart/${encodeURIComponent(id)}`, { quantity }),
    order: () => send('POST', '/api/orders'),
    orders: () => ask('/api/orders'),
    orderOf: (id) => ask(`/api/orders/${encodeURIComponent(id)}`),
    addPicture(product, file) {
        const form = new FormData();
        form.set('product', product);
        form.set('picture', file);
        return ask('/uploads/', { method: 'POST', body: form });
    },
};

// { value, error, reload } of something that is fetched when `keys` change.
export function useFetched(fetcher, keys) {
    const [state, setState] = useState({ value: null, error: null });
    const [round, setRound] = useState(0);
    useEffect(() => {
        let wanted = true;
        fetcher()
            .then((value) => wanted && setState({ value, error: null }))
            .catch((error) => wanted && setState({ value: null, error }));
        return () => { wanted = false; };
        // eslint-disable-next-line react-hooks/exhaustive-deps
    }, [...keys, round]);
    return { ...state, reload: () => setRound((n) => n + 1) };
}

const money = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' });
export const euros = (cents) => money.format(cents / 100);

const dates = new Intl.DateTimeFormat('en-IE', { dateStyle: 'medium', timeStyle: 'short' });
export const when = (time) => dates.format(new Date(time));
