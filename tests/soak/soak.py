#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the gateway for long and watches its memory. Two ways, both bounded:

  soak.py mixed BUILD [--seconds 600]       every kind of traffic at once, against a build with
                                            AddressSanitizer: it must stay silent and right
  soak.py flat BUILD [--requests 5000000]   a release build under bench_load: resident memory is
                                            read after each fifth and must not grow

BUILD is a build tree. Everything listens on loopback, on ports that the kernel chooses.
"""
import argparse
import asyncio
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

SETTINGS = """
listeners: [ {{ address: "127.0.0.1:0" }} ]
admin: {{ address: "127.0.0.1:0" }}
upstreams: {{ app: {{ endpoints: ["127.0.0.1:{origin}"] }} }}
routes: [ {{ prefix: /, upstream: app }} ]
logging: {{ access: "off" }}
timeouts: {{ lame_duck: 0ms, response_head: 10s, response_body: 10s, request_body: 10s }}
limits: {{ body: 64MiB }}
"""


class Gateway:
    def __init__(self, build, origin_port):
        self.file = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        self.file.write(SETTINGS.format(origin=origin_port))
        self.file.flush()
        self.process = subprocess.Popen(
            [os.path.join(build, "gateway/gateway"), "run", "-c", self.file.name],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log = []
        ports = []
        for line in self.process.stderr:
            self.log.append(line)
            ports += re.findall(r"(?:listening|admin) on 127\.0\.0\.1:(\d+)", line)
            if "serving with" in line:
                break
        if len(ports) < 2:
            sys.exit("the gateway did not start:\n" + "".join(self.log))
        self.port = int(ports[0])
        threading.Thread(target=self._keep_log, daemon=True).start()

    def _keep_log(self):
        for line in self.process.stderr:
            self.log.append(line)
            del self.log[:-2000]

    def resident(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "none: it did not stop"
        text = "".join(self.log)
        spoke = re.search(r"(ERROR: \w+Sanitizer|runtime error:|check failed).*", text)
        if code != 0 or spoke:
            print(text[-8000:])
            sys.exit(f"the gateway ended with {code}" + (f": {spoke[0]}" if spoke else ""))


# --- mixed traffic -------------------------------------------------------------------------------

def body_of(name, size):
    seed = hashlib.sha256(name.encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


async def read_head(reader):
    text = await reader.readuntil(b"\r\n\r\n")
    lines = text.decode("latin-1").split("\r\n")
    fields = dict((k.strip().lower(), v.strip()) for k, _, v in
                  (line.partition(":") for line in lines[1:] if line))
    return lines[0], fields


async def read_chunks(reader):
    body = b""
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        if size == 0:
            while await reader.readline() not in (b"\r\n", b""):
                pass
            return body
        body += await reader.readexactly(size)
        await reader.readexactly(2)


async def read_body(reader, fields, otherwise_to_end=False):
    if fields.get("transfer-encoding") == "chunked":
        return await read_chunks(reader)
    if "content-length" in fields:
        return await reader.readexactly(int(fields["content-length"]))
    return await reader.read() if otherwise_to_end else b""


def chunks_of(body):
    out = b""
    for at in range(0, len(body), 3000):
        piece = body[at:at + 3000]
        out += b"%x\r\n%s\r\n" % (len(piece), piece)
    return out + b"0\r\n\r\n"


async def serve(reader, writer):
    """The origin: the target says how to answer: /KIND/NAME/SIZE."""
    try:
        while True:
            line, fields = await read_head(reader)
            method, target, _ = line.split(" ")
            _, kind, name, size = target.split("/")
            if fields.get("upgrade"):
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                             b"Upgrade: echo\r\n\r\n")
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
                break
            sent = await read_body(reader, fields)
            body = hashlib.sha256(sent).hexdigest().encode() if sent else body_of(name, int(size))
            if kind == "reset":
                writer.transport.abort()
                break
            if kind == "stall":
                await reader.read()
                break
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            if kind == "chunked":
                writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n" +
                             (b"" if method == "HEAD" else chunks_of(body)))
            elif kind == "close":
                writer.write(head + b"Connection: close\r\n\r\n" + body)
            elif kind == "cut":
                writer.write(head + b"Content-Length: %d\r\n\r\n" % (len(body) + 1) + body)
            else:
                writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) +
                             (b"" if method == "HEAD" else body))
            await writer.drain()
            if kind in ("close", "cut"):
                break
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


class Tally(dict):
    def count(self, what):
        self[what] = self.get(what, 0) + 1


async def ask(reader, writer, tally, dice, number):
    """One request; False when the connection is of no more use."""
    name, size = f"n{number}", dice.choice([0, 10, 300, 5000, 70000, 400000])
    kind = dice.choices(["plain", "chunked", "close", "reset", "cut", "stall"],
                        [40, 20, 10, 3, 3, 0.2])[0]
    act = dice.choices(["get", "head", "post", "post-chunked", "leave", "upgrade", "bad"],
                       [50, 10, 15, 15, 4, 3, 3])[0]
    target = f"/{kind}/{name}/{size}"
    host = "Host: soak.example\r\n"
    if act == "bad":
        writer.write(f"GET {target} HTTP/1.1\r\n{host}{host}\r\n".encode())
        line, fields = await read_head(reader)
        await read_body(reader, fields)
        if " 400 " not in line:
            raise AssertionError(f"a bad request got {line}")
        tally.count("refused")
        return False
    if act == "upgrade":
        writer.write(f"GET {target} HTTP/1.1\r\n{host}Connection: upgrade\r\nUpgrade: echo\r\n\r\n"
                     .encode())
        line, _ = await read_head(reader)
        if " 101 " not in line:
            raise AssertionError(f"an upgrade got {line}")
        said = body_of(name, 20000)
        writer.write(said)
        if await reader.readexactly(len(said)) != said:
            raise AssertionError("a tunnel changed what went through it")
        tally.count("tunnels")
        return False
    sent = body_of(name + "up", size) if act.startswith("post") else b""
    method = {"get": "GET", "head": "HEAD", "leave": "GET"}.get(act, "POST")
    framing = "" if not act.startswith("post") else (
        "Transfer-Encoding: chunked\r\n" if act == "post-chunked" else
        f"Content-Length: {len(sent)}\r\n")
    writer.write(f"{method} {target} HTTP/1.1\r\n{host}{framing}\r\n".encode() +
                 (chunks_of(sent) if act == "post-chunked" else sent))
    if act == "leave":
        tally.count("left")
        return False
    line, fields = await read_head(reader)
    body = b"" if method == "HEAD" else await read_body(reader, fields, True)
    status = line.split(" ")[1]
    if status == "200":
        expected = hashlib.sha256(sent).hexdigest().encode() if sent else body_of(name, size)
        if method != "HEAD" and body != expected:
            raise AssertionError(f"{method} {target}: a wrong body of {len(body)} bytes")
        tally.count("whole")
    elif kind in ("reset", "stall", "cut") or status == "502":
        tally.count("failed " + status)
    else:
        raise AssertionError(f"{method} {target} got {line}")
    return fields.get("connection", "").lower() != "close"


async def client(port, tally, until, seed):
    dice = random.Random(seed)
    number = seed * 10_000_000
    while time.monotonic() < until:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        try:
            go_on = True
            while go_on and time.monotonic() < until:
                number += 1
                go_on = await asyncio.wait_for(ask(reader, writer, tally, dice, number), 60)
        except (asyncio.IncompleteReadError, ConnectionError):
            tally.count("cut")
        finally:
            writer.transport.abort() if dice.random() < 0.3 else writer.close()


async def mixed(build, seconds):
    origin = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    gateway = Gateway(build, origin.sockets[0].getsockname()[1])
    tally = Tally()
    until = time.monotonic() + seconds

    async def tell():
        begun = time.monotonic()
        while True:
            await asyncio.sleep(60)
            print(f"{time.monotonic() - begun:5.0f} s  {gateway.resident() >> 20} MiB, "
                  f"{gateway.descriptors()} descriptors, {sum(tally.values())} requests", flush=True)

    teller = asyncio.create_task(tell())
    try:
        await asyncio.gather(*(client(gateway.port, tally, until, seed) for seed in range(24)))
    finally:
        teller.cancel()
        gateway.stop()
    print(json.dumps(tally))


# --- flat memory ---------------------------------------------------------------------------------

def flat(build, requests):
    origin = subprocess.Popen([os.path.join(build, "bench/bench_origin"), "--port", "0"],
                              stdout=subprocess.PIPE, text=True)
    try:
        port = int(re.search(r"\d+", origin.stdout.readline())[0])
        gateway = Gateway(build, port)
        figures = []
        fifth = requests // 5
        for part in range(5):
            for path, share in (("/256", 0.9), ("/16384", 0.1)):
                done = subprocess.run(
                    [os.path.join(build, "bench/bench_load"), "--port", str(gateway.port),
                     "--path", path, "--bytes", path[1:], "--connections", "64",
                     "--requests", str(int(fifth * share))],
                    stdout=subprocess.PIPE, text=True, check=True)
                errors = json.loads(done.stdout).get("errors", {})
                if any(errors.values()) if isinstance(errors, dict) else errors:
                    sys.exit(f"errors: {errors}")
            figures.append(gateway.resident())
            print(f"{(part + 1) * fifth:>9} requests  {figures[-1] / 1024 / 1024:6.1f} MiB resident, "
                  f"{gateway.descriptors()} descriptors", flush=True)
        gateway.stop()
        # What the first fifth has warmed up is enough for ever.
        if max(figures[1:]) > figures[0] + (2 << 20):
            sys.exit("memory grows")
    finally:
        origin.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=["mixed", "flat"])
    parser.add_argument("build")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--requests", type=int, default=5_000_000)
    given = parser.parse_args()
    if given.way == "mixed":
        asyncio.run(mixed(given.build, given.seconds))
    else:
        flat(given.build, given.requests)


if __name__ == "__main__":
    main()
