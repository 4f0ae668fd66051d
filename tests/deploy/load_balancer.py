# SPDX-License-Identifier: Apache-2.0
"""A load balancer as the one of AWS treats its targets: it asks for health, keeps connections, goes
on for a while with a target that leaves, and gives its client 502 when a target lets it down."""
import http.client
import pathlib
import re
import select
import threading
import time

TERRAFORM = (pathlib.Path(__file__).resolve().parents[2] / "deploy/terraform/modules/edge/load_balancer.tf").read_text()


def told(name):
    """A figure of the target group's health check, as Terraform sets it."""
    return int(re.search(rf"^\s+{name}\s+= (\d+)$", TERRAFORM, re.M)[1])


class LoadBalancer:
    LAG = 3  # seconds until all of its nodes know that a target leaves

    def __init__(self, paths, health_port, clients=8):
        self.interval, self.timeout = told("interval"), told("timeout")
        self.rise, self.fall = told("healthy_threshold"), told("unhealthy_threshold")
        self.paths, self.health_port = paths, health_port
        self.healthy, self.probed = set(), {}
        self.requests, self.failures, self.slowest, self.by_target = 0, [], 0.0, {}
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.client, args=(i,)) for i in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *failure):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def register(self, address):
        self.probed[address] = threading.Event()
        prober = threading.Thread(target=self.probe, args=(address, self.probed[address]))
        self.threads.append(prober)
        prober.start()

    def deregister(self, address):
        """New requests may go there for a while yet: its nodes hear of it one after the other."""
        self.probed.pop(address).set()

        def forget():
            time.sleep(self.LAG)
            self.healthy.discard(address)
        lag = threading.Thread(target=forget)
        self.threads.append(lag)
        lag.start()

    def probe(self, address, gone):
        good = bad = 0
        while not gone.is_set() and not self.stop.is_set():
            try:
                connection = http.client.HTTPConnection(address, self.health_port, timeout=self.timeout)
                connection.request("GET", "/readyz")
                fine = connection.getresponse().status == 200
                connection.close()
            except OSError:
                fine = False
            good, bad = (good + 1, 0) if fine else (0, bad + 1)
            if gone.is_set():
                break
            if good >= self.rise:
                self.healthy.add(address)
            elif bad >= self.fall:
                self.healthy.discard(address)
            gone.wait(self.interval)

    def client(self, turn):
        pool = {}
        while not self.stop.is_set():
            targets = sorted(self.healthy)
            if not targets:
                time.sleep(0.05)
                continue
            turn += 1
            target, path = targets[turn % len(targets)], self.paths[turn % len(self.paths)]
            begin = time.monotonic()
            failure = self.ask(pool, target, path)
            with self.lock:
                self.requests += 1
                self.by_target[target] = self.by_target.get(target, 0) + 1
                self.slowest = max(self.slowest, time.monotonic() - begin)
                if failure:
                    self.failures.append(f"{path} at {target}: {failure}")
            self.stop.wait(0.02)
        for connection in pool.values():
            connection.close()

    def ask(self, pool, target, path):
        connection = pool.pop(target, None)
        # A connection whose end has arrived is not used; one that ends after the request was sent is a 502.
        if connection and (connection.sock is None or select.select([connection.sock], [], [], 0)[0]):
            connection.close()
            connection = None
        connection = connection or http.client.HTTPConnection(target, 80, timeout=60)
        try:
            connection.request("GET", path, headers={
                "Host": "app.lauv.in", "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443",
                "X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678"})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return repr(error)
        if not answer.will_close:
            pool[target] = connection
        return None if answer.status == 200 else f"{answer.status} {body[:200]!r}"

    def verdict(self):
        assert self.requests > 200, f"only {self.requests} requests were made"
        assert not self.failures, f"{len(self.failures)} of {self.requests} failed: {self.failures[:5]}"
        return f"{self.requests} requests, the slowest {self.slowest:.1f} s"
