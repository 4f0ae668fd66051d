// SPDX-License-Identifier: Apache-2.0
// The gateway between programs nobody here wrote. Usage: node stack_test.js GATEWAY_BINARY
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

import { checkDemoPage, checkEvents, openBrowser } from './browser_checks.js';
import { check, verdict } from './checks.js';
import { checkExpress } from './express_checks.js';
import { startDemo, startGateway } from './gateway.js';
import { checkPauses } from './pause_checks.js';
import { MiB, startUpstream } from './upstream.js';

const file = randomBytes(50 * MiB);
const upstream = await startUpstream(file);
const gateway = await startGateway(upstream.port);
await checkExpress(gateway, upstream, file);
await checkPauses(gateway, upstream);

const browser = await openBrowser();
if (browser) await checkEvents(browser, gateway, upstream);
await check('the gateway drains with 0', async () => assert.equal(await gateway.stop(), 0));
await upstream.stop();

if (browser) {
    const demo = await startDemo();
    await checkDemoPage(browser, demo);
    await check('the demo drains with 0', async () => assert.equal(await demo.stop(), 0));
    await browser.close();
}
process.exit(verdict());
