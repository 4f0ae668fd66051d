// SPDX-License-Identifier: Apache-2.0
// A real Express application behind the gateway: uploads, downloads, WebSockets, and Node's habit
// of closing idle connections.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import WebSocket from 'ws';

import { check } from './checks.js';
import { MiB } from './upstream.js';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function uploadsArriveUnharmed(url, file) {
    const form = new FormData();
    form.set('title', 'a title');
    form.set('file', new Blob([file]), 'large.bin');
    const response = await fetch(`${url}/upload`, { method: 'POST', body: form });
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), {
        title: 'a title', name: 'large.bin', size: file.length, sha256: sha256(file),
    });
}

async function chunkedUploadsArriveUnharmed(url, file) {
    const pieces = [];
    for (let at = 0; at < file.length; at += 100_000) pieces.push(file.subarray(at, at + 100_000));
    const body = Readable.toWeb(Readable.from(pieces));
    const response = await fetch(`${url}/raw`, { method: 'PUT', body, duplex: 'half' });
    assert.deepEqual(await response.json(), { sha256: sha256(file), chunked: true });
}

// Sends a form that is too large for the application and keeps sending whatever comes back.
function statusOfRefusedUpload(url, file) {
    return new Promise((resolve, reject) => {
        const request = http.request(`${url}/upload/small`, {
            method: 'POST',
            agent: false,
            headers: { 'Content-Type': 'multipart/form-data; boundary=edge' },
        });
        let answered = false;
        request.on('response', (response) => {
            answered = true;
            response.resume();
            resolve(response.statusCode);
        });
        request.on('error', (error) => answered || reject(error));
        request.write('--edge\r\n');
        request.write('Content-Disposition: form-data; name="file"; filename="f"\r\n\r\n');
        request.write(file);
        request.end('\r\n--edge--\r\n');
    });
}

function statusOf(url, headers) {
    return new Promise((resolve, reject) => {
        http.get(url, { agent: false, headers }, (response) => {
            response.resume();
            resolve(response.statusCode);
        }).on('error', reject);
    });
}

async function downloadsArriveUnharmed(url, file) {
    const whole = await fetch(`${url}/content`);
    assert.equal(sha256(Buffer.from(await whole.arrayBuffer())), sha256(file));
    const part = await fetch(`${url}/content`, { headers: { Range: 'bytes=1000000-1999999' } });
    assert.equal(part.status, 206);
    assert.equal(
        sha256(Buffer.from(await part.arrayBuffer())), sha256(file.subarray(1_000_000, 2_000_000)),
    );
    const etag = whole.headers.get('etag');
    // Not with fetch, which adds Cache-Control: no-cache to a condition and so gets it all again.
    assert.equal(await statusOf(`${url}/content`, { 'If-None-Match': etag }), 304);
}

async function echoes(url, count) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    for (let i = 0; i < count; i += 1) {
        const sent = i % 2 === 0 ? `message ${i}` : randomBytes(i * i);
        const received = new Promise((resolve) => {
            socket.once('message', (data, isBinary) => resolve(isBinary ? data : data.toString()));
        });
        socket.send(sent);
        assert.deepEqual(await received, sent);
    }
    socket.close(1000, 'done');
    const [code, reason] = await new Promise((resolve) => {
        socket.once('close', (...how) => resolve(how));
    });
    assert.equal(code, 1000);
    assert.equal(reason.toString(), 'done');
}

// Node drops a connection 20 ms after its last response here; the pauses put requests right there.
async function idleClosesAreInvisible(url, upstream) {
    const usual = upstream.server.keepAliveTimeout;
    upstream.server.keepAliveTimeout = 20;
    try {
        for (let i = 0; i < 150; i += 1) {
            const method = i % 3 === 0 ? 'PUT' : 'GET';
            const response = await fetch(`${url}/${method === 'PUT' ? 'raw' : 'who'}`, {
                method, body: method === 'PUT' ? 'x' : undefined,
            });
            assert.equal(response.status, 200, `request ${i}`);
            await response.arrayBuffer();
            await pause(i % 30);
        }
    } finally {
        upstream.server.keepAliveTimeout = usual;
    }
}

export async function checkExpress(gateway, upstream, file) {
    const { url } = gateway;
    await check('Express learns who asked, how and under which ID', async () => {
        const response = await fetch(`${url}/who`, {
            headers: { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'https' },
        });
        assert.deepEqual(await response.json(), {
            ip: '203.0.113.7',
            protocol: 'https',
            hostname: '127.0.0.1',
            id: response.headers.get('x-request-id'),
        });
    });
    await check('50 MiB through multer arrive unharmed', () => uploadsArriveUnharmed(url, file));
    await check('50 MiB in chunks arrive unharmed', () => chunkedUploadsArriveUnharmed(url, file));
    await check('an upload refused by multer midway is told so, ten times', async () => {
        for (let i = 0; i < 10; i += 1) {
            assert.equal(await statusOfRefusedUpload(url, file.subarray(0, 20 * MiB)), 413);
        }
    });
    await check('a download, a range and a revalidation', () => downloadsArriveUnharmed(url, file));
    await check('200 echoes through ws', () => echoes(url, 200));
    await check('ten WebSockets at once', () => {
        return Promise.all(Array.from({ length: 10 }, () => echoes(url, 50)));
    });
    await check("Node's idle closes never reach a client", () => {
        return idleClosesAreInvisible(url, upstream);
    });
}
