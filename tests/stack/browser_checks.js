// SPDX-License-Identifier: Apache-2.0
// A real browser in front of the gateway: server-sent events, and every card of the demo's page.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';

import { chromium } from 'playwright-core';

import { check, skip } from './checks.js';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

export async function openBrowser() {
    if (!existsSync(executablePath)) {
        skip('everything in a browser', `there is no ${executablePath}`);
        return null;
    }
    return chromium.launch({
        executablePath,
        args: [
            '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
            '--disable-background-networking', '--disable-component-update', '--disable-sync',
        ],
    });
}

// What the page complains about while a check runs.
export function listenForComplaints(page) {
    const complaints = [];
    page.on('console', (message) => {
        if (message.type() === 'error') {
            complaints.push(`${message.text()} (${message.location().url})`);
        }
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    return complaints;
}

export async function checkEvents(browser, gateway, upstream) {
    await check('EventSource gets each event in its time, its end stops Express', async () => {
        const page = await browser.newPage();
        await page.goto(gateway.url);
        const arrivals = await page.evaluate(() => new Promise((resolve, reject) => {
            const source = new EventSource('/events');
            const seen = [];
            source.onmessage = (event) => {
                seen.push({ id: JSON.parse(event.data).id, at: performance.now() });
                if (seen.length < 10) return;
                source.close();
                resolve(seen);
            };
            source.onerror = () => reject(new Error('EventSource failed'));
        }));
        assert.deepEqual(arrivals.map(({ id }) => id), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        // They are made 100 ms apart; had any been held back, they would arrive together.
        assert.ok(arrivals[9].at - arrivals[0].at > 500, JSON.stringify(arrivals));
        await page.close();
        while (upstream.locals.eventStreamsClosed < 1) {
            await new Promise((resolve) => setTimeout(resolve, 5));
        }
    });
}

export async function checkDemoPage(browser, demo) {
    await check('every card of the demo page becomes ok', async () => {
        const page = await browser.newPage();
        const complaints = listenForComplaints(page);
        await page.goto(demo.url);
        await page.getByRole('button', { name: /run everything/i }).click();
        const cards = page.locator('[data-state]');
        assert.ok(await cards.count() >= 8, `only ${await cards.count()} cards`);
        await page.waitForFunction(() => {
            const cards = [...document.querySelectorAll('[data-state]')];
            const has = (state) => ({ dataset }) => dataset.state === state;
            return cards.every(has('ok')) || cards.some(has('fail'));
        }, null, { timeout: 90_000 });
        const states = await cards.evaluateAll((all) => all.map((card) => ({
            name: card.id || card.querySelector('h2, h3')?.textContent, state: card.dataset.state,
        })));
        assert.deepEqual(states.filter(({ state }) => state !== 'ok'), []);
        assert.deepEqual(complaints, []);
        await page.close();
    });
    await check("the demo's own routes survive a reload", async () => {
        const page = await browser.newPage();
        const complaints = listenForComplaints(page);
        const first = await page.goto(`${demo.url}/shop/42`);
        assert.equal(first.status(), 200);
        const again = await page.reload();
        assert.equal(again.status(), 200);
        await page.getByRole('button', { name: /run everything/i }).waitFor();
        assert.equal(new URL(page.url()).pathname, '/shop/42');
        assert.deepEqual(complaints, []);
        await page.close();
    });
}
