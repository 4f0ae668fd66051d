// SPDX-License-Identifier: Apache-2.0
// Runs checks one after another, prints a line for each, and knows how it went.
let passed = 0;
let failed = 0;
let skipped = 0;

const usualPatience = 120_000;

export async function check(claim, body, patience = usualPatience) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error('it took too long')), patience);
    });
    try {
        await Promise.race([body(), late]);
        passed += 1;
        console.log(`ok    ${claim}`);
    } catch (error) {
        failed += 1;
        const story = String(error.stack ?? error).replaceAll('\n', '\n      ');
        console.log(`FAIL  ${claim}\n      ${story}`);
    } finally {
        clearTimeout(timer);
    }
}

export function skip(claim, why) {
    skipped += 1;
    console.log(`SKIP  ${claim}: ${why}`);
}

// The exit code: 0, 1 for a failure, 77 when something could not be tested here.
export function verdict() {
    const also = skipped > 0 ? `, ${skipped} skipped` : '';
    console.log(`${passed} passed, ${failed} failed${also}`);
    if (failed > 0) return 1;
    return skipped > 0 ? 77 : 0;
}
