# SPDX-License-Identifier: Apache-2.0
"""What each proxy did with each case, as a page."""
import re
import subprocess

RANKS = ("refused", "passed", "passed what must not pass", "gave bytes of one exchange to another")


def versions(nginx, haproxy):
    said = subprocess.run([nginx, "-v"], capture_output=True, text=True).stderr
    other = subprocess.run([haproxy, "-v"], capture_output=True, text=True).stdout
    return {"nginx": re.search(r"nginx/(\S+)", said).group(1),
            "HAProxy": re.search(r"version (\S+)", other).group(1)}


def counts(chosen, results):
    names = list(results[chosen[0].name])
    return {name: [sum(results[case.name][name].rank == rank for case in chosen)
                   for rank in range(len(RANKS))] for name in names}


def tally(chosen, results, bad):
    if not chosen:
        return "no cases"
    lines = [f"{name}: " + ", ".join(f"{n} {what}" for n, what in zip(row, RANKS))
             for name, row in counts(chosen, results).items()]
    failed = sum(bool(each) for each in bad.values())
    return "\n".join(lines + [f"{len(chosen)} cases, the gateway is too lax in {failed}"])


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("`", "\\`")


def write(path, sections, results, bad, versions):
    order = ("gateway", "nginx", "HAProxy")
    chosen = [case for _, all_ in sections for case in all_]
    out = ["# Hostile messages through three proxies", "",
           "Made by `make differential`; do not edit. Each case of `requests.cases` goes through the",
           "proxy to an origin that keeps every byte; each of `responses.cases` is what that origin",
           "answers. nginx and HAProxy are Debian's, with the settings of `proxies.py`. \"Refused\" means",
           "that no whole message came out at the other end. The gateway must refuse what the case",
           "wants refused, and is laxer than a peer only for a written reason.", "",
           f"nginx {versions['nginx']}, HAProxy {versions['HAProxy']}, {len(chosen)} cases.", "",
           "| | " + " | ".join(order) + " |", "|---|" + "---:|" * len(order)]
    count = counts(chosen, results)
    for rank, what in enumerate(RANKS):
        out.append(f"| {what} | " + " | ".join(str(count[name][rank]) for name in order) + " |")
    for title, all_ in sections:
        out += ["", f"## {title}", "", "| case | rule | wanted | " + " | ".join(order) + " |",
                "|---|---|---|" + "---|" * len(order)]
        for case in all_:
            row = [case.name, case.rule, case.want]
            row += [results[case.name][name].text for name in order]
            note = f" ({case.why})" if case.why else ""
            note += "".join(f" **{each}**" for each in bad[case.name])
            row = [cell(each) for each in row]
            out.append("| " + " | ".join(row[:3] + [row[3] + note] + row[4:]) + " |")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")
