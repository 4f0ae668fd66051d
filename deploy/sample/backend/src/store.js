// SPDX-License-Identifier: Apache-2.0
// Records as JSON files, one each. A record is replaced by rename, so a reader never sees half of
// one, and several backends may share the folder: there is nothing in memory to disagree about.
import { randomBytes } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const kinds = ['users', 'carts', 'orders', 'pictures', 'secrets'];
const safe = /^[A-Za-z0-9_-]{1,64}$/;

// Sorts by the time of its making.
export function newId() {
    return `${Date.now().toString(36).padStart(9, '0')}-${randomBytes(6).toString('hex')}`;
}

export async function openStore(folder) {
    for (const kind of kinds) await mkdir(join(folder, kind), { recursive: true });

    function pathOf(kind, id) {
        if (!kinds.includes(kind) || !safe.test(id)) throw new Error(`no such record: ${id}`);
        return join(folder, kind, `${id}.json`);
    }

    async function read(kind, id) {
        if (!safe.test(id)) return null;
        try {
            return JSON.parse(await readFile(pathOf(kind, id), 'utf8'));
        } catch (error) {
            if (error.code === 'ENOENT') return null;
            throw error;
        }
    }

    async function write(kind, id, value) {
        const path = pathOf(kind, id);
        const draft = join(folder, kind, `.${id}-${randomBytes(6).toString('hex')}`);
        await writeFile(draft, JSON.stringify(value), { mode: 0o600 });
        await rename(draft, path);
        return value;
    }

    return {
        read,
        write,
        remove: (kind, id) => rm(pathOf(kind, id), { force: true }),

        // Writes unless the record is there already; the record that is there afterwards.
        async establish(kind, id, value) {
            try {
                await writeFile(pathOf(kind, id), JSON.stringify(value), { mode: 0o600, flag: 'wx' });
            } catch (error) {
                if (error.code !== 'EEXIST') throw error;
            }
            return await read(kind, id);
        },

        async all(kind) {
            const names = (await readdir(join(folder, kind))).filter((name) => name.endsWith('.json'));
            const found = await Promise.all(
                names.sort().map((name) => read(kind, name.slice(0, -'.json'.length))),
            );
            return found.filter(Boolean);
        },

        // Calls back with the id of each record that appears or changes, whoever wrote it.
        watch(kind, changed) {
            return watch(join(folder, kind), (event, name) => {
                if (name && !name.startsWith('.') && name.endsWith('.json')) {
                    changed(name.slice(0, -'.json'.length));
                }
            });
        },
    };
}
