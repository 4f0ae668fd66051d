#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The bench: the gateway, nginx, HAProxy and a bare relay, under the same load in one run.

bench/README.md says what is measured and why so.
"""

import argparse
import json
import os
import pathlib
import resource
import shlex
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # no folders of compiled files beside the sources

from harness import machine, measure, network, plot, processes, proxies, report, summary

HERE = pathlib.Path(__file__).resolve().parent
MEASUREMENTS = ("load", "idle", "start")
# HAProxy with two descriptors for each of 8,000 connections is the one that needs most.
DESCRIPTORS = 20_000


def parse_arguments():
    def listed(known):
        def parse(text):
            names = text.split(",")
            for name in names:
                if name not in known:
                    raise argparse.ArgumentTypeError(f"'{name}' is none of {', '.join(known)}")
            return [name for name in known if name in names]
        return parse

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--build-dir", type=pathlib.Path, default=HERE.parent / "build/release",
        help="where the gateway and the bench's programs were built (default: build/release)")
    add("--gateway", type=pathlib.Path, help="another gateway binary than the build directory's")
    add("--proxies", type=listed(list(proxies.KINDS)), 
        default=[name for name, kind in proxies.KINDS.items() if kind.always],
        help="some of " + ",".join(proxies.KINDS))
    add("--cases", type=listed(list(measure.CASES)), default=list(measure.CASES),
        help="some of " + ",".join(measure.CASES))
    add("--measure", type=listed(MEASUREMENTS), default=list(MEASUREMENTS),
        help="some of " + ",".join(MEASUREMENTS))
    add("--rounds", type=int, help="times each case runs on each proxy (default 9, quick 3)")
    add("--seconds", type=float, help="length of each window (default 1.5, quick 0.8)")
    add("--quick", action="store_true", help="fewer and shorter rounds: under two minutes")
    add("--own-network", action="store_true",
        help="in a network namespace of its own, without pacing (root; see the README's caveats)")
    add("--check", action="store_true", help="exit 1 when a target is missed or not measured")
    add("--results", type=pathlib.Path, default=HERE / "results", help="folder for the results")
    add("--name", default="latest", help="their name there (default: latest)")
    given = parser.parse_args()
    given.rounds = given.rounds or (3 if given.quick else 9)
    given.seconds = given.seconds or (0.8 if given.quick else 1.5)
    given.warm_up = 0.3
    given.idle_connections = 8000
    given.idle_seconds = 5.0 if given.quick else 8.0
    given.starts = 5 if given.quick else 10
    return given


def find_programs(given):
    """Paths of all programs; says everything that is missing before it gives up."""
    found, missing = {}, []
    for name in given.proxies:
        if name in ("gateway", "watched") and given.gateway:
            found[name] = str(given.gateway.resolve())
            continue
        found[name] = proxies.find(name, given.build_dir)
        if not found[name]:
            package = proxies.KINDS[name].package
            missing.append(f"{name}: install the Debian package {package}" if package else
                           f"{name}: not built in {given.build_dir}")
    for name in ("bench_origin", "bench_load", "bench_idle"):
        paths = [given.build_dir / "bench" / name, given.build_dir / name]
        found[name] = next((str(path.resolve()) for path in paths if path.is_file()), None)
        if not found[name]:
            missing.append(f"{name}: not built in {given.build_dir}")
    if not machine.find_program("taskset"):
        missing.append("taskset: install the Debian package util-linux")
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < DESCRIPTORS:
        missing.append(f"descriptors: the hard limit must be {DESCRIPTORS} (ulimit -Hn)")
    if len(os.sched_getaffinity(0)) < 2:
        missing.append("a second core: the proxy has one, the load and the origin the other")
    if missing:
        raise processes.BenchError("missing\n  " + "\n  ".join(missing))
    return found


class Progress:
    """Says on stderr what is being done and how long it may still take."""

    def __init__(self, seconds_expected):
        self._ends = time.monotonic() + seconds_expected

    def __call__(self, text):
        left = max(0, round(self._ends - time.monotonic()))
        print(f"[about {left // 60}:{left % 60:02d} left] {text}", file=sys.stderr, flush=True)


def expected_seconds(given):
    window = given.seconds + given.warm_up + 0.3
    kinds = [proxies.KINDS[name] for name in given.proxies]
    windows = sum(kind.takes(case) for kind in kinds for case in given.cases)
    load = given.rounds * windows * window
    others = sum(kind.others for kind in kinds)
    return (4 * len(kinds)
            + ("load" in given.measure) * load
            + ("idle" in given.measure) * others * (given.idle_seconds + 3)
            + ("start" in given.measure) * others * given.starts * 0.4)


def run_rounds(bench, running, given, say):
    """Every round runs every case on every proxy; each round begins with another proxy."""
    rounds = []
    for number in range(given.rounds):
        results = {}
        for name in given.cases:
            case = measure.CASES[name]
            taking_part = [one for one in running if one.takes(name)]
            shift = number % len(taking_part)
            for proxy in taking_part[shift:] + taking_part[:shift]:
                result = measure.measure_load(bench, proxy, case, given.seconds, given.warm_up)
                proxy.forget_log()
                results.setdefault(name, {})[proxy.name] = result
                say(f"round {number + 1}/{given.rounds} {name:9} {proxy.name:8}"
                    f"{result['cpu_us']:9.1f} us/request {result['rps']:9,.0f} requests/s "
                    f"{result['utilisation']:5.0%} of its core")
        # The order of the columns does not depend on who began.
        rounds.append({
            name: {one.name: measured[one.name] for one in running if one.name in measured}
            for name, measured in results.items()})
    return rounds


def run_bench(given, found, folder):
    """All measurements; returns the results. Every process it starts has ended when it returns."""
    proxy_core, load_core = sorted(os.sched_getaffinity(0))[:2]
    # The bench itself works little, and that beside the load, never beside the proxy.
    os.sched_setaffinity(0, {load_core})
    say = Progress(expected_seconds(given))
    results = {"rounds": [], "cases": {}, "ratios": {}, "idle": {}, "start": {}, "verified": {}}
    origin = processes.Process("bench_origin", [found["bench_origin"]], load_core)
    running = []
    try:
        origin_port = int(origin.read_line(5).split()[1])
        bench = measure.Bench(
            found["bench_load"], found["bench_idle"], load_core, origin, origin_port)
        for name in given.proxies:
            running.append(proxies.KINDS[name](folder, proxy_core, origin_port, found[name]))
        results["versions"] = {proxy.name: proxy.version() for proxy in running}
        others = [proxy for proxy in running if proxy.others]
        if "start" in given.measure:
            for proxy in others:
                say(f"start {proxy.name}, {given.starts} times")
                results["start"][proxy.name] = measure.measure_start(proxy, given.starts)
        for proxy in running:
            proxy.start()
            say(f"verify {proxy.name}")
            results["verified"][proxy.name] = measure.verify(bench, proxy, requests=5000)
        if "load" in given.measure:
            results["rounds"] = run_rounds(bench, running, given, say)
            results["cases"] = summary.summarise(results["rounds"])
            results["ratios"] = summary.ratios(results["rounds"])
        if "idle" in given.measure:
            for proxy in others:
                say(f"idle {proxy.name}, {given.idle_connections} connections")
                # A fresh process: what earlier load left behind is not the cost of idleness.
                proxy.stop()
                proxy.start()
                results["idle"][proxy.name] = measure.measure_idle(
                    bench, proxy, given.idle_connections, given.idle_seconds)
    finally:
        for one in [*running, origin]:
            one.stop()
    return results


def write(results, folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / f"{name}.md").write_text(report.markdown(results))
    if results["cases"] and "gateway" in results["versions"]:
        (folder / f"{name}.svg").write_text(plot.svg(results))


def main():
    given = parse_arguments()
    # So that every `finally` runs, also where a shell started us with SIGINT ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    tmpfs = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    try:
        found = find_programs(given)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if given.own_network:
            network.use_own()
        facts = machine.facts(HERE.parent) | {"congestion_control": network.congestion_control()}
        with tempfile.TemporaryDirectory(prefix="gateway-bench-", dir=tmpfs) as folder:
            results = run_bench(given, found, pathlib.Path(folder))
    except processes.BenchError as trouble:
        print(f"bench: {trouble}", file=sys.stderr)
        return 1
    results["machine"] = facts
    results["command"] = shlex.join(["python3", "bench/run.py", *sys.argv[1:]])
    results["settings"] = {
        "rounds": given.rounds, "seconds": given.seconds, "warm_up": given.warm_up,
        "idle_connections": given.idle_connections, "idle_seconds": given.idle_seconds}
    results["targets"] = summary.targets(results)
    write(results, given.results, given.name)
    print(report.markdown(results))
    print(f"written to {given.results}/{given.name}.md and what is beside it", file=sys.stderr)
    met = all(one["met"] for one in results["targets"])
    return 0 if met or not given.check else 1


if __name__ == "__main__":
    sys.exit(main())
