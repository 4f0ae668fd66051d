// SPDX-License-Identifier: Apache-2.0
// The application behind the gateway: Express with multer and ws, written the way people write it.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import express from 'express';
import multer from 'multer';
import { WebSocketServer } from 'ws';

export const MiB = 1 << 20;

function digestOf(stream) {
    return new Promise((resolve, reject) => {
        const hash = createHash('sha256');
        stream.on('data', (bytes) => hash.update(bytes));
        stream.on('end', () => resolve(hash.digest('hex')));
        stream.on('error', reject);
    });
}

function addUploads(app, folder) {
    const upload = multer({ dest: folder, limits: { fileSize: 60 * MiB } });
    const smallUpload = multer({ dest: folder, limits: { fileSize: 1 * MiB } });
    app.post('/upload', upload.single('file'), async (request, response) => {
        response.json({
            title: request.body.title,
            name: request.file.originalname,
            size: request.file.size,
            sha256: await digestOf(createReadStream(request.file.path)),
        });
    });
    app.post('/upload/small', smallUpload.single('file'), (request, response) => {
        response.json({ size: request.file.size });
    });
    app.put('/raw', async (request, response) => {
        const chunked = 'transfer-encoding' in request.headers;
        response.json({ sha256: await digestOf(request), chunked });
    });
}

// Counts how often each order came.
function addOrders(app) {
    app.locals.orders = new Map();
    app.post('/order', express.json(), (request, response) => {
        const { orders } = app.locals;
        orders.set(request.body.key, (orders.get(request.body.key) ?? 0) + 1);
        response.sendStatus(201);
    });
}

function addEvents(app) {
    app.get('/events', (request, response) => {
        response.set('Cache-Control', 'no-cache').type('text/event-stream').flushHeaders();
        let id = 0;
        const timer = setInterval(() => {
            id += 1;
            response.write(`id: ${id}\ndata: ${JSON.stringify({ id })}\n\n`);
        }, 100);
        request.on('close', () => {
            clearInterval(timer);
            app.locals.eventStreamsClosed += 1;
        });
    });
}

export async function startUpstream(content) {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-stack-upstream-'));
    await writeFile(join(folder, 'content.bin'), content);
    const app = express();
    app.set('trust proxy', 'loopback');
    app.locals.eventStreamsClosed = 0;
    app.get('/', (request, response) => response.send('<!doctype html><title>stack</title>'));
    app.get('/favicon.ico', (request, response) => response.sendStatus(204));
    app.get('/who', (request, response) => {
        const { ip, protocol, hostname } = request;
        response.json({ ip, protocol, hostname, id: request.get('x-request-id') });
    });
    app.get('/content', (request, response) => response.sendFile(join(folder, 'content.bin')));
    addUploads(app, folder);
    addOrders(app);
    addEvents(app);
    // Express knows an error handler by its four parameters.
    app.use((error, request, response, next) => {
        response.status(error.code === 'LIMIT_FILE_SIZE' ? 413 : 500).json({ code: error.code });
        void next;
    });

    const server = await new Promise((resolve) => {
        const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
    });
    const sockets = new WebSocketServer({ server, path: '/ws' });
    sockets.on('connection', (socket) => {
        socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
    });
    return {
        port: server.address().port,
        server,
        locals: app.locals,
        async stop() {
            server.close();
            server.closeAllConnections();
            await rm(folder, { recursive: true });
        },
    };
}
