# SPDX-License-Identifier: Apache-2.0
"""Docker and Compose as functions, checks that print a line each, and a load that counts failures."""
import http.client
import json
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
counts = {"passed": 0, "failed": 0, "skipped": 0}


def run(*command, check=True, timeout=120, **more):
    done = subprocess.run(command, text=True, capture_output=True, timeout=timeout, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def docker(*arguments, **more):
    return run("docker", *arguments, **more).stdout.strip()


def inspect(container, template):
    return docker("inspect", "-f", "{{" + template + "}}", container)


def engine_is_missing():
    """Why nothing can be tested here, or None."""
    if not shutil.which("docker"):
        return "docker is not installed"
    if run("docker", "info", check=False).returncode != 0:
        return "no engine answers (docker info failed)"
    if not compose_command():
        return "neither docker compose nor docker-compose is installed"
    # Wants BuildKit and the base image, which comes from a registry where it is not there.
    tried = run("docker", "build", "-q", "-", input="FROM debian:bookworm-slim\n", check=False, timeout=300,
                env={**os.environ, "DOCKER_BUILDKIT": "1"})
    if tried.returncode != 0:
        said = tried.stderr.strip().splitlines()
        why = next((line for line in said if line.lower().startswith("error")), said[-1])
        return f"nothing can be built on debian:bookworm-slim: {why}"
    return None


def compose_command():
    if run("docker", "compose", "version", check=False).returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def check(claim, body, *arguments):
    begin = time.monotonic()
    try:
        note = body(*arguments)
        counts["passed"] += 1
        print(f"ok    {claim} ({time.monotonic() - begin:.1f} s{', ' + note if note else ''})", flush=True)
        return True
    except Exception as error:  # noqa: BLE001: whatever went wrong is a failure of this claim
        counts["failed"] += 1
        print(f"FAIL  {claim}\n      " + f"{type(error).__name__}: {error}".replace("\n", "\n      "), flush=True)
        return False


def skip(claim, why):
    counts["skipped"] += 1
    print(f"SKIP  {claim}: {why}", flush=True)


def until(condition, limit, what):
    """Waits for it and returns how long it took."""
    begin = time.monotonic()
    while True:
        found = condition()
        if found:
            return time.monotonic() - begin
        if time.monotonic() - begin > limit:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(0.05)


def get(url, path="/", headers=None, timeout=10):
    """Status, fields and body; 0 and the reason when there is no answer."""
    connection = http.client.HTTPConnection(url, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    except (OSError, http.client.HTTPException) as error:
        return 0, {}, str(error).encode()
    finally:
        connection.close()


class Stack:
    """One Compose project under a name of its own, on ports that the kernel chooses."""

    def __init__(self, name, *overlays, **environment):
        self.name = f"gwtest{os.getpid()}{name}"
        files = ["compose.yaml", *overlays]
        self.command = [*compose_command(), "-p", self.name]
        for file in files:
            self.command += ["-f", str(DEPLOY / "compose" / file)]
        self.environment = {**os.environ, "PORT": "0", "ADMIN_PORT": "0", "PROMETHEUS_PORT": "0",
                            "ALERTMANAGER_PORT": "0", "GRAFANA_PORT": "0", **environment}

    def compose(self, *arguments, timeout=600):
        return run(*self.command, *arguments, timeout=timeout, env=self.environment).stdout.strip()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        try:
            if failure[0]:
                print(self.compose("logs", "--tail=30"), flush=True)
        finally:  # also when nobody reads any more
            self.compose("down", "-v", "-t", "2", "--remove-orphans")

    def ids(self, service):
        # By its labels: asking docker-compose starts a Python each time.
        labels = {"project": self.name, "service": service}
        filters = [f"--filter=label=com.docker.compose.{key}={text}" for key, text in labels.items()]
        return docker("ps", "-q", "--no-trunc", *filters).split()

    def port(self, service, inner):
        return docker("port", self.ids(service)[0], str(inner)).splitlines()[0].rsplit(":", 1)[1]

    def url(self, service="gateway", inner=80):
        return f"127.0.0.1:{self.port(service, inner)}"

    def healthy(self, service):
        return all(inspect(one, ".State.Health.Status") == "healthy" for one in self.ids(service))


def address_of(container):
    """Its address on a network that the host can reach."""
    networks = json.loads(inspect(container, "json .NetworkSettings.Networks"))
    return next(one["IPAddress"] for name, one in networks.items() if name.endswith("public_net"))


class Load:
    """Clients that ask all the time and keep their connections, as a load balancer does. A
    connection that the other side closed between two requests is made anew and is no failure; any
    other lack of a 200 is."""

    def __init__(self, targets, paths, clients=8):
        self.targets, self.paths = targets, paths
        self.requests, self.failures, self.stop = 0, [], False
        self.threads = [threading.Thread(target=self.ask, args=(i,)) for i in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *failure):
        self.stop = True
        for thread in self.threads:
            thread.join()

    def ask(self, turn):
        connection, at, fresh = None, None, True
        while not self.stop:
            turn += 1
            targets = list(self.targets)  # a balancer may change them
            if not targets:
                self.failures.append("no target is ready")
                time.sleep(0.1)
                continue
            target = targets[turn % len(targets)]
            if connection is None or target != at:
                connection, at, fresh = http.client.HTTPConnection(target, timeout=90), target, True
            path = self.paths[turn % len(self.paths)]
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    self.failures.append(f"{path}: {answer.status} {body[:200]!r}")
                self.requests += 1
                fresh = False
                if answer.will_close:
                    connection = None
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
                if fresh:
                    self.failures.append(f"{path}: {error!r} on a new connection to {target}")
                connection = None
            except OSError as error:
                self.failures.append(f"{path}: {error!r} ({target})")
                connection = None
            time.sleep(0.01)

    def verdict(self):
        assert self.requests > 50, f"only {self.requests} requests were made"
        assert not self.failures, f"{len(self.failures)} of {self.requests} failed: {self.failures[:3]}"
        return f"{self.requests} requests"


class Balancer:
    """Targets as a load balancer knows them: it asks each for /readyz, twice 200 brings it in, twice
    anything else takes it out. Nobody tells it that one leaves."""
    INTERVAL, TIMES = 0.5, 2

    def __init__(self):
        self.ready, self.stop = [], threading.Event()
        self.threads = []

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def register(self, address):
        self.threads.append(threading.Thread(target=self.probe, args=(address,)))
        self.threads[-1].start()

    def probe(self, address):
        target, last, same = f"{address}:80", None, 0
        while not self.stop.wait(self.INTERVAL):
            fine = get(f"{address}:9113", "/readyz", timeout=2)[0] == 200
            last, same = fine, same + 1 if fine == last else 1
            if same < self.TIMES or fine == (target in self.ready):
                continue
            (self.ready.append if fine else self.ready.remove)(target)
