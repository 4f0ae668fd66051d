// SPDX-License-Identifier: Apache-2.0
// Bursts of requests with pauses as long as Node keeps an idle connection: 5 s, unless somebody
// says otherwise. GATEWAY_STACK_REQUESTS=10000 makes it three minutes instead of half a one.
import assert from 'node:assert/strict';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { check } from './checks.js';

const requests = Number(process.env.GATEWAY_STACK_REQUESTS ?? 1_500);
const burst = 250;

function ask(agent, url, method, body) {
    return new Promise((resolve, reject) => {
        const headers = body ? { 'Content-Type': 'application/json' } : {};
        const request = http.request(url, { agent, method, headers }, (response) => {
            response.resume();
            response.on('end', () => resolve(response.statusCode));
        });
        request.on('error', reject);
        request.end(body);
    });
}

async function bursts(url, upstream) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 100 });
    const statuses = new Map();
    let posted = 0;
    for (let sent = 0; sent < requests; sent += burst) {
        if (sent > 0) await pause(4_500 + (1_000 * ((sent / burst) % 11)) / 10);
        const all = Array.from({ length: burst }, (_, i) => {
            if (i % 2 === 0) return ask(agent, `${url}/who`, 'GET');
            posted += 1;
            return ask(agent, `${url}/order`, 'POST', JSON.stringify({ key: `${sent + i}` }));
        });
        for (const status of await Promise.all(all)) {
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
    }
    agent.destroy();
    console.log(`      ${requests} requests, by status: ${JSON.stringify([...statuses])}`);
    assert.deepEqual([...statuses.keys()].sort(), [200, 201]);
    assert.equal(upstream.locals.orders.size, posted);
    assert.equal([...upstream.locals.orders.values()].every((count) => count === 1), true);
}

export function checkPauses(gateway, upstream) {
    const patience = 60_000 + (requests / burst) * 8_000;
    return check(
        "no request, POST or GET, fails for Node's idle timeout, and none arrives twice",
        () => bursts(gateway.url, upstream), patience,
    );
}
