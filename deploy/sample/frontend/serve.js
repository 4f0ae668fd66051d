// SPDX-License-Identifier: Apache-2.0
// Serves the built pages. A path without an extension is one of the page's own routes and gets the
// page; a missing file is missing.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import sirv from 'sirv';

const folder = process.env.DIST_DIR ?? fileURLToPath(new URL('dist', import.meta.url));
const host = process.env.HOST ?? '0.0.0.0';
const port = Number(process.env.PORT ?? 80);
const drainDelay = Number(process.env.DRAIN_DELAY_MS ?? 3000);

const policy = "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws: wss:; "
    + "base-uri 'none'; object-src 'none'; frame-ancestors 'none'";
let draining = false;

const serve = sirv(folder, {
    single: true,
    etag: true,
    setHeaders(response, path) {
        // Vite names assets by their content.
        const forever = path.startsWith('/assets/');
        response.setHeader('Cache-Control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
        response.setHeader('Content-Security-Policy', policy);
        response.setHeader('X-Content-Type-Options', 'nosniff');
    },
});

const server = createServer((request, response) => {
    if (draining) response.setHeader('Connection', 'close');
    if (request.url === '/healthz') {
        response.writeHead(draining ? 503 : 200, { 'Content-Type': 'text/plain' });
        return response.end(draining ? 'draining\n' : 'ok\n');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
        return response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    }
    return serve(request, response, () => response.writeHead(404).end('nothing is here\n'));
});

// Connections close after their next response at first, so that nobody sends into a closed one.
function drain() {
    if (draining) process.exit(1);
    draining = true;
    setTimeout(() => {
        server.close(() => process.exit(0));
        setInterval(() => server.closeIdleConnections(), 50);
    }, drainDelay);
}
process.on('SIGTERM', drain);
process.on('SIGINT', drain);

server.listen(port, host, () => {
    console.log(`pages: listening on ${host}:${server.address().port}`);
});
