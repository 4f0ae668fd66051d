# SPDX-License-Identifier: Apache-2.0
"""From rounds to figures: medians, ratios and whether the targets are met."""

import statistics

# (case, a proxy, another, the one's CPU time per request is at most this share of the other's)
RATIO_TARGETS = (
    ("256b-64c", "gateway", "nginx", 0.70),
    ("256b-64c", "gateway", "haproxy", 0.55),
    ("256b-64c", "gateway", "relay", 1.35),
    ("256b-512c", "gateway", "nginx", 0.70),
    ("1m-64c", "gateway", "nginx", 0.35),
    ("1m-512c", "gateway", "nginx", 0.35),
)
# In a run of their own.
OBSERVING_TARGETS = (("256b-64c", "watched", "blind", 1.08),)
IDLE_BYTES_TARGET = 1536
START_SECONDS_TARGET = 0.100

FIGURES = ("cpu_us", "rps", "p50_us", "p99_us", "utilisation", "foreign", "steal")


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def summarise(rounds):
    """{case: {proxy: {figure: spread}}} of [{case: {proxy: measurement}}]."""
    cases = {}
    for case in rounds[0]:
        cases[case] = {
            proxy: {figure: spread([one[case][proxy][figure] for one in rounds])
                    for figure in FIGURES}
            for proxy in rounds[0][case]}
    return cases


def ratios(rounds):
    """{case: {"a/b": spread}} of CPU time per request. Each ratio is taken within one round, where
    both ran within seconds of each other; the median is of those."""
    found = {}
    for case, measured in rounds[0].items():
        found[case] = {
            f"{one}/{other}": spread([
                each[case][one]["cpu_us"] / each[case][other]["cpu_us"] for each in rounds])
            for one in measured for other in measured if one != other}
    return found


def targets(results):
    """Each target with what was measured; `met` is None when it was not measured."""
    lines = []

    def add(what, limit, value, **more):
        met = None if value is None else value <= limit
        lines.append({"what": what, "limit": limit, "value": value, "met": met, **more})

    observing = "watched" in results["versions"]
    for case, one, other, limit in OBSERVING_TARGETS if observing else RATIO_TARGETS:
        ratio = results["ratios"].get(case, {}).get(f"{one}/{other}")
        add("ratio", limit, ratio and ratio["median"], case=case, one=one, other=other)
    if observing:
        return lines
    idle = results["idle"].get("gateway")
    add("memory of an idle connection", IDLE_BYTES_TARGET,
        idle and idle["bytes_per_connection"], unit="B")
    start = results["start"].get("gateway")
    add("exec to the first answer", START_SECONDS_TARGET * 1e3,
        start and start["seconds"] * 1e3, unit="ms")
    return lines
