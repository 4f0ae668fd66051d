// SPDX-License-Identifier: Apache-2.0
// What every page knows: who is here, what the cart holds, and what happens in the shop.
import { createContext, useCallback, useContext, useEffect, useMemo, useState } from 'react';

import { api } from './api.js';

const Shop = createContext(null);
export const useShop = () => useContext(Shop);

const newsShown = 4;
const noCart = { lines: [], total: 0 };

function useNews() {
    const [news, setNews] = useState([]);
    const [live, setLive] = useState(false);
    useEffect(() => {
        const source = new EventSource('/api/events');
        source.onopen = () => setLive(true);
        source.onerror = () => setLive(false);
        source.onmessage = ({ data }) => {
            const event = JSON.parse(data);
            setNews((before) => {
                return [event, ...before.filter(({ id }) => id !== event.id)].slice(0, newsShown);
            });
        };
        return () => source.close();
    }, []);
    return { news, live };
}

export function ShopProvider({ children }) {
    // undefined until we know; null for nobody.
    const [user, setUser] = useState(undefined);
    const [cart, setCart] = useState(noCart);
    const { news, live } = useNews();

    useEffect(() => {
        api.me().then(({ user }) => setUser(user)).catch(() => setUser(null));
    }, []);
    useEffect(() => {
        if (user) api.cart().then(setCart).catch(() => setCart(noCart));
        else setCart(noCart);
    }, [user]);

    const logIn = useCallback(async (email, password) => {
        setUser((await api.logIn(email, password)).user);
    }, []);
    const logOut = useCallback(async () => {
        await api.logOut();
        setUser(null);
    }, []);
    const setQuantity = useCallback(async (id, quantity) => {
        setCart(await api.setQuantity(id, quantity));
    }, []);
    const order = useCallback(async () => {
        const placed = await api.order();
        setCart(noCart);
        return placed;
    }, []);

    const value = useMemo(
        () => ({ user, cart, news, live, logIn, logOut, setQuantity, order }),
        [user, cart, news, live, logIn, logOut, setQuantity, order],
    );
    return <Shop.Provider value={value}>{children}</Shop.Provider>;
}
