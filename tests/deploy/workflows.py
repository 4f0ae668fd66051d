#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of our workflows beyond their syntax: actions pinned by commit, least permissions, no
expression inside a shell step, every script there is, the region that of the values."""
import json
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = json.loads((ROOT / "deploy/ecs/values.json").read_text(encoding="utf-8"))["region"]
problems = []
for path in sorted((ROOT / ".github/workflows").glob("*.yml")):
    text = path.read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)
    if workflow.get("permissions") != {"contents": "read"}:
        problems.append(f"{path.name}: the workflow's permissions must be contents: read")
    for line in text.splitlines():
        if re.search(r"uses: [^.]", line) and not re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v?\d+\.\d+\.\d+$", line):
            problems.append(f"{path.name}: not pinned by commit, with its version: {line.strip()}")
    if re.search(r"(?i)secrets\.AWS|aws-access-key", text):
        problems.append(f"{path.name}: a long-lived key")
    for name, job in workflow["jobs"].items():
        if "uses" not in job and "timeout-minutes" not in job:
            problems.append(f"{path.name}: {name} has no time limit")
        for step in job.get("steps", []):
            run = step.get("run", "")
            if step.get("with", {}).get("aws-region", REGION) != REGION:
                problems.append(f"{path.name}: {name}: another region than {REGION}, that of deploy/ecs/values.json")
            if "${{" in run:
                problems.append(f"{path.name}: {name}: an expression in a shell step can inject: {run}")
            for script in re.findall(r"(?:deploy|tests)/[\w/.-]+\.(?:sh|py)", run):
                if not (ROOT / script).is_file():
                    problems.append(f"{path.name}: {name}: there is no {script}")
print("\n".join(problems))
sys.exit(1 if problems else 0)
