// SPDX-License-Identifier: Apache-2.0
// The sample shop at an address, in a browser. Usage: node shop_in_browser.js URL
// The last line but one is what it made there, as JSON.
import { openBrowser } from './browser_checks.js';
import { verdict } from './checks.js';
import { checkShop } from './shop_checks.js';

const browser = await openBrowser();
if (browser) {
    console.log(JSON.stringify(await checkShop(browser, process.argv[2])));
    await browser.close();
}
process.exit(verdict());
