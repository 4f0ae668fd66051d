// SPDX-License-Identifier: Apache-2.0
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider, createBrowserRouter } from 'react-router-dom';

import { Cart } from './cart.jsx';
import { Catalogue, Product } from './catalogue.jsx';
import { Frame, NotFound } from './frame.jsx';
import { LogIn } from './log_in.jsx';
import { Order, Orders } from './orders.jsx';
import { ShopProvider } from './shop.jsx';
import './style.css';

const router = createBrowserRouter([{
    element: <Frame />,
    children: [
        { path: '/', element: <Catalogue /> },
        { path: '/products/:id', element: <Product /> },
        { path: '/cart', element: <Cart /> },
        { path: '/orders', element: <Orders /> },
        { path: '/orders/:id', element: <Order /> },
        { path: '/login', element: <LogIn /> },
        { path: '*', element: <NotFound /> },
    ],
}], {
    future: {
        v7_relativeSplatPath: true, v7_fetcherPersist: true, v7_normalizeFormMethod: true,
        v7_partialHydration: true, v7_skipActionErrorRevalidation: true,
    },
});

createRoot(document.getElementById('root')).render(
    <StrictMode>
        <ShopProvider>
            <RouterProvider router={router} future={{ v7_startTransition: true }} />
        </ShopProvider>
    </StrictMode>,
);
