// SPDX-License-Identifier: Apache-2.0
// The shop over HTTP: everything under /api/ and /uploads/.
import cookieParser from 'cookie-parser';
import express from 'express';

import { priceOf, productOf, products } from './catalogue.js';
import { addPictures } from './pictures.js';
import { newId } from './store.js';

const quantityMax = 99;

function addHealth(app, { state }) {
    app.get('/api/health', (request, response) => {
        response.status(state.draining ? 503 : 200).json({
            status: state.draining ? 'draining' : 'ok',
            instance: state.instance,
            uptime: Math.round((Date.now() - state.started) / 1000),
        });
    });
}

function addAccounts(app, { accounts, metrics }) {
    app.post('/api/login', async (request, response) => {
        const { email = '', password = '' } = request.body ?? {};
        const user = await accounts.authenticate(email, password);
        metrics.logIns.inc({ outcome: user ? 'welcome' : 'refused' });
        if (!user) return response.status(401).json({ error: 'wrong address or password' });
        accounts.logIn(request, response, user);
        return response.json({ user });
    });
    app.post('/api/logout', (request, response) => {
        accounts.logOut(response);
        response.json({ user: null });
    });
    app.get('/api/me', (request, response) => response.json({ user: request.user }));
}

function addProducts(app, { store }) {
    app.get('/api/products', (request, response) => {
        response.json(products.map(({ text, ...shown }) => shown));
    });
    app.get('/api/products/:id', async (request, response) => {
        const product = productOf(request.params.id);
        if (!product) return response.status(404).json({ error: 'no such product' });
        const pictures = (await store.all('pictures'))
            .filter((picture) => picture.product === product.id)
            .reverse();
        return response.json({ ...product, pictures });
    });
}

function addCart(app, { store, accounts }) {
    const cartOf = async (user) => (await store.read('carts', user.id)) ?? { lines: [] };
    const shown = ({ lines }) => ({
        lines: lines.map(({ id, quantity }) => ({ ...productOf(id), quantity })),
        total: priceOf(lines),
    });

    app.get('/api/cart', accounts.required, async (request, response) => {
        response.json(shown(await cartOf(request.user)));
    });
    app.put('/api/cart/:id', accounts.required, async (request, response) => {
        const { id } = request.params;
        const quantity = request.body?.quantity;
        if (!productOf(id)) return response.status(404).json({ error: 'no such product' });
        if (!Number.isInteger(quantity) || quantity < 0 || quantity > quantityMax) {
            return response.status(422).json({ error: `quantity: 0 to ${quantityMax}` });
        }
        const { lines } = await cartOf(request.user);
        const line = lines.find((one) => one.id === id);
        if (line) line.quantity = quantity;
        else lines.push({ id, quantity });
        const cart = { lines: lines.filter((one) => one.quantity > 0) };
        return response.json(shown(await store.write('carts', request.user.id, cart)));
    });
}

function addOrders(app, { store, accounts, metrics }) {
    const shown = (order) => ({
        ...order,
        lines: order.lines.map((line) => ({ ...line, name: productOf(line.id)?.name ?? line.id })),
    });

    app.post('/api/orders', accounts.required, async (request, response) => {
        const { user } = request;
        const { lines } = (await store.read('carts', user.id)) ?? { lines: [] };
        if (lines.length === 0) return response.status(409).json({ error: 'the cart is empty' });
        const order = {
            id: newId(), user: user.id, at: Date.now(), state: 'being packed', total: priceOf(lines),
            lines: lines.map(({ id, quantity }) => ({ id, quantity, price: productOf(id).price })),
        };
        await store.write('orders', order.id, order);
        await store.remove('carts', user.id);
        metrics.orders.inc();
        metrics.revenue.inc(order.total);
        return response.status(201).location(`/api/orders/${order.id}`).json(shown(order));
    });
    app.get('/api/orders', accounts.required, async (request, response) => {
        const mine = (await store.all('orders')).filter((order) => order.user === request.user.id);
        response.json(mine.reverse().map(shown));
    });
    app.get('/api/orders/:id', accounts.required, async (request, response) => {
        const order = await store.read('orders', request.params.id);
        // Another's order is as unknown as none.
        if (order?.user !== request.user.id) {
            return response.status(404).json({ error: 'no such order' });
        }
        return response.json(shown(order));
    });
}

// Express knows an error handler by its four parameters.
function answerError(error, request, response, next) {
    if (response.headersSent) return next(error);
    const tooLarge = error.code === 'LIMIT_FILE_SIZE';
    const badForm = error.name === 'MulterError';
    const status = tooLarge ? 413 : badForm ? 422 : error.status ?? 500;
    if (status >= 500) console.error(`shop: ${request.method} ${request.path}:`, error);
    return response.status(status).json({ error: status >= 500 ? 'the shop failed' : error.message });
}

export async function createApp(parts) {
    const { state, accounts, metrics, feed } = parts;
    const app = express();
    app.disable('x-powered-by');
    // The gateway says who asked and how; nobody else can reach us.
    app.set('trust proxy', 'loopback, linklocal, uniquelocal');
    app.use((request, response, next) => {
        response.set('X-Instance', state.instance);
        if (state.draining) response.set('Connection', 'close');
        next();
    });
    addHealth(app, parts);
    app.use(metrics.observe, cookieParser(), accounts.recognise);
    app.get('/api/events', feed.answer);
    app.use('/api', (request, response, next) => {
        response.set('Cache-Control', 'no-store');
        next();
    }, express.json({ limit: '64kb' }));
    addAccounts(app, parts);
    addProducts(app, parts);
    addCart(app, parts);
    addOrders(app, parts);
    await addPictures(app, parts);
    app.use((request, response) => response.status(404).json({ error: 'nothing is here' }));
    app.use(answerError);
    return app;
}
