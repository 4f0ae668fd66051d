// SPDX-License-Identifier: Apache-2.0
// What a person sees on the dashboard, checked by looking at the page.
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { listenForComplaints } from './browser_checks.js';
import { check } from './checks.js';

const patience = { timeout: 30_000 };

async function open(stage, options = {}) {
    const context = await stage.browser.newContext({
        viewport: { width: 1360, height: 900 }, colorScheme: 'light', ...options,
    });
    const page = await context.newPage();
    const complaints = listenForComplaints(page);
    await page.goto(`${stage.gateway().admin}/`);
    await page.locator('#live.ok').waitFor(patience);
    return { context, page, complaints };
}

const rowOf = (page, address) => page.locator('.endpoints tbody tr', { hasText: address });

export async function checkFigures(stage) {
    await check('figures follow the requests, and nothing is complained about', async () => {
        const { context, page, complaints } = await open(stage);
        await page.waitForFunction(
            () => Number.parseFloat(document.querySelector('#rate').textContent) > 5, null, patience,
        );
        const first = await page.locator('#requests path:not(.area)').getAttribute('d');
        await page.waitForFunction((before) => {
            const path = document.querySelector('#requests path:not(.area)').getAttribute('d');
            return path !== before && path.includes('L');
        }, first, patience);
        assert.match(await page.locator('#p95').textContent(), /ms|s$/);
        assert.match(await page.locator('#flight-under').textContent(), /\d+ connections/);
        assert.equal(await page.locator('#ready').textContent(), 'ready');
        assert.match(await page.locator('#cores').textContent(), /^2, all answer$/);
        for (const { address } of stage.origins) {
            await page.waitForFunction((one) => {
                const row = [...document.querySelectorAll('.endpoints tbody tr')].find((each) => each.textContent.includes(one));
                return row?.className === 'ok' && Number.parseFloat(row.children[1].textContent) > 0;
            }, address, patience);
        }
        assert.deepEqual(complaints, []);
        await context.close();
    });
}

export async function checkAnError(stage) {
    await check('an error appears with its cause, its route and its request', async () => {
        const { context, page, complaints } = await open(stage);
        const answer = await fetch(`${stage.gateway().url}/reports/2026?token=secret`, {
            headers: { 'X-Request-Id': 'asked-for-a-report' },
        });
        assert.equal(answer.status, 502);
        const row = page.locator('#errors tbody tr', { hasText: 'asked-for-a-report' });
        await row.waitFor(patience);
        const text = await row.textContent();
        for (const part of ['502', 'connect_refused', '/reports/2026', 'route reports', '127.0.0.1:1']) {
            assert.ok(text.includes(part), `${part} in ${text}`);
        }
        assert.ok(!text.includes('secret'));
        await page.locator('#causes li', { hasText: 'connect_refused' }).waitFor(patience);
        // The endpoint is available by the book, and fails.
        await rowOf(page, '127.0.0.1:1').and(page.locator('.bad')).waitFor(patience);

        // What clients do wrong is there for whoever wants it.
        await fetch(`${stage.gateway().url}/`, { method: 'CONNECTED' }).catch(() => {});
        await fetch(`${stage.gateway().url}/a%2F..%2Freports/`).then((one) => one.arrayBuffer());
        const wrong = page.locator('#errors tbody tr.client').first();
        assert.equal(await wrong.count(), 0);
        await page.getByLabel('also what clients did wrong').check();
        await wrong.waitFor(patience);
        assert.deepEqual(complaints, []);
        await context.close();
    });
}

export async function checkDyingEndpoint(stage) {
    await check('an endpoint that dies turns red with its reason, and green when it returns', async () => {
        const { context, page, complaints } = await open(stage);
        const victim = stage.origins[1];
        await victim.stop();
        const row = rowOf(page, victim.address);
        await row.and(page.locator('[data-state=unhealthy]')).waitFor(patience);
        assert.equal(await row.getAttribute('class'), 'bad');
        assert.ok((await row.locator('.why').textContent()).length > 5);
        await page.getByText('2 of 3 available').waitFor(patience);
        const red = await row.locator('.dot').evaluate((dot) => getComputedStyle(dot).backgroundColor);
        const [r, g] = /(\d+), (\d+)/.exec(red).slice(1).map(Number);
        assert.ok(r > 2 * g, red);
        assert.match(await page.title(), /^\(\d down\) gateway$/);
        // Whoever cannot see it is told.
        assert.match(await page.locator('#news').textContent(), new RegExp(`${victim.address}.* is unhealthy`));
        if (stage.picture) {
            if (stage.seconds) await new Promise((resolve) => setTimeout(resolve, stage.seconds * 1000));
            await page.setViewportSize({ width: 1360, height: 1060 });
            await page.screenshot({ path: stage.picture });
        }
        stage.origins[1] = await stage.restartOrigin(victim.port);
        await row.and(page.locator('[data-state=available]')).waitFor(patience);
        assert.deepEqual(complaints, []);
        await context.close();
    }, 120_000 + stage.seconds * 1000);
}

// Contrast of text against what is behind it, as WCAG 2 counts it.
const contrasts = () => {
    const luminance = (color) => {
        const parts = /rgba?\((\d+), (\d+), (\d+)/.exec(color).slice(1).map((part) => {
            const c = Number(part) / 255;
            return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const behind = (at) => {
        for (let one = at; one; one = one.parentElement) {
            const color = getComputedStyle(one).backgroundColor;
            if (!/, 0\)$|transparent/.test(color)) return color;
        }
        return getComputedStyle(document.body).backgroundColor;
    };
    const poor = [];
    for (const one of document.querySelectorAll('h1, h2, p, td, th, dd, dt, li, label, .pill, .badge, .word, .why, .count, a, button, summary')) {
        if (!one.checkVisibility() || !one.textContent.trim() || one.closest('[hidden], .unseen')) continue;
        const [a, b] = [getComputedStyle(one).color, behind(one)].map(luminance).sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) poor.push(`${one.tagName}.${one.className} "${one.textContent.trim().slice(0, 30)}" ${ratio.toFixed(2)}`);
    }
    return poor;
};

export async function checkLooks(stage) {
    for (const [name, width, height] of [['wide', 1360, 900], ['tablet', 820, 1100], ['phone', 360, 740]]) {
        for (const colorScheme of ['light', 'dark']) {
            await check(`on a ${name} in the ${colorScheme} everything fits and can be read`, async () => {
                const { context, page, complaints } = await open(stage, { viewport: { width, height }, colorScheme });
                await page.waitForFunction(
                    () => document.querySelectorAll('.endpoints tbody tr').length >= 5 && document.querySelector('#rate').textContent !== '–', null, patience,
                );
                const beyond = await page.evaluate(() => [...document.querySelectorAll('body *')].filter((one) => {
                    const box = one.getBoundingClientRect();
                    return one.checkVisibility() && !one.closest('.spark, .scroll, .unseen') && box.width > 0 && box.right > innerWidth + 1;
                }).map((one) => `${one.tagName}.${one.className}`));
                assert.deepEqual(beyond, []);
                assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
                assert.deepEqual(await page.evaluate(contrasts), []);
                await page.screenshot({ path: join(stage.folder, `${name}-${colorScheme}.png`), fullPage: true });
                if (process.env.DASHBOARD_LOOKS) {
                    await page.screenshot({ path: join(process.env.DASHBOARD_LOOKS, `${name}-${colorScheme}.png`), fullPage: true });
                }
                assert.deepEqual(complaints, []);
                await context.close();
            });
        }
    }
    await check('everything has a name, and nothing moves while figures change', async () => {
        const { context, page } = await open(stage);
        const nameless = await page.evaluate(() => [...document.querySelectorAll('button, a, input, select, summary, svg[role=img], section')].filter((one) => {
            const labelled = one.getAttribute('aria-labelledby') && document.getElementById(one.getAttribute('aria-labelledby'))?.textContent;
            const name = one.getAttribute('aria-label') || labelled || one.labels?.[0]?.textContent || one.textContent.trim() || one.placeholder;
            return !name;
        }).map((one) => one.outerHTML.slice(0, 80)));
        assert.deepEqual(nameless, []);
        const places = () => page.evaluate(() => [...document.querySelectorAll('.figures section, #upstreams > section, #h-config')].map((one) => {
            const { x, y, width } = one.getBoundingClientRect();
            return [x, y, width].map(Math.round).join();
        }).join(' '));
        const before = await places();
        await page.waitForTimeout(3000);
        assert.equal(await places(), before);
        await context.close();
    });
}

export async function checkChanges(stage) {
    await check('with the keyboard alone an endpoint is drained and enabled again', async () => {
        const { context, page, complaints } = await open(stage);
        const { address } = stage.origins[2];
        const row = rowOf(page, address);
        await row.and(page.locator('[data-state=available]')).waitFor(patience);
        await row.locator('summary').focus();
        await page.keyboard.press('Enter');
        await page.keyboard.press('Tab');
        assert.match(await page.evaluate(() => document.activeElement.textContent), /^Drain/);
        await page.keyboard.press('Enter');
        await page.getByText(`The endpoint ${address} of upstream shop is drained.`).waitFor(patience);
        await row.and(page.locator('[data-state=drained]')).waitFor(patience);
        await row.locator('summary').click();
        await row.getByRole('button', { name: /^Enable/ }).click();
        await row.and(page.locator('[data-state=available]')).waitFor(patience);
        assert.deepEqual(complaints, []);
        await context.close();
    });
    await check('a route is closed for maintenance and opened, the log level changed', async () => {
        const { context, page, complaints } = await open(stage);
        await page.getByRole('button', { name: 'Close route catalogue for maintenance' }).click();
        const again = page.getByRole('button', { name: 'Open route catalogue again' });
        await again.waitFor(patience);
        const answer = await fetch(`${stage.gateway().url}/catalogue/1`);
        assert.equal(answer.status, 503);
        assert.match(await answer.text(), /"maintenance"/);
        await page.locator('#causes li', { hasText: 'maintenance' }).waitFor(patience);
        await again.click();
        await page.getByRole('button', { name: 'Close route catalogue for maintenance' }).waitFor(patience);
        await page.getByLabel('Log level').selectOption('debug');
        await page.getByText('The log level is debug.').waitFor(patience);
        assert.deepEqual(complaints, []);
        await context.close();
    });
}

export async function checkCandidate(stage) {
    await check('a changed file is compared with live requests, looked at and put into effect', async () => {
        const { context, page, complaints } = await open(stage, { viewport: { width: 360, height: 740 } });
        await stage.writeSettings((settings) => settings.replace(
            'prefix: /catalogue/, upstream: catalogue', 'prefix: /catalogue/, upstream: shop',
        ));
        const card = page.locator('#candidate');
        assert.ok(await card.isHidden());
        await page.getByRole('button', { name: 'Compare the changed file with live requests' }).click();
        const row = card.locator('tbody tr').filter({ hasText: '/catalogue/' });
        await row.waitFor(patience);
        assert.match(await row.textContent(), /upstream: catalogue → shop/);
        await card.getByText(/^[1-9]\d* of \d+ requests differ$/).waitFor(patience);
        // On a small screen, too, all of it is there and can be read.
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
        assert.deepEqual(await page.evaluate(contrasts), []);
        if (process.env.DASHBOARD_LOOKS) {
            await card.screenshot({ path: join(process.env.DASHBOARD_LOOKS, 'candidate-phone.png') });
            await page.setViewportSize({ width: 1360, height: 900 });
            await card.screenshot({ path: join(process.env.DASHBOARD_LOOKS, 'candidate-wide.png') });
        }
        await card.getByRole('button', { name: 'Put into effect' }).click();
        await page.getByText(/comes into effect/).waitFor(patience);
        await card.waitFor({ ...patience, state: 'hidden' });
        await page.waitForFunction(() => document.querySelector('#config-generation').textContent === '2', null, patience);

        // The old one again, and not after all.
        await stage.writeSettings((settings) => settings);
        await page.getByRole('button', { name: 'Compare the changed file with live requests' }).click();
        await card.waitFor(patience);
        await card.getByRole('button', { name: 'Drop it' }).click();
        await card.waitFor({ ...patience, state: 'hidden' });
        assert.equal(await page.locator('#config-generation').textContent(), '2');
        assert.deepEqual(complaints, []);
        await context.close();
    });
}

export async function checkBrokenConnection(stage) {
    await check('a connection that breaks is said, and it comes back by itself', async () => {
        const { context, page } = await open(stage);
        const begin = await stage.restart();
        await page.getByText('connection lost, trying again').waitFor(patience);
        assert.ok(await page.evaluate(() => document.body.classList.contains('stale')));
        await begin();
        await page.locator('#live.ok').waitFor(patience);
        assert.ok(await page.evaluate(() => !document.body.classList.contains('stale')));
        await page.waitForFunction(
            () => Number.parseFloat(document.querySelector('#rate').textContent) > 1, null, patience,
        );
        await context.close();
    });
}
