// SPDX-License-Identifier: Apache-2.0
// A visitor in the sample shop, whatever stands behind its address.
import assert from 'node:assert/strict';

import { listenForComplaints } from './browser_checks.js';
import { check } from './checks.js';

const phone = { width: 390, height: 780 };
const patience = 20_000;

async function visit(browser, url, options = {}) {
    const context = await browser.newContext({ baseURL: url, ...options });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    return { page, complaints: listenForComplaints(page) };
}

const overflow = (page) => page.evaluate(() => {
    return document.documentElement.scrollWidth - document.documentElement.clientWidth;
});

async function looksAround(page) {
    await page.goto('/');
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.locator('.shelf li').nth(7).waitFor();
    assert.equal(await page.locator('.shelf li').count(), 8);
    await page.getByText('Live from the shop', { exact: true }).waitFor();
}

async function logsIn(page) {
    await page.getByRole('link', { name: /Pour-over dripper/ }).click();
    await page.getByRole('button', { name: 'Add to cart' }).click();
    await page.getByLabel('Password').fill('espresso');
    await page.getByRole('button', { name: 'Log in' }).click();
    // Back to where the visitor came from.
    await page.getByRole('heading', { name: 'Pour-over dripper' }).waitFor();
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, 'Lax']);
}

// Whatever a visit before this one left in the cart.
async function emptiesCart(page) {
    const { lines } = await (await page.request.get('/api/cart')).json();
    for (const { id } of lines) await page.request.put(`/api/cart/${id}`, { data: { quantity: 0 } });
    await page.reload();
}

async function fillsCart(page) {
    await emptiesCart(page);
    await page.getByRole('button', { name: 'Add to cart' }).click();
    await page.getByText('1 in your cart').waitFor();
    await page.goto('/products/cup');
    await page.getByRole('button', { name: 'Add to cart' }).click();
    await page.getByText('1 in your cart').waitFor();
    await page.getByRole('link', { name: /^Cart/ }).click();
    await page.getByRole('button', { name: 'One Espresso cup more' }).click();
    await page.locator('tfoot', { hasText: '€49.50' }).waitFor();
}

// The path of the order's page.
async function orders(page) {
    await page.getByRole('button', { name: 'Place the order' }).click();
    await page.getByRole('heading', { name: 'Thank you!' }).waitFor();
    await page.getByText('being packed').waitFor();
    assert.equal(await page.getByLabel(/in the cart/).count(), 0);
    return new URL(page.url()).pathname;
}

async function reloads(page, path, text) {
    const first = await page.goto(path);
    assert.equal(first.status(), 200);
    const again = await page.reload();
    assert.equal(again.status(), 200);
    await page.getByText(text).first().waitFor();
    assert.equal(new URL(page.url()).pathname, path);
}

// The address of the picture, seen by the one who shared it and by another visitor.
async function sharesPicture(page, other) {
    await other.goto('/products/moka');
    await other.getByRole('heading', { name: 'Moka pot' }).waitFor();
    await page.goto('/products/moka');
    const before = await page.locator('.pictures img').count();
    const buffer = await page.screenshot();
    await page.locator('input[name=picture]').setInputFiles({
        name: 'my kitchen.png', mimeType: 'image/png', buffer,
    });
    let address;
    for (const who of [page, other]) {
        await who.locator('.pictures img').nth(before).waitFor();
        const picture = who.locator('.pictures img').first();
        await picture.scrollIntoViewIfNeeded();
        await who.waitForFunction(() => {
            const { complete, naturalWidth } = document.querySelector('.pictures img');
            return complete && naturalWidth > 0;
        });
        address = await picture.getAttribute('src');
    }
    const stored = await page.request.get(address);
    assert.deepEqual(await stored.body(), buffer);
    return address;
}

async function asksTheShop(page) {
    await page.goto('/');
    await page.getByRole('button', { name: 'Ask the shop' }).click();
    await page.getByText('Hello Demo, how can I help?').waitFor();
    await page.getByLabel('Your question').fill('Where is my order?');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.getByText(/Your order \w{6} over €49\.50 is being packed\./).waitFor();
}

// Goes through the whole shop; the paths of what has been made there.
export async function checkShop(browser, url) {
    const buyer = await visit(browser, url);
    const watcher = await visit(browser, url, { viewport: phone });
    const made = {};
    await check('the shop opens, on a phone too', async () => {
        await looksAround(buyer.page);
        await looksAround(watcher.page);
        assert.ok(await overflow(watcher.page) <= 0, 'a phone has to scroll sideways');
    });
    await check('a visitor logs in and is back where he was', () => logsIn(buyer.page));
    await check('goods go into the cart', () => fillsCart(buyer.page));
    await check('an order is placed, and another visitor hears of it live', async () => {
        made.order = await orders(buyer.page);
        await watcher.page.locator('.news li[data-kind=order]', { hasText: '€49.50' }).waitFor();
    });
    await check('a picture is uploaded and everybody sees it', async () => {
        made.picture = await sharesPicture(buyer.page, watcher.page);
        await watcher.page.locator('.news li[data-kind=picture]').first().waitFor();
    });
    await check('deep links survive a reload', async () => {
        await reloads(buyer.page, made.order, 'being packed');
        await reloads(buyer.page, '/products/kettle', 'Gooseneck kettle');
        await reloads(watcher.page, '/no/such/page', 'Nothing on this shelf');
    });
    await check('the help desk answers over its WebSocket', () => asksTheShop(buyer.page));
    await check('the browser had nothing to complain about', async () => {
        assert.deepEqual([...buyer.complaints, ...watcher.complaints], []);
    });
    await buyer.page.context().close();
    await watcher.page.context().close();
    return made;
}
