// SPDX-License-Identifier: Apache-2.0
// Who a visitor is: passwords by scrypt, sessions as a signed cookie that any backend can read.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

import jwt from 'jsonwebtoken';

const derive = promisify(scrypt);
const cookieName = 'shop_session';
const lifetime = 7 * 24 * 3600;

async function hashOf(password, salt = randomBytes(16).toString('hex')) {
    return { salt, hash: (await derive(password, salt, 32)).toString('hex') };
}

export async function openAccounts(store, { secret: given, password }) {
    const kept = given || (await store.establish('secrets', 'jwt', {
        value: randomBytes(32).toString('hex'),
    })).value;
    await store.write('users', 'demo', {
        id: 'demo', email: 'demo@example.com', name: 'Demo', ...await hashOf(password),
    });
    const decoy = await hashOf(randomBytes(16).toString('hex'));

    const shown = ({ id, email, name }) => ({ id, email, name });

    function userOfToken(token) {
        try {
            const { sub, email, name } = jwt.verify(token, kept, { algorithms: ['HS256'] });
            return { id: sub, email, name };
        } catch {
            return null;
        }
    }

    return {
        cookieName,
        userOfToken,

        // The user, or null. An unknown address takes as long as a wrong password.
        async authenticate(email, password) {
            const users = await store.all('users');
            const user = users.find((one) => one.email === String(email).trim().toLowerCase());
            const { salt, hash } = user ?? decoy;
            const found = await hashOf(String(password), salt);
            const same = timingSafeEqual(Buffer.from(found.hash, 'hex'), Buffer.from(hash, 'hex'));
            return user && same ? shown(user) : null;
        },

        logIn(request, response, user) {
            const token = jwt.sign({ email: user.email, name: user.name }, kept, {
                subject: user.id, expiresIn: lifetime, algorithm: 'HS256',
            });
            response.cookie(cookieName, token, {
                httpOnly: true, sameSite: 'lax', secure: request.secure, maxAge: lifetime * 1000,
            });
        },

        logOut(response) {
            response.clearCookie(cookieName);
        },

        // Middleware: request.user is who asks, or null.
        recognise(request, response, next) {
            request.user = userOfToken(request.cookies[cookieName]);
            next();
        },

        // Middleware: nobody passes who has not logged in.
        required(request, response, next) {
            if (request.user) return next();
            return response.status(401).json({ error: 'please log in' });
        },
    };
}
