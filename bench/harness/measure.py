# SPDX-License-Identifier: Apache-2.0
"""The measurements: one function for each kind, each returning plain numbers."""

import dataclasses
import json
import resource
import statistics
import subprocess
import time

from harness import machine, processes


@dataclasses.dataclass(frozen=True)
class Case:
    """A load: so many connections, each asking for one body again and again."""

    name: str
    title: str
    path: str
    body_bytes: int
    connections: int


CASES = {case.name: case for case in (
    Case("256b-64c", "256 B, 64 connections", "/256", 256, 64),
    Case("256b-512c", "256 B, 512 connections", "/256", 256, 512),
    Case("1m-64c", "1 MiB, 64 connections", "/1m", 1 << 20, 64),
    Case("1m-512c", "1 MiB, 512 connections", "/1m", 1 << 20, 512),
)}


@dataclasses.dataclass
class Bench:
    """Where the bench's own programs are, and the core they share."""

    load_program: str
    idle_program: str
    core: int
    origin: processes.Process
    origin_port: int


def run_load(bench, proxy, case, *options):
    """bench_load's report. Raises when a single response was not what it should be."""
    command = [
        "taskset", "-c", str(bench.core), bench.load_program, "--port", str(proxy.port),
        "--path", case.path, "--bytes", str(case.body_bytes),
        "--connections", str(case.connections), *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    except subprocess.TimeoutExpired:
        raise processes.BenchError(f"{proxy.name} {case.name}: the load did not end") from None
    if done.returncode != 0:
        raise processes.BenchError(f"{proxy.name} {case.name}: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    if any(report["bad"].values()):
        raise processes.BenchError(f"{proxy.name} {case.name} is void: {report['bad']}")
    if report["body_bytes"] == 0:
        raise processes.BenchError(f"{proxy.name} {case.name} is void: no byte was answered")
    return report


def measure_load(bench, proxy, case, seconds, warm_up):
    """CPU time per request and its company, from one window of `seconds`."""
    pids = proxy.pids()
    softirq = machine.kernel_thread(f"ksoftirqd/{proxy.core}")
    watch = ["--watch", "proxy=" + ",".join(map(str, pids)),
             "--watch", f"origin={bench.origin.pid}"]
    if softirq:
        watch += ["--watch", f"softirq={softirq}"]
    ours_before = machine.cpu_seconds(pids + [bench.origin.pid]) + children_seconds()
    core_before = machine.core_busy_seconds(proxy.core)
    load_core_before = machine.core_busy_seconds(bench.core)
    proxy_before = machine.cpu_seconds(pids)
    began = time.monotonic()
    report = run_load(
        bench, proxy, case, "--seconds", str(seconds), "--warm-up", str(warm_up), *watch)
    elapsed = time.monotonic() - began
    core_after = machine.core_busy_seconds(proxy.core)
    load_core_after = machine.core_busy_seconds(bench.core)
    ours = machine.cpu_seconds(pids + [bench.origin.pid]) + children_seconds() - ours_before
    proxy_spent = machine.cpu_seconds(pids) - proxy_before
    # Packets for the proxy that its core's softirq thread handled are the proxy's cost as well.
    cpu_ns = report["cpu_ns"]["proxy"] + report["cpu_ns"].get("softirq", 0)
    # Many large responses under way end in waves; their bytes arrive steadily. So a window's
    # requests are counted by the body bytes that arrived in it.
    requests = report["body_bytes"] / case.body_bytes
    busy = core_after[0] - core_before[0] + load_core_after[0] - load_core_before[0]
    return {
        "cpu_us": cpu_ns / requests / 1e3,
        "requests": requests,
        "rps": requests / report["seconds"],
        "p50_us": report["p50_us"],
        "p99_us": report["p99_us"],
        "max_us": report["max_us"],
        "utilisation": cpu_ns / 1e9 / report["seconds"],
        "origin_us": report["cpu_ns"]["origin"] / requests / 1e3,
        "softirq_share": report["cpu_ns"].get("softirq", 0) / max(cpu_ns, 1),
        # What other processes took of the two cores, and the hypervisor of the proxy's.
        "foreign": max(0.0, (busy - ours) / elapsed),
        "foreign_on_proxy_core": max(0.0, (core_after[0] - core_before[0] - proxy_spent) / elapsed),
        "steal": (core_after[1] - core_before[1]) / elapsed,
    }


def children_seconds():
    """CPU time of the children that have ended: here, of the load."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def origin_counters(bench):
    return json.loads(processes.fetch(bench.origin_port, "/counters")[2])


def verify(bench, proxy, requests):
    """Correctness before speed: exact counts, every byte of every body, upstream connections that
    are kept, and one log line for each request. Returns what it saw."""
    small, large = CASES["256b-64c"], CASES["1m-64c"]
    time.sleep(1.5)  # until the line of the request that proved the start is written
    proxy.forget_log()
    before = origin_counters(bench)
    for case, count in ((small, requests), (large, requests // 10)):
        run_load(bench, proxy, case, "--requests", str(count), "--verify")
    after = origin_counters(bench)
    sent = requests + requests // 10
    seen = after["requests"] - before["requests"]
    if seen != sent:
        raise processes.BenchError(f"{proxy.name}: {sent} requests sent, {seen} reached the origin")
    # The call for the counters is one accept of its own. The two runs had 64 connections each.
    accepts = after["accepts"] - before["accepts"] - 1
    if accepts > 4 * small.connections:
        raise processes.BenchError(
            f"{proxy.name} does not keep its upstream connections: {accepts} for {sent} requests")
    if proxy.logs:
        check_log(proxy, sent)
    return {"requests": sent, "upstream_connections": accepts}


def check_log(proxy, expected):
    """Log writers are allowed some seconds; the lines must be complete and say what happened."""
    deadline = time.monotonic() + 5
    lines = 0
    while time.monotonic() < deadline and lines < expected:
        time.sleep(0.1)
        lines = proxy.log.read_bytes().count(b"\n")
    records = proxy.log_records()
    if len(records) != expected:
        raise processes.BenchError(
            f"{proxy.name}: {expected} requests, {len(records)} lines in its access log")
    wrong = [one for one in records if one.get("status") != 200 or not one.get("request_id")]
    if wrong:
        raise processes.BenchError(f"{proxy.name} logged {wrong[0]}")
    proxy.forget_log()


def measure_idle(bench, proxy, connections, seconds):
    """Memory of idle keep-alive connections: PSS of all the proxy's processes, with the
    connections open, each after one request, less PSS before."""
    pids = proxy.pids()
    before = machine.pss_bytes(pids)
    idle = processes.Process("bench_idle", [
        bench.idle_program, "--port", str(proxy.port), "--connections", str(connections)],
        bench.core, open_input=True)
    try:
        if idle.read_line(60) != f"ready {connections}":
            raise processes.BenchError(f"{proxy.name}: not all idle connections were opened")
        # Proxies give buffers and idle upstream connections back some seconds late.
        time.sleep(seconds)
        after = machine.pss_bytes(pids)
        idle.write_line()
        said = idle.read_line(10)
        if said != f"open {connections}":
            raise processes.BenchError(f"{proxy.name} closed idle connections: {said}")
    finally:
        idle.stop()
    proxy.forget_log()
    return {
        "connections": connections,
        "before_bytes": before,
        "after_bytes": after,
        "bytes_per_connection": (after - before) / connections,
        "whole_bytes_per_connection": after / connections,
    }


def measure_start(proxy, times):
    """Seconds from exec to the first answered request, each time a fresh process."""
    taken = []
    for _ in range(times):
        try:
            taken.append(proxy.start())
        finally:
            proxy.stop()
    return {
        "seconds": statistics.median(taken), "least": min(taken), "most": max(taken),
        "times": times}
