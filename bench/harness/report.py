# SPDX-License-Identifier: Apache-2.0
"""The results as text: Markdown tables, which the terminal shows as they are."""

from harness import measure, proxies

# Above this share of a core, what other programs did may have moved the figures.
FOREIGN_NOTICEABLE = 0.15


def title_of(proxy):
    return proxies.KINDS[proxy].title


def target_name(target):
    """In words; `target` is one of summary.targets()."""
    if target["what"] != "ratio":
        return target["what"]
    pair = f"{title_of(target['one'])} / {title_of(target['other'])}"
    return f"{measure.CASES[target['case']].title}: {pair}"


def target_figures(target):
    """(measured, limit) in words; the first is empty when nothing was measured."""
    digits, unit = (2, "") if target["what"] == "ratio" else (0, f" {target['unit']}")
    value = "" if target["value"] is None else f"{target['value']:.{digits}f}{unit}"
    return value, f"{target['limit']:.{digits}f}{unit}"


def table(head, rows):
    """A Markdown table whose columns line up."""
    cells = [head, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]

    def line(row):
        first = row[0].ljust(widths[0])
        return "| " + " | ".join([first] + [c.rjust(w) for c, w in zip(row[1:], widths[1:])]) + " |"

    # Names to the left, figures to the right.
    rules = ["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), "|" + "|".join(rules) + "|", *map(line, rows)])


def with_spread(value, digits):
    return f"{value['median']:.{digits}f} ({value['min']:.{digits}f}-{value['max']:.{digits}f})"


def milliseconds(us):
    # 0: the window was too short for a response to end in it.
    return f"{us['median'] / 1e3:.2f}" if us["median"] else "-"


def case_table(results, case):
    rows = []
    for proxy, figures in results["cases"][case].items():
        to_nginx = results["ratios"][case].get(f"{proxy}/nginx")
        rows.append([
            title_of(proxy),
            with_spread(figures["cpu_us"], 1),
            with_spread(to_nginx, 2) if to_nginx else "1" if proxy == "nginx" else "",
            f"{figures['rps']['median']:,.0f}",
            milliseconds(figures["p50_us"]),
            milliseconds(figures["p99_us"]),
            f"{figures['utilisation']['median']:.0%}",
        ])
    head = ["proxy", "CPU us/request", "of nginx", "requests/s", "p50 ms", "p99 ms", "core used"]
    return table(head, rows)


def ratio_table(results):
    if "gateway" not in results["versions"]:
        return ""
    others = [name for name in results["versions"] if name != "gateway"]
    rows = []
    for case in results["cases"]:
        found = [results["ratios"][case].get(f"gateway/{other}") for other in others]
        cells = [with_spread(one, 2) if one else "" for one in found]
        rows.append([measure.CASES[case].title, *cells])
    return table(["CPU per request", *[f"gateway / {title_of(one)}" for one in others]], rows)


def idle_table(results):
    rows = [[
        title_of(proxy),
        f"{one['bytes_per_connection']:,.0f}",
        f"{one['before_bytes'] / 1048576:.1f}",
        f"{one['after_bytes'] / 1048576:.1f}",
        f"{one['whole_bytes_per_connection']:,.0f}",
    ] for proxy, one in results["idle"].items()]
    head = ["proxy", "B/connection", "MiB before", "MiB with them", "whole process B/connection"]
    return table(head, rows)


def start_table(results):
    rows = [[
        title_of(proxy),
        f"{one['seconds'] * 1e3:.1f} ({one['least'] * 1e3:.1f}-{one['most'] * 1e3:.1f})",
    ] for proxy, one in results["start"].items()]
    return table(["proxy", "ms to the first answer"], rows)


def target_table(results):
    words = {True: "met", False: "MISSED", None: "not measured"}
    rows = []
    for one in results["targets"]:
        value, limit = target_figures(one)
        rows.append([target_name(one), limit, value, words[one["met"]]])
    return table(["target", "at most", "measured", ""], rows)


def disturbances(results):
    """What the machine did besides, when it was enough to matter."""
    worst = max((figures["foreign"]["max"] for case in results["cases"].values()
                 for figures in case.values()), default=0.0)
    steal = max((figures["steal"]["max"] for case in results["cases"].values()
                 for figures in case.values()), default=0.0)
    if max(worst, steal) < FOREIGN_NOTICEABLE:
        return ""
    return (f"Disturbed run: in the worst window other programs took {worst:.0%} of a core and the "
            f"hypervisor {steal:.0%} of the proxy's. CPU time per request does not count waiting, "
            "but caches were shared; repeat on a quiet machine before quoting these figures.\n")


def markdown(results):
    machine = results["machine"]
    given = results["settings"]
    parts = [
        "# Results of the bench\n",
        f"{machine['date']}, commit {machine['commit']}, made by `{results['command']}`. "
        "What is measured and how: [README](../README.md).\n",
        f"Machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"Linux {machine['kernel']}, {machine['system']}, "
        f"TCP congestion control {machine['congestion_control']}.\n",
        "Versions: " + ", ".join(
            f"{title_of(name)} {text}" for name, text in results["versions"].items()) + ".\n",
    ]
    if results["verified"]:
        parts += ["First each proxy answered these, every byte compared and, but for the relay, "
                  "each found in its access log: " + ", ".join(
                      f"{title_of(name)} {seen['requests']:,} requests over "
                      f"{seen['upstream_connections']} upstream connections"
                      for name, seen in results["verified"].items()) + ".\n"]
    if results["cases"]:
        parts += [
            f"Rounds: {given['rounds']} of {given['seconds']:g} s a case and proxy, interleaved. "
            "Median (least-most).\n", disturbances(results)]
        if "gateway" in results["versions"]:
            parts += ["![CPU time per request, as a share of nginx](latest.svg)\n"]
    parts += ["## Targets\n", target_table(results) + "\n"]
    if results["cases"] and ratio_table(results):
        parts += ["## Ratios\n", ratio_table(results) + "\n"]
    for case in results["cases"]:
        parts += [f"## {measure.CASES[case].title}\n", case_table(results, case) + "\n"]
    if results["idle"]:
        count = next(iter(results["idle"].values()))["connections"]
        parts += [f"## Memory with {count:,} idle connections\n", idle_table(results) + "\n"]
    if results["start"]:
        parts += ["## Start\n", start_table(results) + "\n"]
    return "\n".join(part for part in parts if part)
