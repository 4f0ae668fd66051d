// SPDX-License-Identifier: Apache-2.0
// The sample shop of deploy/sample as plain processes behind the gateway with its default
// configuration. Usage: node shop_test.js GATEWAY_BINARY
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { openBrowser } from './browser_checks.js';
import { check, verdict } from './checks.js';
import { startDefault } from './gateway.js';
import { checkShop } from './shop_checks.js';

const sample = fileURLToPath(new URL('../../deploy/sample', import.meta.url));

// Starts one half of the shop; resolves when it says where it listens.
async function start(half, script, environment) {
    const child = spawn(process.execPath, [script], {
        cwd: join(sample, half),
        env: { ...process.env, HOST: '127.0.0.1', PORT: '0', DRAIN_DELAY_MS: '50', ...environment },
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    const port = await new Promise((resolve, reject) => {
        child.stdout.on('data', (bytes) => {
            said += bytes;
            const found = /listening on 127\.0\.0\.1:(\d+)/.exec(said);
            if (found) resolve(Number(found[1]));
        });
        child.on('error', reject);
        child.on('exit', (code) => reject(new Error(`the ${half} ended with ${code}: ${said}`)));
    });
    return {
        port,
        said: () => said,
        stop: () => new Promise((resolve) => {
            child.removeAllListeners('exit').once('exit', resolve);
            child.kill('SIGTERM');
        }),
    };
}

const folder = await mkdtemp(join(tmpdir(), 'gateway-shop-'));
const backend = await start('backend', 'src/main.js', {
    METRICS_PORT: '0', DATA_DIR: join(folder, 'data'), UPLOADS_DIR: join(folder, 'uploads'),
});
const frontend = await start('frontend', 'serve.js', {});
const gateway = await startDefault(frontend.port, backend.port);

const browser = await openBrowser();
if (browser) {
    const made = await checkShop(browser, gateway.url);
    await check("the backend's metrics have counted all that", async () => {
        const port = /metrics on (\d+)/.exec(backend.said())[1];
        const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
        assert.match(text, /^shop_orders_total 1$/m);
        assert.match(text, /^shop_uploads_total\{outcome="kept"\} 1$/m);
        assert.match(text, /route="\/api\/products\/:id",code="200"/);
    });
    await check('an order is nobody else\'s business, a picture is everybody\'s', async () => {
        assert.equal((await fetch(`${gateway.url}/api${made.order}`)).status, 401);
        assert.equal((await fetch(`${gateway.url}${made.picture}`)).status, 200);
    });
    await browser.close();
}
await check('a page that calls itself a picture is refused', async () => {
    const login = await fetch(`${gateway.url}/api/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ email: 'demo@example.com', password: 'espresso' }),
    });
    const form = new FormData();
    form.set('product', 'moka');
    form.set('picture', new Blob(['<script>alert(1)</script>']), 'a.png');
    const answer = await fetch(`${gateway.url}/uploads/`, {
        method: 'POST', body: form, headers: { Cookie: login.headers.get('set-cookie').split(';')[0] },
    });
    assert.equal(answer.status, 422);
});
await check('gateway, frontend and backend drain with 0', async () => {
    assert.deepEqual([await gateway.stop(), await frontend.stop(), await backend.stop()], [0, 0, 0]);
});
await rm(folder, { recursive: true });
process.exit(verdict());
