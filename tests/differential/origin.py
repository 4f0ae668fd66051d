# SPDX-License-Identifier: Apache-2.0
"""An origin that keeps every byte it is sent and answers what it can read."""
import socket
import threading

import reading


class Origin:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.heard = {}  # bytes by connection, since the case began
        self.open = set()
        self.case = None
        threading.Thread(target=self.accept, daemon=True).start()

    def begin(self, case):
        with self.lock:
            self.heard, self.case = {}, case

    def received(self):
        with self.lock:
            return [bytes(data) for data in self.heard.values() if data]

    def hang_up(self):
        """Ends all connections, as an origin that restarts."""
        with self.lock:
            for each in self.open:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def accept(self):
        number = 0
        while True:
            connection, _ = self.listener.accept()
            number += 1
            with self.lock:
                self.open.add(connection)
            threading.Thread(target=self.serve, args=(connection, number), daemon=True).start()

    def serve(self, connection, number):
        unread = b""
        try:
            while data := connection.recv(65536):
                with self.lock:
                    self.heard.setdefault(number, bytearray()).extend(data)
                unread += data
                try:
                    found, unread = reading.requests(unread)
                except reading.Malformed:
                    # Whoever sends this gets an answer all the same: laxness must show.
                    connection.sendall(self.plain(b"odd", b"GET"))
                    break
                if not all(self.answer(connection, request) for request in found):
                    break
        except OSError:
            pass
        with self.lock:
            self.open.discard(connection)
        connection.close()

    def answer(self, connection, request):
        """False when the connection is to be closed."""
        method, target, _ = request.line.split(b" ")
        if self.case and self.case.answer and target == b"/hostile":
            connection.sendall(self.case.answer)
            return self.case.end != "close"
        connection.sendall(self.plain(b"clean" if target == b"/clean" else b"ok", method))
        return b"close" not in b",".join(request.values(b"connection")).lower()

    @staticmethod
    def plain(body, method):
        start = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        return start if method == b"HEAD" else start + body
