// SPDX-License-Identifier: Apache-2.0
// Visitors' pictures: taken with multer, kept in a folder that outlives the container, and served
// under /uploads/.
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import express from 'express';
import multer from 'multer';

import { productOf } from './catalogue.js';
import { newId } from './store.js';

const bytesMax = 20 * 1024 * 1024;

// What a file is by its first bytes, whatever its name says.
const formats = [
    { ending: 'png', magic: /^\x89PNG\r\n\x1a\n/ },
    { ending: 'jpg', magic: /^\xff\xd8\xff/ },
    { ending: 'gif', magic: /^GIF8[79]a/ },
    { ending: 'webp', magic: /^RIFF....WEBP/s },
];

async function formatOf(path) {
    for await (const chunk of createReadStream(path, { end: 31 })) {
        const begin = chunk.toString('latin1');
        return formats.find(({ magic }) => magic.test(begin)) ?? null;
    }
    return null;
}

export async function addPictures(app, { settings, store, accounts, metrics }) {
    const incoming = join(settings.uploads, '.incoming');
    await mkdir(incoming, { recursive: true });
    const upload = multer({ dest: incoming, limits: { fileSize: bytesMax, files: 1, fields: 4 } });

    app.post('/uploads/', accounts.required, upload.single('picture'), async (request, response) => {
        const { file, user } = request;
        const product = productOf(request.body?.product);
        const format = file && await formatOf(file.path);
        if (!product || !format) {
            if (file) await rm(file.path, { force: true });
            metrics.uploads.inc({ outcome: 'refused' });
            const error = product ? 'a PNG, JPEG, GIF or WebP picture, please' : 'no such product';
            return response.status(422).json({ error });
        }
        const id = newId();
        const name = `${id}.${format.ending}`;
        await rename(file.path, join(settings.uploads, name));
        const picture = await store.write('pictures', id, {
            id, product: product.id, url: `/uploads/${name}`, by: user.name, at: Date.now(),
        });
        metrics.uploads.inc({ outcome: 'kept' });
        return response.status(201).location(picture.url).json(picture);
    });

    app.use('/uploads', express.static(settings.uploads, {
        index: false, immutable: true, maxAge: '30d',
        setHeaders(response) {
            response.set('X-Content-Type-Options', 'nosniff');
            response.set('Content-Security-Policy', "default-src 'none'; sandbox");
        },
    }), (request, response) => response.status(404).json({ error: 'no such picture' }));
}
