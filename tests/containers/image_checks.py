# SPDX-License-Identifier: Apache-2.0
"""The image by itself: what is in it, how it starts, how it ends, what it needs."""
import calendar
import http.client
import json
import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

from engine import ROOT, check, docker, get, inspect, run, until

HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
SMALL = ["--cpus", "0.25", "--memory", "512m", "--memory-swap", "512m"]


class Container:
    def __init__(self, image, *options, command=()):
        self.id = docker("run", "-d", *HARDENED, *options, image, *command)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if failure[0]:
            logs = run("docker", "logs", "--tail=15", self.id)
            print(logs.stdout + logs.stderr)
        docker("rm", "-f", self.id)

    def at(self, port):
        return f"{inspect(self.id, '.NetworkSettings.IPAddress')}:{port}"


def size_and_contents(image):
    megabytes = int(docker("image", "inspect", "-f", "{{.Size}}", image)) / 1e6
    assert megabytes <= 25, f"{megabytes:.1f} MB"
    with tempfile.TemporaryDirectory() as folder:
        made = docker("create", image)
        archive = Path(folder) / "root.tar"
        docker("export", "-o", str(archive), made)
        docker("rm", made)
        names = run("tar", "-tf", str(archive)).stdout.split()
    programs = [name for name in names if "bin/" in name and not name.endswith("/")]
    assert programs == ["usr/local/bin/gateway"], programs
    for wanted in ("etc/gateway/gateway.yaml", "etc/ssl/certs/ca-certificates.crt", "etc/passwd"):
        assert wanted in names, f"{wanted} is missing"
    return f"{megabytes:.1f} MB"


def declares(image):
    config = json.loads(docker("image", "inspect", "-f", "{{json .Config}}", image))
    assert config["User"] == "10001:10001", config["User"]
    assert set(config["ExposedPorts"]) == {"80/tcp", "9113/tcp"}, config["ExposedPorts"]
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/local/bin/gateway", "healthcheck"]
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in config["Labels"].items()}
    assert labels["title"] == "gateway" and labels["licenses"] == "Apache-2.0", labels
    assert labels["version"][0].isdigit() and len(labels["revision"]) == 40 and labels["description"], labels
    return f"version {labels['version']}"


def starts_by_environment(image):
    with Container(image, "-e", "FRONTEND_ADDR=127.0.0.1:9113") as one:
        took = until(lambda: get(one.at(9113), "/readyz")[0] == 200, 10, "readiness")
        assert get(one.at(80), "/livez")[2] == b"live\n", "the route to FRONTEND_ADDR does not work"
        until(lambda: inspect(one.id, ".State.Health.Status") == "healthy", 15, "healthy")
        pid = inspect(one.id, ".State.Pid")
        status = Path(f"/proc/{pid}/status").read_text()
        assert "Uid:\t10001" in status and "CapEff:\t0000000000000000" in status, status
        assert inspect(one.id, ".HostConfig.ReadonlyRootfs") == "true"
        return f"ready in {took:.2f} s"


def takes_mounted_file(image):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "gateway.yaml"
        file.write_text("listeners: [{ address: \"0.0.0.0:8081\" }]\nadmin: { address: \"0.0.0.0:9999\" }\n"
                        "upstreams: { a: { endpoints: [\"127.0.0.1:9999\"] } }\n"
                        "routes: [{ prefix: /, upstream: a }]\n")
        Path(folder).chmod(0o755)
        with Container(image, "-v", f"{file}:/etc/gateway/gateway.yaml:ro") as one:
            until(lambda: get(one.at(8081), "/livez")[0] == 200, 10, "the file's listener")
            said = docker("exec", one.id, "/usr/local/bin/gateway", "healthcheck")
            assert "127.0.0.1:9999/livez: 200" in said, said


def turns_unhealthy(image):
    with Container(image, "--health-interval", "1s", "--health-retries", "1", "--health-cmd",
                   "/usr/local/bin/gateway healthcheck --url http://127.0.0.1:1/") as one:
        # Without a shell the shell form cannot run at all; Docker says unhealthy either way.
        until(lambda: inspect(one.id, ".State.Health.Status") == "unhealthy", 30, "unhealthy")


def drains(image):
    with Container(image, "--tmpfs", "/tmp", command=("demo", "--listen", "0.0.0.0:80")) as one:
        until(lambda: get(one.at(80), "/api/health")[0] == 200, 10, "the demo")
        host, port = one.at(80).split(":")
        with socket.create_connection((host, int(port)), timeout=30) as client:
            client.sendall(b"GET /api/slow?ms=2000 HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(0.3)
            begin = time.monotonic()
            docker("kill", "-s", "TERM", one.id)
            answer = b""
            while piece := client.recv(65536):
                answer += piece
            assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
        until(lambda: inspect(one.id, ".State.Running") == "false", 10, "the end")
        assert inspect(one.id, ".State.ExitCode") == "0"
        return f"{time.monotonic() - begin:.1f} s"


def resident(container, key):
    lines = Path(f"/proc/{inspect(container, '.State.Pid')}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def ask_each(clients):
    """All ask before the first is read."""
    for client in clients:
        client.request("GET", "/api/health")
    for client in clients:
        answer = client.getresponse()
        body = answer.read()
        assert answer.status == 200, f"one of 2,000: {answer.status} {body[:200]!r}"


def small_container(image):
    with Container(image, *SMALL, "--ulimit", "nofile=16384:16384", "--tmpfs", "/tmp",
                   command=("demo", "--listen", "0.0.0.0:80")) as one:
        address = one.at(80)
        until(lambda: get(address, "/api/health")[0] == 200, 10, "the first answer")
        held = []
        try:
            for _ in range(2000):
                held.append(http.client.HTTPConnection(address, timeout=30))
                held[-1].auto_open = 0  # a connection that was closed meanwhile is not made anew
                held[-1].connect()
            # The second time shows that each has been kept.
            ask_each(held)
            ask_each(held)
            peak = resident(one.id, "VmHWM")
        finally:
            for client in held:
                client.close()
        assert inspect(one.id, ".State.OOMKilled") == "false"
        assert peak <= 64, f"{peak:.1f} MiB"
        return f"peak {peak:.1f} MiB with both demo origins"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def first_answer(image):
    """From the start of its process, as the engine tells it, to a whole answer through it. Whoever
    asks is at it before the start, because the engine itself takes longer to say that it started."""
    port, came, deadline = free_port(), [], time.monotonic() + 60

    def ask():
        while not came and time.monotonic() < deadline:
            if get(f"127.0.0.1:{port}", "/livez", timeout=1)[0] == 200:
                came.append(time.time())
            time.sleep(0.01)
    asking = threading.Thread(target=ask)
    asking.start()
    with Container(image, *SMALL, "-p", f"127.0.0.1:{port}:80", "-e", "FRONTEND_ADDR=127.0.0.1:9113") as one:
        asking.join()
        assert came, "no answer within 60 s"
        seconds = came[0] - parse(inspect(one.id, ".State.StartedAt"))
        assert seconds < 1, f"{seconds:.2f} s from its start to the first answer"
        return f"{seconds:.2f} s"


def parse(stamp):
    whole, fraction = stamp.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + fraction)


def broken_test_makes_no_image(image):
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        ignored = shutil.ignore_patterns(".git", "build*", "node_modules", "dist", "results")
        shutil.copytree(ROOT, tree, ignore=ignored)
        broken = tree / "tests" / "unit" / "ascii_test.cpp"
        broken.write_text(broken.read_text() + "\nTEST_CASE(\"broken on purpose\", \"[unit]\") { CHECK(1 == 2); }\n")
        tag = f"{image}-broken"
        done = run("docker", "build", "-t", tag, str(tree), check=False, timeout=2400,
                   env={**os.environ, "DOCKER_BUILDKIT": "1"})
        assert done.returncode != 0, "the build went through"
        assert "broken on purpose" in done.stdout + done.stderr, (done.stdout + done.stderr)[-2000:]
        assert run("docker", "image", "inspect", tag, check=False).returncode != 0, "there is an image"


def check_image(image, thorough):
    check("the image is small and holds the gateway alone", size_and_contents, image)
    check("the image names user, ports, signal, health check and licence", declares, image)
    check("it starts by environment alone, unprivileged, on a read-only root", starts_by_environment, image)
    check("it takes a mounted /etc/gateway/gateway.yaml", takes_mounted_file, image)
    check("a failing health check turns it unhealthy", turns_unhealthy, image)
    check("SIGTERM drains: the running request is answered, exit 0", drains, image)
    check("with 0.25 CPU and 512 MB it answers within a second of its start", first_answer, image)
    check("with 0.25 CPU and 512 MB it holds 2,000 connections within 64 MB", small_container, image)
    if thorough:
        check("a broken unit test makes no image", broken_test_makes_no_image, image)
