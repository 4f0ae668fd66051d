# SPDX-License-Identifier: Apache-2.0
"""Starting, pinning and surely ending the bench's processes."""

import ctypes
import os
import select
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class BenchError(Exception):
    """The measurement cannot be made, or would not mean what it says."""


class Process:
    """A child on one core, leader of its own process group, ended by stop() in any case."""

    def __init__(self, name, command, core, output=None, error=None, open_input=False):
        """`output` and `error` are paths that are appended to; without one, output is a pipe."""
        self.name = name
        self._files = [open(path, "ab") for path in (output, error) if path]
        self._exec_read, exec_write = os.pipe()
        out = self._files[0] if output else subprocess.PIPE
        err = self._files[-1] if error else None

        def before_exec():
            os.sched_setaffinity(0, {core})
            # Should the bench be killed outright, its children follow. SIGTERM, because a master
            # process that is killed leaves its workers behind.
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
            os.write(exec_write, str(time.monotonic_ns()).encode())

        try:
            self._child = subprocess.Popen(
                command, stdin=subprocess.PIPE if open_input else subprocess.DEVNULL,
                stdout=out, stderr=err, process_group=0, preexec_fn=before_exec)
        finally:
            os.close(exec_write)
        # The clock just before the program was executed: start-up time excludes Python's fork.
        self.executed_at_ns = int(os.read(self._exec_read, 32))
        os.close(self._exec_read)
        self.pid = self._child.pid

    def running(self):
        return self._child.poll() is None

    def read_line(self, seconds):
        """The next line of its output; raises when none comes in time."""
        if not select.select([self._child.stdout], [], [], seconds)[0]:
            raise BenchError(f"{self.name} said nothing within {seconds:.0f} s")
        line = self._child.stdout.readline().decode().strip()
        if not line:
            raise BenchError(f"{self.name} ended with {self._child.wait()}")
        return line

    def write_line(self):
        self._child.stdin.write(b"\n")
        self._child.stdin.flush()

    def stop(self, patience=3.0):
        """SIGTERM, and after `patience` seconds SIGKILL to the whole group."""
        if self.running():
            self._child.terminate()
            try:
                self._child.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._child.wait()
        for file in (self._child.stdin, self._child.stdout, *self._files):
            if file:
                file.close()


def free_port():
    """A port nobody listens on now. Nothing reserves it; a proxy that finds it taken does not
    start, and the bench ends with what it said."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(port, path, seconds=1.0):
    """One request on a connection of its own: (status, head, body) as the peer sent them."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: bench.example\r\n"
                       "User-Agent: bench\r\nConnection: close\r\n\r\n".encode())
        text = b""
        while True:
            part = client.recv(65536)
            if not part:
                break
            text += part
            head, found, body = text.partition(b"\r\n\r\n")
            if found and len(body) >= content_length(head):
                break
    head, found, body = text.partition(b"\r\n\r\n")
    if not found:
        raise ConnectionError("no response")
    return int(head.split(b" ", 2)[1]), head.decode("latin-1"), body


def content_length(head):
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def await_answer(process, port, path, seconds=10.0, step=0.0002):
    """Waits for the first 200; returns the seconds since the process was executed."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not process.running():
            break
        try:
            if fetch(port, path)[0] == 200:
                return (time.monotonic_ns() - process.executed_at_ns) / 1e9
        except OSError:
            pass
        time.sleep(step)
    raise BenchError(f"{process.name} did not answer 200 on port {port} in {seconds:.0f} s")
