// SPDX-License-Identifier: Apache-2.0
// The help desk behind /api/ws: a visitor asks, the shop answers from what it knows.
import { WebSocketServer } from 'ws';

import { products } from './catalogue.js';

const ping = 30_000;
const socketsMax = 2_000;

const euros = (cents) => `€${(cents / 100).toFixed(2)}`;

async function answerTo(text, user, store) {
    const words = text.toLowerCase();
    if (/order|parcel|deliver/.test(words)) {
        if (!user) return 'Log in, and I can look for your order.';
        const mine = (await store.all('orders')).filter((order) => order.user === user.id);
        const last = mine.at(-1);
        if (!last) return 'You have not ordered anything yet.';
        return `Your order ${last.id.slice(-6)} over ${euros(last.total)} is ${last.state}.`;
    }
    const product = products.find(({ id, name }) => {
        return words.includes(id) || words.includes(name.toLowerCase());
    });
    if (product) return `The ${product.name} costs ${euros(product.price)}. ${product.text}`;
    return 'Ask me about a product, or where your order is.';
}

function tokenOf(request, name) {
    const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
    return pairs.find(([key]) => key === name)?.[1];
}

export function attachHelpDesk(server, { store, accounts, metrics }) {
    const sockets = new WebSocketServer({ noServer: true, maxPayload: 4_096 });

    server.on('upgrade', (request, socket, head) => {
        const refuse = (status) => socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
        socket.on('error', () => socket.destroy());
        if (request.url.split('?')[0] !== '/api/ws') return refuse('404 Not Found');
        // The cookie comes along from anywhere; only our own pages may use it.
        const { origin, host } = request.headers;
        const own = [`http://${host}`, `https://${host}`];
        if (origin && !own.includes(origin)) return refuse('403 Forbidden');
        if (sockets.clients.size >= socketsMax) return refuse('503 Service Unavailable');
        return sockets.handleUpgrade(request, socket, head, (client) => {
            sockets.emit('connection', client, request);
        });
    });

    sockets.on('connection', (client, request) => {
        const user = accounts.userOfToken(tokenOf(request, accounts.cookieName));
        client.alive = true;
        metrics.webSockets.set(sockets.clients.size);
        const say = (text) => client.send(JSON.stringify({ from: 'shop', text }));
        client.on('pong', () => { client.alive = true; });
        client.on('error', () => client.terminate());
        client.on('close', () => metrics.webSockets.set(sockets.clients.size));
        client.on('message', async (data) => {
            try {
                say(await answerTo(String(data), user, store));
            } catch (error) {
                console.error('shop: the help desk failed:', error);
                say('Sorry, I lost the thread. Please ask again.');
            }
        });
        say(user ? `Hello ${user.name}, how can I help?` : 'Hello, how can I help?');
    });

    const beat = setInterval(() => {
        for (const client of sockets.clients) {
            if (!client.alive) client.terminate();
            client.alive = false;
            client.ping();
        }
    }, ping);

    return {
        close() {
            clearInterval(beat);
            for (const client of sockets.clients) client.close(1001, 'the shop restarts');
        },
    };
}
