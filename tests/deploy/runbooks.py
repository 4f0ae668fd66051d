#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of the runbooks: runbooks.py [IMAGES.json]

Each `sh` block of a page, after the variables of README.md, against the AWS of AWS_ENDPOINT_URL, the
blocks of a page in one shell. Blocks without `sh` are what an operator does with more than AWS's
interface: their `aws` commands are checked against the CLI's own model, deploy.sh runs against
tests/deploy/stubs, the rest must at least be there. And the words: metrics, causes, fields of the log
and links are compared with what the gateway has. Without AWS_ENDPOINT_URL only the words are."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNBOOKS = ROOT / "deploy/runbooks"
STUBS = ROOT / "tests/deploy/stubs"
MISSING_IN_MOTO = re.compile(r"NotImplemented|not been implemented|UnknownOperation|Could not find operation")
failures = 0


def claim(words, wrong):
    global failures
    failures += bool(wrong)
    print(f"{'FAIL' if wrong else 'ok  '}  {words}", *wrong, sep="\n      " if wrong else "", flush=True)


def blocks(text, kind):
    return [body for word, body in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S) if word == kind]


VARIABLES = "".join(blocks((RUNBOOKS / "README.md").read_text(encoding="utf-8"), "sh"))
BY_HAND = r"""
aws() { # the CLI knows the command and each of its options; nothing is called
    command aws "$@" --generate-cli-skeleton input >/dev/null && echo d-checked
}
terraform() { [ -d "${1#-chdir=}" ]; }
openssl() { cat >/dev/null; }
sed() { :; }
"""


def run(script, folder, **environment):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=600,
                          env={**os.environ, **environment})
    return [] if done.returncode == 0 else [f"exit {done.returncode}: {done.stderr.strip()[-600:]}"]


def run_page(page, text, folder):
    waits = "sleep() { :; }\n"  # the mock answers at once, and runs no task to become stable
    waits += "aws() { [ \"$1 $2\" = 'ecs wait' ] || command aws \"$@\"; }\n"
    commands = blocks(text, "sh") if page.name != "README.md" else []
    count = sum(bool(line.strip()) for block in commands for line in block.splitlines())
    if commands:
        wrong = run(VARIABLES + waits + "\n".join(commands), folder)
        if wrong and MISSING_IN_MOTO.search(wrong[0]):
            # The page's commands one by one: what the mock lacks is named, the rest counts.
            wrong, lacks = [], []
            for block in commands:
                outcome = run(VARIABLES + waits + block, folder)
                (lacks if outcome and MISSING_IN_MOTO.search(outcome[0]) else wrong).extend(outcome)
            for each in lacks:
                print(f"SKIP  {page.name}: the mock lacks: {each}", file=sys.stderr)
        claim(f"{page.name}: {count} lines run", wrong)


def check_by_hand(page, text, folder, images):
    state = folder / "state"
    state.mkdir(exist_ok=True)
    for block in blocks(text, ""):
        (state / "revision").write_text("7\n")
        script = VARIABLES + "OTHER=us-west-2 ACCOUNT=123456789012 FILE_SYSTEM=fs-1 PLAN=1\n" + BY_HAND
        for line in block.splitlines():
            if line.startswith(("deploy/ecs/", "AWS_REGION=\"$OTHER\" deploy/ecs/")):
                script += f'( unset -f aws; PATH="{STUBS}:$PATH"; {line} )\n'
            elif line.startswith("deploy/"):
                script += f"[ -x {line.split()[0]} ]\n"
            else:
                script += line + "\n"
        wrong = run(script, folder, STATE=str(state), CALLS=str(state / "calls"), OUTCOME="good", POLL_SECONDS="0.01",
                    FILE_SYSTEM="fs-0123456789abcdef0", ACCESS_POINT="fsap-0123456789abcdef0", AWS_DEFAULT_REGION="us-east-1")
        claim(f"{page.name}: by hand: {block.splitlines()[0][:60]}…", wrong)


def sources(folder):
    return "\n".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / folder).rglob("*.cpp")))


def check_words():
    pages = {p.name: p.read_text(encoding="utf-8") for p in sorted(RUNBOOKS.glob("*.md"))}
    whole = "\n".join(pages.values())
    claim("links lead to pages that are there", [f"{name}: {link}" for name, text in pages.items()
          for link in re.findall(r"\]\(([\w./-]+)\)", text) if not (RUNBOOKS / link).exists()])
    figures = set(re.findall(r'"((?:gateway|http|process)_[a-z_]+)"', sources("gateway/admin")))
    named = set(re.findall(r"`((?:gateway|http|process)_[a-z_]+)(?:\{\w+\})?`", whole))
    claim(f"the {len(named)} metrics named are the gateway's", sorted(named - figures) or ([] if len(named) > 8 else ["too few are named"]))
    rows = re.findall(r'^    \{\w+, "(\w+)", \w+, (\d+),', (ROOT / "gateway/base/error.cpp").read_text(), re.M)
    known, server_side = {name for name, _ in rows}, {name for name, status in rows if status.startswith("5")}
    told = set(re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in pages["errors-5xx.md"].splitlines() if line.startswith("| `"))))
    refused = {"unsupported_version", "unsupported_method", "unsupported_transfer_coding"}  # clients' own faults
    claim(f"the {len(told)} causes of errors-5xx.md are the gateway's, and none is missing", sorted(told - known)
          + [f"missing: {name}" for name in sorted(server_side - told - refused)])
    observability = (ROOT / "deploy/terraform/modules/observability/logs.tf").read_text()
    queries = re.findall(r"<<-Q\n(.*?)\n\s*Q$", observability, re.M | re.S) + re.findall(r"--query-string '([^']+)'", whole)
    fields = set(re.findall(r'"(\w+)"', sources("gateway/observe"))) | set(re.findall(r'"(\w+)"', (ROOT / "gateway/observe/text_line.hpp").read_text()))
    words = {w for q in queries for w in re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", re.sub(r'"[^"]*"|@\w+|\bas \w+', "", q))}
    language = {"filter", "stats", "count", "by", "sort", "desc", "fields", "limit", "pct", "bin", "not", "ispresent", "requests", "m"}
    claim(f"the questions to the log name {len(words - language)} fields that it has", sorted(words - language - fields))
    claim("each alarm of Terraform is explained in README.md", [a for a in ("5xx", "latency", "unhealthy", "cpu", "memory", "tasks")
          if f"`{a}`" not in pages["README.md"]])


check_words()
if os.environ.get("AWS_ENDPOINT_URL"):
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        for part in ("deploy", "config"):
            (work / part).symlink_to(ROOT / part)
        if len(sys.argv) > 1:
            (work / "images.json").write_text(pathlib.Path(sys.argv[1]).read_text())
        for path in sorted(RUNBOOKS.glob("*.md")):
            contents = path.read_text(encoding="utf-8")
            run_page(path, contents, work)
            check_by_hand(path, contents, work, sys.argv[1:])
sys.exit(1 if failures else 0)
