#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tasks on a real engine, as Fargate would run what deploy/ecs/render.py made of them, behind
what an ALB does: fargate.py [GATEWAY-IMAGE]. Skips, loudly, without an engine or an image."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

from engine_task import ROOT, Estate
from engine import check, counts, docker, engine_is_missing, get, inspect, run, skip, until
from load_balancer import LoadBalancer

GATEWAY = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("GATEWAY_IMAGE", "lauv-gateway:local")
SAMPLE = {"frontend": "lauv-frontend:local", "backend": "lauv-backend:local"}


def there(image):
    return run("docker", "image", "inspect", image, check=False).returncode == 0


def rendered(folder):
    images = {c: f"123456789012.dkr.ecr.us-east-1.amazonaws.com/lauv-{c}@sha256:{'0' * 64}"
              for c in ("gateway", "frontend", "backend", "prometheus", "grafana")}
    (folder / "images.json").write_text(json.dumps(images))
    subprocess.run([ROOT / "deploy/ecs/render.py", "--environment", "prod", "--account", "123456789012", "--images",
                    folder / "images.json", "--file-system", "fs-0", "--access-point", "fsap-0", "--out", folder],
                   check=True, stdout=subprocess.DEVNULL, timeout=60)
    return {s: json.loads((folder / f"{s}.json").read_text()) for s in ("gateway", "frontend", "backend", "monitoring")}


def demo(estate, service, port):
    """The gateway's own demo origin under the service's name."""
    made = docker("run", "-d", "--name", f"{estate.name}-{service}", "--network", estate.name, "--network-alias",
                  f"{service}-service.local", "--tmpfs", "/tmp", "--sysctl", "net.ipv4.ip_unprivileged_port_start=0",
                  GATEWAY, "demo", "--origins-only", service, "--listen", f"0.0.0.0:{port}")
    estate.containers.append(made)
    return made


def ready(estate, task):
    until(lambda: inspect(task, ".State.Running") == "false" or get(f"{estate.address(task)}:9113", "/readyz")[0] == 200, 30, "readiness")
    assert inspect(task, ".State.Running") == "true", f"it ended with {inspect(task, '.State.ExitCode')}"


def as_defined(estate, definition, task):
    wanted = definition["containerDefinitions"][0]
    config, host = json.loads(inspect(task, "json .Config")), json.loads(inspect(task, "json .HostConfig"))
    status = pathlib.Path(f"/proc/{inspect(task, '.State.Pid')}/status").read_text()
    user, group = wanted["user"].split(":")
    assert f"Uid:\t{user}\t{user}\t{user}\t{user}" in status and f"Gid:\t{group}" in status, status
    assert "CapEff:\t0000000000000000" in status and host["ReadonlyRootfs"], status
    assert config["Healthcheck"]["Test"] == wanted["healthCheck"]["command"], config["Healthcheck"]
    assert config["StopTimeout"] == wanted["stopTimeout"]
    until(lambda: inspect(task, ".State.Health.Status") == "healthy", 40, "healthy by the definition's own check")


def knows_itself(estate, definition, task):
    name = inspect(task, ".Name").strip("/")
    assert f"/v4/{name}/task" in estate.asked, estate.asked
    page = get(f"{estate.address(task)}:9113", "/metrics")[2].decode()
    info = next(line for line in page.splitlines() if line.startswith("target_info{"))
    for label in ('aws_ecs_cluster_name="lauv-prod-cluster"', 'aws_ecs_task_family="lauv-gateway"', 'aws_ecs_task_revision="7"',
                  f'aws_ecs_task_id="{name}"', 'cloud_availability_zone="us-east-1a"', 'service_name="lauv-gateway-service"'):
        assert label in info, info
    figure = {line.split()[0]: float(line.split()[1]) for line in page.splitlines() if line and line[0] != "#" and " " in line}
    assert figure["gateway_memory_limit_bytes"] == int(definition["memory"]) << 20, figure["gateway_memory_limit_bytes"]
    cores = [line for line in run("docker", "logs", task).stderr.splitlines() if "thread" in line]
    assert any("1 thread" in line for line in cores), cores
    return f"one thread for {int(definition['cpu']) / 1024} CPU, {definition['memory']} MiB"


def serves(estate, task):
    url = f"{estate.address(task)}:80"
    assert get(url, "/")[0] == 200 and get(url, "/api/health")[0] == 200

    def lines():
        return [line for line in run("docker", "logs", task).stdout.splitlines() if '"/api/health"' in line]
    until(lines, 10, "a line of the access log")
    line = json.loads(lines()[-1])
    assert line["status"] == 200 and line["service"] == "lauv-gateway-service", line


def sick_backend(estate, balancer, address, backend):
    """Longer than the load balancer needs to take a target out: it must not."""
    docker("stop", "-t", "1", backend)
    until(lambda: get(f"{address}:80", "/api/health")[0] in (502, 503, 504), 20, "the API fails")
    time.sleep(balancer.interval * (balancer.fall + 1))
    assert address in balancer.healthy, "the load balancer took the gateway out because of its backend"
    assert get(f"{address}:80", "/")[0] == 200, "the frontend is gone, too"
    docker("start", backend)
    until(lambda: get(f"{address}:80", "/api/health")[0] == 200, 30, "the API is back")


def deploys(estate, definition, first):
    """The second task, healthy twice; then the first leaves the target group and gets SIGTERM at once,
    which is harder than ECS, with a request under way that takes most of its stop time-out."""
    with LoadBalancer(["/", "/api/health", "/api/slow?ms=700"], 9113) as balancer:
        old = estate.address(first)
        balancer.register(old)
        until(lambda: balancer.requests > 50, 40, "the load balancer sends")
        second = estate.start(definition, {"gateway": GATEWAY}, revision=8)
        new = estate.address(second)
        balancer.register(new)
        until(lambda: balancer.by_target.get(new, 0) > 50, 60, "the second task gets requests")
        slow = []
        long = threading.Thread(target=lambda: slow.append(get(f"{old}:80", "/api/slow?ms=12000", timeout=40)[0]))
        long.start()
        time.sleep(1)
        balancer.deregister(old)
        begin = time.monotonic()
        docker("stop", first, timeout=60)  # the definition's stopTimeout counts
        took = time.monotonic() - begin
        long.join()
        time.sleep(2)
    assert inspect(first, ".State.ExitCode") == "0", f"exit {inspect(first, '.State.ExitCode')} after {took:.1f} s"
    assert slow == [200], f"the request under way got {slow}"
    assert took < definition["containerDefinitions"][0]["stopTimeout"], f"{took:.1f} s"
    return f"{balancer.verdict()}; the first was gone after {took:.1f} s"


def stays_with_sick_backend(estate, task, backend):
    with LoadBalancer(["/"], 9113, clients=2) as balancer:
        balancer.register(estate.address(task))
        until(lambda: estate.address(task) in balancer.healthy, 30, "healthy")
        sick_backend(estate, balancer, estate.address(task), backend)


def check_gateway(definition):
    with Estate() as estate:
        demo(estate, "frontend", 80)
        backend = demo(estate, "backend", 5000)
        task = estate.start(definition, {"gateway": GATEWAY}, revision=7)
        if not check("the gateway's task starts as rendered, and is ready", ready, estate, task):
            return
        check("its user, root, capabilities, health check and stop time-out are the definition's", as_defined, estate, definition, task)
        check("it learns from the metadata endpoint who it is and how large", knows_itself, estate, definition, task)
        check("it finds frontend and backend by Cloud Map's names, and logs a line a request", serves, estate, task)
        check("a sick backend does not take it out of the load balancer", stays_with_sick_backend, estate, task, backend)
        check("a deployment under load: no request fails", deploys, estate, definition, task)


def whole_shop(definitions):
    with Estate() as estate:
        given = {s["valueFrom"]: "a-secret-of-thirty-two-characters" for s in definitions["backend"]["containerDefinitions"][0]["secrets"]}
        tasks = {s: estate.start(definitions[s], {s: SAMPLE[s]}, given) for s in ("backend", "frontend")}
        for service, task in tasks.items():
            until(lambda t=task: inspect(t, ".State.Health.Status") == "healthy", 90, f"a healthy {service}")
        task = estate.start(definitions["gateway"], {"gateway": GATEWAY})
        ready(estate, task)
        url = f"{estate.address(task)}:80"
        for path in ("/", "/api/health", "/api/products"):
            until(lambda p=path: get(url, p)[0] == 200, 20, path)
        assert b"shop_" in get(f"{estate.address(tasks['backend'])}:9090", "/metrics")[2], "the backend's metrics"
        for service, one in {**tasks, "gateway": task}.items():
            docker("stop", one, timeout=60)
            assert inspect(one, ".State.ExitCode") in ("0", "143"), f"{service}: exit {inspect(one, '.State.ExitCode')}"


def main():
    why_not = engine_is_missing() or (None if there(GATEWAY) else f"there is no image {GATEWAY}: make image")
    if why_not:
        print("*** NO TASK WAS RUN ***")
        skip("the tasks on a real engine", why_not)
        return
    skip("awslogs", "there is no CloudWatch here: the engine keeps the logs")
    with tempfile.TemporaryDirectory() as name:
        definitions = rendered(pathlib.Path(name))
        check_gateway(definitions["gateway"])
        missing = [image for image in SAMPLE.values() if not there(image)]
        if missing:
            skip("frontend's and backend's tasks", f"there is no image {', '.join(missing)}: make images")
        else:
            check("frontend's, backend's and gateway's tasks run as rendered and find one another", whole_shop, definitions)


if __name__ == "__main__":
    main()
    sys.exit(1 if counts["failed"] else 0)
