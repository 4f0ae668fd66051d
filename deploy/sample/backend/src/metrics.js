// SPDX-License-Identifier: Apache-2.0
// What Prometheus reads, on a port of its own that no visitor reaches.
import { createServer } from 'node:http';

import client from 'prom-client';

export function createMetrics() {
    const register = new client.Registry();
    client.collectDefaultMetrics({ register });
    const own = (Kind, name, help, labelNames = [], more = {}) => {
        return new Kind({ name, help, labelNames, registers: [register], ...more });
    };

    const server = createServer(async (request, response) => {
        if (request.url.split('?')[0] !== '/metrics') return response.writeHead(404).end();
        response.setHeader('Content-Type', register.contentType);
        return response.end(await register.metrics());
    });

    const duration = own(
        client.Histogram, 'http_request_duration_seconds', 'From a request to its response\'s end.',
        ['method', 'route', 'code'],
        { buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
    );

    return {
        server,
        orders: own(client.Counter, 'shop_orders_total', 'Orders placed.'),
        revenue: own(client.Counter, 'shop_revenue_cents_total', 'What they sum up to, in cents.'),
        uploads: own(client.Counter, 'shop_uploads_total', 'Pictures by their fate.', ['outcome']),
        logIns: own(client.Counter, 'shop_logins_total', 'Attempts to log in.', ['outcome']),
        eventStreams: own(client.Gauge, 'shop_event_streams', 'Open streams of events.'),
        webSockets: own(client.Gauge, 'shop_web_sockets', 'Open WebSockets.'),

        // Middleware. Streams of events last as long as their visitor and would say nothing here.
        observe(request, response, next) {
            const done = duration.startTimer();
            response.on('finish', () => {
                const route = request.route?.path ?? (request.baseUrl || 'other');
                if (route === '/api/events') return;
                done({ method: request.method, route, code: response.statusCode });
            });
            next();
        },
    };
}
