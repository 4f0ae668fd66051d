#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One hostile corpus through the gateway, nginx and HAProxy; fails when the gateway is too lax.

    tests/differential/run.py --gateway build/release/gateway/gateway [--report FILE] [CASE...]

Too lax is: letting through what the strictest sensible reading refuses (a case's "want"), letting
through what a peer refuses without a written reason ("why"), changing what had to pass, or handing
one client a byte of another's exchange. Exit code 77: nginx or HAProxy is not there.
"""
import argparse
import itertools
import pathlib
import re
import shutil
import socket
import sys
import tempfile
import threading
import time

import cases as corpus
import proxies
import reading
import report

HERE = pathlib.Path(__file__).parent
# How long a proxy may say nothing before we take it that it waits for more; longer where an answer
# is to come, so that a busy machine fails no test.
SILENCE = {"refuse": 0.4, "pass": 5}
AFTERGLOW = 0.03  # how long after the last expected byte we look for one more


class Outcome:
    """What a proxy did with a case. `rank`: 0 refused, 1 passed, 2 passed what must not pass, 3 gave
    bytes of one exchange to another."""

    def __init__(self, rank, text):
        self.rank, self.text = rank, text


def converse(port, data, methods, expected, want="pass"):
    """What the client got, and how the connection ended: "open", "closed" or "reset"."""
    got, ended = b"", "open"
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        try:
            client.sendall(data)
        except OSError:
            pass  # refused while we were sending; the reply says why
        end = time.monotonic() + SILENCE[want]
        while True:
            client.settimeout(max(end - time.monotonic(), 0.001))
            try:
                part = client.recv(65536)
            except TimeoutError:
                break
            except OSError:
                ended = "reset"
                break
            if not part:
                ended = "closed"
                break
            got += part
            if answered(got, methods) >= expected:
                end = min(end, time.monotonic() + AFTERGLOW)
    return got, ended


def answered(got, methods):
    try:
        found, rest = reading.responses(got, methods, False)
    except reading.Malformed:
        return 0
    final = [each for each in found if each.whole and each.status >= 200]
    return 0 if rest else len(final)


def statuses(got):
    return [m.decode() for m in re.findall(rb"(?:^|\n|\}|ok|clean)HTTP/1\.[01] (\d{3})", got)]


def statuses_text(got):
    """"100 (16 times) 502"."""
    runs = [(status, len(list(same))) for status, same in itertools.groupby(statuses(got))]
    return " ".join(status + (f" ({n} times)" if n > 2 else f" {status}" * (n - 1))
                    for status, n in runs)


def shown(data, most=90):
    text = data[:most].decode("latin-1")
    text = "".join(c if " " <= c < "\x7f" else {"\r": "\\r", "\n": "\\n"}.get(c, f"\\x{ord(c):02x}")
                   for c in text)
    return text + ("…" if len(data) > most else "")


def summary(request):
    framing = [n + b": " + v for n, v in request.fields
               if n.lower() in (b"content-length", b"transfer-encoding", b"host")]
    text = b"; ".join([request.line] + framing)
    text = re.sub(rb"127\.0\.0\.1:\d+", b"(the origin's address)", text)
    return shown(text, 120) + (f"; {len(request.body)} B" if request.body else "")


def judge_request(case, proxy):
    proxy.origin.begin(case)
    methods = re.findall(rb"(?:^|\n)([A-Z]+) ", case.send) or [b"GET"]
    got, ended = converse(proxy.port, case.send, methods, case.requests, case.want)
    time.sleep(0.01)
    said = statuses_text(got) or {"open": "waits"}.get(ended, ended)
    whole, odd = [], []
    for data in proxy.origin.received():
        try:
            found, rest = reading.requests(data)
            whole += found
            if rest and not found:
                odd.append(("begun", rest))
        except reading.Malformed as fault:
            odd.append((str(fault), data))
    faults = [text for text, _ in odd if text != "begun"]
    if faults:
        return Outcome(2, f"forwarded as it must not be ({faults[0]}): {shown(odd[0][1])}")
    if not whole:
        return Outcome(0, f"refused, {said}" + (" (after its begin went on)" if odd else ""))
    text = "; then ".join(summary(each) for each in whole)
    raw = b"".join(proxy.origin.received())
    for each in case.never:
        if each.lower() in raw.lower():
            return Outcome(2, f"forwarded with {shown(each)}: {text}")
    if len(whole) > case.requests:
        return Outcome(2, f"forwarded one request more than there is: {text}")
    for each in case.must:
        if each not in raw:
            return Outcome(1, f"forwarded without {shown(each)}: {text}")
    return Outcome(1, f"forwarded: {text}")


def judge_response(case, proxy):
    proxy.origin.begin(case)
    method = case.ask.split(b" ")[0]
    got, ended = converse(proxy.port, case.ask, [method], 1, case.want)
    # Whatever is left of it must not become the next client's answer.
    outcome = judge_answer(case, got, ended, method)
    for _ in range(2):
        clean, _ = converse(proxy.port, b"GET /clean HTTP/1.1\r\nHost: t\r\n\r\n", [b"GET"], 1)
        if not clean.endswith(b"\r\n\r\nclean"):
            outcome = Outcome(3, f"the next client got {shown(clean)}")
    proxy.origin.hang_up()
    time.sleep(0.01)
    return outcome


def judge_answer(case, got, ended, method):
    own = [s for s in statuses(got) if s in ("502", "504", "500")]
    if own and b"HTTP/1.1 " + own[0].encode() not in case.answer:
        return Outcome(0, f"refused, {statuses_text(got)}")
    try:
        found, rest = reading.responses(got, [method], ended == "closed")
    except reading.Malformed as fault:
        return Outcome(2, f"passed as it must not be ({fault}): {shown(got)}")
    final = [each for each in found if each.status >= 200 or each.status == 101]
    if rest:  # the client takes them for the answer to its next question
        return Outcome(3, f"bytes behind the response: {shown(rest)}")
    if not final or not final[-1].whole:
        how = {"open": "waits", "closed": "ended before its end", "reset": "reset"}[ended]
        return Outcome(0, f"cut: {how}" if got else f"refused, {ended}")
    for each in case.never:
        if each.lower() in got.lower():
            return Outcome(2, f"passed with {shown(each)}")
    lengths = final[-1].values(b"content-length") + final[-1].values(b"transfer-encoding")
    about = b", ".join(lengths).decode() or "until the end"
    for each in case.must:
        if each not in got:
            return Outcome(1, f"passed without {shown(each)}")
    return Outcome(1, f"passed: {final[-1].status}, {about}, {len(final[-1].body)} B")


def complaints(case, outcomes):
    ours = outcomes["gateway"]
    found = []
    if case.want == "refuse" and ours.rank > 0:
        found.append("the strictest sensible reading refuses it")
    if case.want == "pass" and ours.rank > 1:
        found.append("it may pass, but not so")
    if case.want == "pass" and ours.rank == 0 and case.must:
        found.append("it has to pass")
    if "without" in ours.text.split(":")[0]:
        found.append("something is missing that had to pass")
    for name, theirs in outcomes.items():
        if theirs.rank < ours.rank and not case.why:
            found.append(f"{name} is stricter and no reason is written")
    return found


def run_all(chosen, proxy, results):
    for case in chosen:
        judge = judge_response if case.answer else judge_request
        results[case.name][proxy.name] = judge(case, proxy)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--gateway", required=True)
    options.add_argument("--nginx", default=shutil.which("nginx") or "/usr/sbin/nginx")
    options.add_argument("--haproxy", default=shutil.which("haproxy") or "/usr/sbin/haproxy")
    options.add_argument("--report", help="write it to this file")
    options.add_argument("cases", nargs="*", help="names of cases; all when there are none")
    options = options.parse_args()
    for peer in (options.nginx, options.haproxy):
        if not pathlib.Path(peer).exists():
            print(f"SKIPPED: {peer} is not installed; see [bench] in deploy/packages.txt",
                  file=sys.stderr)
            return 77
    sections = [(title, corpus.read(HERE / name)) for title, name in
                (("Requests", "requests.cases"), ("Responses", "responses.cases"))]
    if options.cases:
        sections = [(t, [c for c in all_ if c.name in options.cases]) for t, all_ in sections]
    chosen = [case for _, all_ in sections for case in all_]
    results = {case.name: {} for case in chosen}
    if len(results) != len(chosen):
        raise SystemExit("two cases have the same name")
    with tempfile.TemporaryDirectory() as run:
        running = proxies.start(options.gateway, options.nginx, options.haproxy, run)
        try:
            threads = [threading.Thread(target=run_all, args=(chosen, each, results))
                       for each in running]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            alive = [each for each in running if each.process.poll() is None]
        finally:
            for each in running:
                each.stop()
    if len(alive) != len(running):
        raise SystemExit("a proxy ended by itself")
    bad = {case.name: complaints(case, results[case.name]) for case in chosen}
    versions = report.versions(options.nginx, options.haproxy)
    if options.report:
        report.write(options.report, sections, results, bad, versions)
    for case in chosen:
        show = bool(options.cases) or bad[case.name]
        if show:
            print(f"{case.name} ({case.rule}; want: {case.want})")
            for name, outcome in results[case.name].items():
                print(f"    {name:8} {outcome.text}")
            for each in bad[case.name]:
                print(f"    TOO LAX: {each}")
    print(report.tally(chosen, results, bad))
    return 1 if any(bad.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
