// SPDX-License-Identifier: Apache-2.0
// A conversation with the shop over a WebSocket, opened when somebody asks for it.
import { useEffect, useRef, useState } from 'react';

function useConversation(open) {
    const socket = useRef(null);
    const [lines, setLines] = useState([]);
    const [connected, setConnected] = useState(false);
    useEffect(() => {
        if (!open) return undefined;
        let retry;
        let wanted = true;
        function connect() {
            const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
            const one = new WebSocket(`${scheme}://${location.host}/api/ws`);
            socket.current = one;
            one.onopen = () => setConnected(true);
            one.onmessage = ({ data }) => setLines((before) => [...before, JSON.parse(data)].slice(-30));
            one.onclose = () => {
                setConnected(false);
                if (wanted) retry = setTimeout(connect, 1000);
            };
        }
        // Not before the next tick: StrictMode mounts twice, and a socket closed before it opened
        // would complain.
        retry = setTimeout(connect, 0);
        return () => {
            wanted = false;
            clearTimeout(retry);
            socket.current?.close();
            setLines([]);
        };
    }, [open]);
    function ask(text) {
        setLines((before) => [...before, { from: 'you', text }]);
        socket.current.send(text);
    }
    return { lines, connected, ask };
}

export function HelpDesk() {
    const [open, setOpen] = useState(false);
    const { lines, connected, ask } = useConversation(open);

    function submit(event) {
        event.preventDefault();
        const text = new FormData(event.currentTarget).get('question').trim();
        if (text && connected) ask(text);
        event.currentTarget.reset();
    }

    if (!open) {
        return <button type="button" className="quiet" onClick={() => setOpen(true)}>Ask the shop</button>;
    }
    return (
        <section className="help card" aria-label="Help desk">
            <header>
                <h2>Ask the shop</h2>
                <button type="button" className="quiet" onClick={() => setOpen(false)}
                    aria-label="Close the help desk">×</button>
            </header>
            <ol aria-live="polite">
                {/* Lines have no identity of their own. */}
                {lines.map((line, index) => <li key={index} className={line.from}>{line.text}</li>)}
            </ol>
            <form onSubmit={submit}>
                <input name="question" aria-label="Your question" autoComplete="off" maxLength="200"
                    placeholder="Where is my order?" />
                <button type="submit" disabled={!connected}>Ask</button>
            </form>
        </section>
    );
}
