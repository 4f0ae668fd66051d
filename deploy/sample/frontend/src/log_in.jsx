// SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';
import { Navigate, useLocation } from 'react-router-dom';

import { useShop } from './shop.jsx';

export function LogIn() {
    const { user, logIn } = useShop();
    const { state } = useLocation();
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    if (user) return <Navigate to={state?.from ?? '/'} replace />;

    async function submit(event) {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        setBusy(true);
        setError(null);
        try {
            await logIn(form.get('email'), form.get('password'));
        } catch (refused) {
            setError(refused.message);
            setBusy(false);
        }
    }

    return (
        <form className="card narrow" onSubmit={submit}>
            <h1>Welcome back</h1>
            <label>
                E-mail
                <input name="email" type="email" autoComplete="username" required
                    defaultValue="demo@example.com" />
            </label>
            <label>
                Password
                <input name="password" type="password" autoComplete="current-password" required />
            </label>
            {error && <p className="error" role="alert">{error}</p>}
            <button type="submit" disabled={busy}>Log in</button>
            <p className="hint">The demo account&rsquo;s password is <code>espresso</code>.</p>
        </form>
    );
}

// Shows its children to people who have logged in, and the way there to everybody else.
export function Members({ children }) {
    const { user } = useShop();
    const { pathname } = useLocation();
    if (user === undefined) return <p className="note">One moment …</p>;
    if (user === null) return <Navigate to="/login" state={{ from: pathname }} replace />;
    return children;
}
