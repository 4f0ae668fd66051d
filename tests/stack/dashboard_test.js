// SPDX-License-Identifier: Apache-2.0
// The dashboard of the admin port in a real browser, while requests come and an endpoint dies.
// Usage: node dashboard_test.js GATEWAY_BINARY
// DASHBOARD_SCREENSHOT=FILE.png keeps a picture, taken after DASHBOARD_SECONDS of load.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openBrowser } from './browser_checks.js';
import { check, verdict } from './checks.js';
import {
    checkAnError, checkBrokenConnection, checkCandidate, checkChanges, checkDyingEndpoint,
    checkFigures, checkLooks,
} from './dashboard_checks.js';
import { startConfigured } from './gateway.js';

// An upstream that takes a little while, now and then a long one.
async function startOrigin(port = 0) {
    const server = createServer((request, response) => {
        const wait = request.url === '/health' ? 0 : 4 + Math.random() ** 6 * 160;
        setTimeout(() => response.end('fine'), wait);
    });
    await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    return {
        address: `127.0.0.1:${server.address().port}`,
        port: server.address().port,
        stop: () => new Promise((resolve) => {
            server.close(resolve);
            server.closeAllConnections();
        }),
    };
}

const settingsFor = (origins, admin) => `
listeners: [{ address: "127.0.0.1:0" }]
admin: { address: "127.0.0.1:${admin}" }
upstreams:
  shop:
    endpoints: ${JSON.stringify(origins.slice(0, 3).map(({ address }) => address))}
    health_check: { path: /health, interval: 300ms, interval_unhealthy: 200ms, fall: 2 }
  catalogue: { endpoints: ["${origins[3].address}"] }
  reports: { endpoints: ["127.0.0.1:1"] }
routes:
  - { name: shop, prefix: /, upstream: shop }
  - { name: catalogue, prefix: /catalogue/, upstream: catalogue }
  - { name: reports, prefix: /reports/, upstream: reports }
runtime: { threads: 2 }
`;

// Requests until it is stopped, more at some times than at others.
function beginLoad(url) {
    let stopped = false;
    const begun = Date.now();
    const done = (async () => {
        while (!stopped) {
            const t = (Date.now() - begun) / 1000;
            const burst = Math.round(6 + 4 * Math.sin(t / 17) + 2 * Math.sin(t / 5));
            const all = Array.from({ length: burst }, (_, i) => fetch(
                `${url()}${i % 3 === 2 ? '/catalogue/' : '/'}${i}`,
            ).then((answer) => answer.arrayBuffer()).catch(() => {}));
            // A picture shows errors too.
            if (process.env.DASHBOARD_SCREENSHOT && Math.sin(t / 11) > .97) all.push(fetch(`${url()}/reports/monthly`).then((answer) => answer.arrayBuffer()));
            await Promise.all(all);
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    })();
    return () => { stopped = true; return done; };
}

const origins = await Promise.all([0, 0, 0, 0].map((port) => startOrigin(port)));
let gateway = await startConfigured(settingsFor(origins, 0));
const stopLoad = beginLoad(() => gateway.url);
const browser = await openBrowser();
if (browser) {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-dashboard-'));
    const stage = {
        browser,
        folder,
        gateway: () => gateway,
        origins,
        picture: process.env.DASHBOARD_SCREENSHOT,
        seconds: Number(process.env.DASHBOARD_SECONDS ?? 0),
        async restart() {
            const port = gateway.adminPort;
            await gateway.stop();
            return async () => { gateway = await startConfigured(settingsFor(origins, port)); };
        },
        writeSettings: (change) => gateway.writeSettings(change(settingsFor(origins, 0))),
        restartOrigin: (port) => startOrigin(port),
    };
    await checkFigures(stage);
    await checkAnError(stage);
    await checkDyingEndpoint(stage);
    await checkLooks(stage);
    await checkChanges(stage);
    await checkCandidate(stage);
    await checkBrokenConnection(stage);
    await browser.close();
    await rm(folder, { recursive: true });
}
await stopLoad();
await check('the gateway drains with 0', async () => {
    const code = await gateway.stop();
    if (code !== 0) throw new Error(`it ended with ${code}`);
});
await Promise.all(origins.map((one) => one.stop()));
process.exit(verdict());
