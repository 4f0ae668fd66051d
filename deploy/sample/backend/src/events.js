// SPDX-License-Identifier: Apache-2.0
// What happens in the shop, as server-sent events. The store tells of every new record, whichever
// backend wrote it, so each visitor hears of all orders.
import { productOf } from './catalogue.js';

const remembered = 50;
const heartbeat = 15_000;
const streamsMax = 2_000;

const tellers = {
    // Nothing that says who ordered.
    orders: (order) => ({
        kind: 'order',
        total: order.total,
        count: order.lines.reduce((sum, { quantity }) => sum + quantity, 0),
        name: productOf(order.lines[0].id)?.name,
    }),
    pictures: (picture) => ({
        kind: 'picture',
        product: picture.product,
        name: productOf(picture.product)?.name,
        url: picture.url,
    }),
};

export async function createFeed(store, metrics) {
    const streams = new Set();
    const recent = [];
    const told = new Set();

    function tell(id, event) {
        const text = `id: ${id}\ndata: ${JSON.stringify({ id, ...event })}\n\n`;
        recent.push({ id, text });
        if (recent.length > remembered) recent.shift();
        for (const response of streams) {
            // A visitor who reads nothing is let go rather than remembered for.
            if (!response.write(text) && response.writableLength > 65_536) response.destroy();
        }
    }

    const watchers = Object.entries(tellers).map(([kind, teller]) => {
        return store.watch(kind, async (id) => {
            if (told.has(id)) return;
            told.add(id);
            if (told.size > 1_000) told.delete(told.values().next().value);
            const record = await store.read(kind, id).catch(() => null);
            if (record) tell(id, teller(record));
        });
    });

    const beat = setInterval(() => {
        for (const response of streams) response.write(': still here\n\n');
    }, heartbeat);

    return {
        answer(request, response) {
            if (streams.size >= streamsMax) {
                response.set('Retry-After', '5').status(503).json({ error: 'too many listeners' });
                return;
            }
            response.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
            response.flushHeaders();
            response.write('retry: 1000\n\n');
            const last = request.get('Last-Event-ID');
            if (last) {
                // Ids sort by time, on every backend.
                for (const { id, text } of recent) if (id > last) response.write(text);
            }
            streams.add(response);
            metrics.eventStreams.set(streams.size);
            response.on('close', () => {
                streams.delete(response);
                metrics.eventStreams.set(streams.size);
            });
        },
        close() {
            clearInterval(beat);
            for (const watcher of watchers) watcher.close();
            for (const response of streams) response.end();
        },
    };
}
