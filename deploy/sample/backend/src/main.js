// SPDX-License-Identifier: Apache-2.0
// The shop's backend: starts, and ends gracefully on SIGTERM.
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

import { createApp } from './app.js';
import { openAccounts } from './accounts.js';
import { createFeed } from './events.js';
import { createMetrics } from './metrics.js';
import { attachHelpDesk } from './help_desk.js';
import { openStore } from './store.js';

const settings = {
    host: process.env.HOST ?? '0.0.0.0',
    port: Number(process.env.PORT ?? 5000),
    metricsPort: Number(process.env.METRICS_PORT ?? 9090),
    data: process.env.DATA_DIR ?? 'data',
    uploads: process.env.UPLOADS_DIR ?? 'uploads',
    secret: process.env.JWT_SECRET,
    password: process.env.DEMO_PASSWORD || 'espresso',
    // How long the last requests may come in after SIGTERM, while health checks already fail.
    drainDelay: Number(process.env.DRAIN_DELAY_MS ?? 3000),
    drainLimit: Number(process.env.DRAIN_LIMIT_MS ?? 20000),
};

const state = { draining: false, instance: hostname(), started: Date.now() };

const store = await openStore(settings.data);
const accounts = await openAccounts(store, settings);
const metrics = createMetrics();
const feed = await createFeed(store, metrics);
const app = await createApp({ settings, state, store, accounts, metrics, feed });
const server = createServer(app);
const helpDesk = attachHelpDesk(server, { store, accounts, metrics });

const listen = (which, port) => new Promise((resolve, reject) => {
    which.once('error', reject).listen(port, settings.host, () => resolve(which.address().port));
});
const metricsPort = await listen(metrics.server, settings.metricsPort);
const port = await listen(server, settings.port);
console.log(`shop: listening on ${settings.host}:${port}, metrics on ${metricsPort}`);

// What runs is finished. First only the health check fails and connections are closed after their
// next response, so that whoever sends us requests can choose another of our kind in time.
async function drain(signal) {
    if (state.draining) process.exit(1);
    state.draining = true;
    console.log(`shop: ${signal}, draining`);
    setTimeout(() => process.exit(1), settings.drainLimit).unref();
    await pause(settings.drainDelay);
    const closed = new Promise((resolve) => { server.close(resolve); });
    feed.close();
    helpDesk.close();
    // Connections become idle as their last responses end.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    await closed;
    clearInterval(sweep);
    metrics.server.close();
    metrics.server.closeAllConnections();
    console.log('shop: drained');
    process.exit(0);
}
process.on('SIGTERM', drain);
process.on('SIGINT', drain);
