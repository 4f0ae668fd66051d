#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes a real gateway under load: the queries that people already have, every
record, both sides of every alert and every query of the dashboard return data through its API.
Usage: stack_test.py GATEWAY. Exit code 77 says that Prometheus is not installed."""
import contextlib
import http.client
import http.server
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 120  # seconds until every query must have its data

CLASSIC = [
    "rate(http_requests_total[5m])",
    "histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m]))",
    'rate(http_requests_total{status_code=~"5.."}[5m])',
    "nginx_up", "nginx_connections_accepted", "nginx_connections_active", "nginx_connections_handled",
    "nginx_connections_reading", "nginx_connections_waiting", "nginx_connections_writing",
    "rate(nginx_http_requests_total[5m])",
]

# What a healthy minute has no series of: the test's target for the backend is no backend at all, and
# its gateway shows nobody a certificate.
NOT_HERE = {
    "absent(up{job=\"gateway\"})", "absent(up{job=\"backend\"})",
    "min by (job, used_for) (gateway_certificate_expiry_timestamp_seconds{job=\"gateway\"}) - time()"}


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status = 500 if self.path.startswith("/fails") else 200
        self.send_response(status)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


def free_port():
    """A port nobody has now; Prometheus cannot be asked for one, so its start is tried again."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def get(port, path, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def until(ready, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException):
            found = ready()
            if found:
                return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


@contextlib.contextmanager
def running(command, log):
    with open(log, "w") as out:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def gateway_settings(work, origin):
    # "dead" fails its probes; "localhost" is a name to look up; one request in a row is refused.
    work.joinpath("gateway.yaml").write_text(f"""
listeners: [{{ address: "127.0.0.1:0" }}]
admin: {{ address: "127.0.0.1:0" }}
runtime: {{ threads: 2 }}
timeouts: {{ lame_duck: 0ms }}
dns: {{ ttl_max: 1s }}
limits: {{ connections_per_client: 20 }}
forwarding: {{ trusted_proxies: [] }}
upstreams:
  app: {{ endpoints: ["localhost:{origin}", "127.0.0.1:1"], health_check: {{ path: / }} }}
  dead: {{ endpoints: ["127.0.0.1:1", "127.0.0.1:2"], ejection: {{ failures: 3 }} }}
routes:
  - {{ name: main, prefix: /, upstream: app }}
  - {{ name: broken, prefix: /dead/, upstream: dead }}
""")
    return work / "gateway.yaml"


def port_in(log, words):
    found = re.search(rf"{words} \S*:(\d+)", log.read_text())
    return found and int(found[1])


def load(port, stop):
    """A few requests every tenth of a second, of every sort that the figures tell apart."""
    held = []
    while not stop.is_set():
        with contextlib.suppress(OSError, http.client.HTTPException):
            for path in ("/", "/", "/fails", "/dead/"):
                get(port, path)
        if len(held) < 25:  # beyond limits.connections_per_client: refused
            with contextlib.suppress(OSError):
                held.append(socket.create_connection(("127.0.0.1", port), timeout=5))
        elif len(held) == 25:
            time.sleep(2)
            for each in held[2:]:
                each.close()
            held += [None]
        stop.wait(0.1)
    for each in held:
        if each:
            each.close()


def prometheus_settings(work, admin):
    rules = ROOT / "deploy/prometheus/rules"
    whole = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    whole["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    whole["rule_files"] = [str(rules / "*.yml")]
    del whole["alerting"]
    targets = {"gateway": [f"127.0.0.1:{admin}"], "backend": ["127.0.0.1:1"]}
    for job in whole["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        job["static_configs"] = [{"targets": targets.get(job["job_name"], [])}]
    path = work / "prometheus.yml"
    path.write_text(yaml.safe_dump(whole))
    return path


@contextlib.contextmanager
def prometheus(work, settings):
    for attempt in range(5):
        port = free_port()
        log = work / f"prometheus{attempt}.log"
        command = ["prometheus", f"--config.file={settings}", f"--storage.tsdb.path={work}/data{attempt}",
                   f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage"]
        with running(command, log) as process:
            try:
                until(lambda: process.poll() is not None or get(port, "/-/ready")[0] == 200, 60, "Prometheus")
            except AssertionError:
                raise AssertionError(log.read_text()[-2000:]) from None
            if process.poll() is None:
                yield port
                return
    raise AssertionError(log.read_text()[-2000:])


def query(port, expression):
    _, body = get(port, "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
    answer = json.loads(body)
    assert answer["status"] == "success", f"{expression}: {answer}"
    return answer["data"]["result"]


def sides(expression):
    """The parts of an alert's expression without their thresholds: what must be there to compare."""
    for part in re.split(r"\s(?:and|or|unless)\s", expression):
        part = part.strip()
        if part.startswith("(") and part.endswith(")") and part.count("(") == 1:
            part = part[1:-1]
        yield re.sub(r"\s*(==|!=|>=|<=|>|<)\s*[-0-9.]+$", "", part).strip()


def expected_queries():
    for expression in CLASSIC:
        yield "classic", expression
    for path in sorted((ROOT / "deploy/prometheus/rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                if "record" in rule:
                    yield "record", rule["record"]
                    continue
                for side in sides(rule["expr"]):
                    if side not in NOT_HERE:
                        yield f"alert {rule['alert']}", side
    board = json.loads((ROOT / "deploy/grafana/dashboards/gateway.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield f"panel {panel['title']}", target["expr"]


def check_lint(admin):
    _, page = get(admin, "/metrics")
    lint = subprocess.run(["promtool", "check", "metrics"], input=page, text=True, capture_output=True, timeout=60)
    assert lint.returncode == 0, lint.stdout + lint.stderr
    assert "# EOF" not in page
    _, page = get(admin, "/metrics", {"Accept": "application/openmetrics-text"})
    assert page.endswith("# EOF\n")


def check(port, admin):
    check_lint(admin)
    wanted = list(expected_queries())
    assert len(wanted) > 80, len(wanted)
    missing = wanted

    def all_have_data():
        nonlocal missing
        missing = [each for each in missing if not query(port, each[1])]
        return not missing
    try:
        until(all_have_data, PATIENCE, "data")
    except AssertionError:
        told = "\n".join(f"  {where}: {expression}" for where, expression in missing)
        raise AssertionError(f"no data for\n{told}") from None
    _, body = get(port, "/api/v1/rules")
    rules = [rule for group in json.loads(body)["data"]["groups"] for rule in group["rules"]]
    assert all(rule["health"] == "ok" for rule in rules), [rule for rule in rules if rule["health"] != "ok"]
    exemplars = urllib.parse.urlencode(
        {"query": "http_request_duration_seconds_bucket", "start": time.time() - 300, "end": time.time() + 5})
    _, body = get(port, "/api/v1/query_exemplars?" + exemplars)
    found = json.loads(body)["data"]
    assert found and found[0]["exemplars"][0]["labels"]["request_id"], "no exemplars arrived"
    up = query(port, 'scrape_duration_seconds{job="gateway"}')
    print(f"{len(wanted)} queries, {len(rules)} rules; the last scrape took {up[0]['value'][1]} s")


def main():
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        print("SKIPPED: Prometheus is not installed (section [test] of deploy/packages.txt)")
        return 77
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        origin = Server(("127.0.0.1", 0), Origin)
        threading.Thread(target=origin.serve_forever, daemon=True).start()
        log = work / "gateway.log"
        settings = gateway_settings(work, origin.server_address[1])
        with running([sys.argv[1], "run", "--config", str(settings)], log) as process:
            until(lambda: process.poll() is not None or port_in(log, "admin on"), 30, "the gateway")
            assert process.poll() is None, log.read_text()
            listener, admin = port_in(log, "listening on"), port_in(log, "admin on")
            stop = threading.Event()
            client = threading.Thread(target=load, args=(listener, stop))
            client.start()
            try:
                with prometheus(work, prometheus_settings(work, admin)) as port:
                    check(port, admin)
            finally:
                stop.set()
                client.join()
        origin.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
