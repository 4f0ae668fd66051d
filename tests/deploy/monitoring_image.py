#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The monitoring image on a real engine: built, started as its rendered task definition says, it
scrapes the compose stack by Cloud Map's names, its rules evaluate, and every query of the dashboard
returns data: monitoring_image.py [GATEWAY-IMAGE]. Skips, loudly, without an engine or an image.

Where no registry can be reached a Prometheus that is here already stands in for the pinned base."""
import json
import pathlib
import re
import sys
import tempfile
import threading
import time
import urllib.parse

from engine_task import ROOT, Estate
from fargate import GATEWAY, SAMPLE, rendered, there
from engine import Stack, check, counts, docker, engine_is_missing, get, inspect, run, skip, until

DOCKERFILE = (ROOT / "deploy/monitoring/Dockerfile").read_text(encoding="utf-8")
PATIENCE = 240


def base():
    """The Prometheus that the Dockerfile names, or the one that is here."""
    pinned = re.search(r"^ARG PROMETHEUS=(\S+)$", DOCKERFILE, re.M)[1]
    if there(pinned) or run("docker", "pull", "-q", pinned, check=False, timeout=600).returncode == 0:
        return pinned
    here = [tag for tag in docker("images", "--format", "{{.Repository}}:{{.Tag}}", "prom/prometheus").splitlines() if "<none>" not in tag]
    if here:
        skip(f"the base {pinned.split('@')[0]}", f"no registry answers; {here[0]} stands in for it")
    return here[0] if here else None


def build(parent, tag):
    run("docker", "build", "-t", tag, "--build-arg", f"PROMETHEUS={parent}", "--target", "prometheus", "-f",
        str(ROOT / "deploy/monitoring/Dockerfile"), str(ROOT / "deploy"), timeout=600)
    config = json.loads(docker("image", "inspect", "-f", "{{json .Config}}", tag))
    assert config["User"] == "65534:65534" and config["Entrypoint"] == ["/usr/local/bin/start-prometheus"], config


def asked(address, path, **words):
    status, _, body = get(f"{address}:9090", f"{path}?{urllib.parse.urlencode(words)}" if words else path)
    assert status == 200, f"{path}: {status} {body[:300]!r}"
    return json.loads(body)["data"]


def starts(estate, task):
    until(lambda: inspect(task, ".State.Running") == "false" or get(f"{estate.address(task)}:9090", "/-/ready")[0] == 200, 60, "ready")
    assert inspect(task, ".State.Running") == "true", run("docker", "logs", task).stderr[-1000:]
    status = pathlib.Path(f"/proc/{inspect(task, '.State.Pid')}/status").read_text()
    assert "Uid:\t65534" in status and "CapEff:\t0000000000000000" in status and inspect(task, ".HostConfig.ReadonlyRootfs") == "true"
    for where in ("/etc/gateway-prometheus/rules/gateway.yml", "/prometheus/prometheus.yml"):
        assert docker("exec", task, "cat", where), f"{where} is empty"


def has_wget(task):
    return run("docker", "exec", task, "wget", "--help", check=False).returncode not in (126, 127)


def is_healthy(task):
    until(lambda: inspect(task, ".State.Health.Status") == "healthy", 120, "healthy")


def scrapes(address):
    def up():
        targets = asked(address, "/api/v1/targets")["activeTargets"]
        return sorted({t["labels"]["job"] for t in targets if t["health"] == "up"}) == ["backend", "gateway", "prometheus"]
    took = until(up, 90, "gateway, backend and itself are up")
    labels = asked(address, "/api/v1/status/config")["yaml"]
    assert "gateway-service.local" in labels and "environment: prod" in labels, labels[:500]
    return f"{took:.0f} s"


def rules_evaluate(address):
    def rules():
        return [r for g in asked(address, "/api/v1/rules")["groups"] for r in g["rules"]]
    until(lambda: rules() and all(r["health"] == "ok" for r in rules()), 60, "every rule evaluates")
    alerts = [r["name"] for r in rules() if r["type"] == "alerting"]
    assert len(alerts) > 10, alerts
    return f"{len(rules())} rules, {len(alerts)} alerts"


def traffic(stack, stop, outages):
    """Pages, API calls and, once outages may be, now and then a backend that cannot be reached: errors, failures, repeats."""
    url, backend = stack.url(), stack.ids("backend-service")[0]
    paused, turn = False, 0
    while not stop.is_set():
        turn += outages.is_set()
        for path in ("/", "/api/products", "/api/health", "/none"):
            get(url, path, timeout=3)
        if turn % 40 == 20 and not paused:
            run("docker", "stop", "-t", "1", backend, check=False)
            paused = True
        if turn % 40 == 0 and paused:
            run("docker", "start", backend, check=False)
            paused = False
        stop.wait(0.3)
    if paused:
        run("docker", "start", backend, check=False)


def dashboard_has_data(address):
    board = json.loads((ROOT / "deploy/grafana/dashboards/gateway.json").read_text())
    wanted = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel.get("targets", [])]
    assert len(wanted) > 30, len(wanted)
    missing = wanted

    def all_there():
        nonlocal missing
        # A figure that is 0 / 0 is no data.
        missing = [(title, query) for title, query in missing
                   if not any(one["value"][1] != "NaN" for one in asked(address, "/api/v1/query", query=query)["result"])]
        return not missing
    try:
        took = until(all_there, PATIENCE, "data for every query")
    except AssertionError:
        raise AssertionError("no data for\n" + "\n".join(f"{title}: {query}" for title, query in missing)) from None
    return f"{len(wanted)} queries, after {took:.0f} s"


def ends(task):
    docker("stop", task, timeout=90)
    assert inspect(task, ".State.ExitCode") == "0", inspect(task, ".State.ExitCode")


def main():
    why_not = engine_is_missing()
    missing = [image for image in (GATEWAY, *SAMPLE.values()) if not why_not and not there(image)]
    why_not = why_not or (f"there is no image {', '.join(missing)}: make images" if missing else None)
    parent = None if why_not else base()
    if not parent:
        print("*** THE MONITORING IMAGE WAS NOT RUN ***")
        skip("the monitoring image", why_not or "no Prometheus image can be had")
        return
    skip("Grafana", "its image cannot be had here; its files are checked, and its queries put to Prometheus")
    with tempfile.TemporaryDirectory() as name, Estate() as estate:
        tag = f"{estate.name}:prometheus"
        if not check("the monitoring image is built", build, parent, tag):
            return
        estate.undo.callback(run, "docker", "image", "rm", "-f", tag, check=False)
        definition = rendered(pathlib.Path(name))["monitoring"]
        with Stack("aws", GATEWAY_IMAGE=GATEWAY, FRONTEND_IMAGE=SAMPLE["frontend"], BACKEND_IMAGE=SAMPLE["backend"]) as stack:
            # One after the other: how soon a busy machine answers health checks is not what is asked here.
            stack.compose("up", "-d", "--no-build", "frontend-service", "backend-service")
            stack.compose("up", "-d", "--no-build", "--no-deps", "gateway")
            until(lambda: get(stack.url(), "/api/health")[0] == 200 and get(stack.url(), "/")[0] == 200, 120, "the stack answers")
            for service, name in (("gateway", "gateway-service.local"), ("backend-service", "backend-service.local")):
                container = stack.ids(service)[0]
                docker("network", "connect", "--alias", name, estate.name, container)
                estate.undo.callback(run, "docker", "network", "disconnect", "-f", estate.name, container, check=False)
            task = estate.start(definition, {"prometheus": tag}, names=[])
            stop, outages = threading.Event(), threading.Event()
            client = threading.Thread(target=traffic, args=(stack, stop, outages))
            client.start()
            try:
                if check("it starts as its task definition says: user, root, volume, environment", starts, estate, task):
                    address = estate.address(task)
                    if has_wget(task):
                        check("its container is healthy by the definition's check", is_healthy, task)
                    else:
                        skip("the health check of Prometheus's container", "the stand-in has no wget; the official image has")
                    check("it finds gateway and backend of the compose stack by Cloud Map's names", scrapes, address)
                    outages.set()
                    check("its rules and alerts evaluate", rules_evaluate, address)
                    check("every query of the dashboard returns data", dashboard_has_data, address)
            finally:
                stop.set()
                client.join()
            check("it ends within its stop time-out", ends, task)


if __name__ == "__main__":
    main()
    sys.exit(1 if counts["failed"] else 0)
