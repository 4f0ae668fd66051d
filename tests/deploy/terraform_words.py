#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names each variable without a description or type, and each output without a description:
terraform_words.py FOLDER"""
import pathlib
import re
import sys

problems, seen = [], 0
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.tf")):
    if ".terraform" in path.parts:
        continue
    for kind, name, body in re.findall(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', path.read_text(encoding="utf-8"), re.M | re.S):
        seen += 1
        wanted = ["description", "type"] if kind == "variable" else ["description"]
        problems += [f"{path}: {kind} {name} has no {word}" for word in wanted if not re.search(rf"^  {word}\s+= ", body, re.M)]
print("\n".join(problems) or f"{seen} described")
sys.exit(1 if problems or seen < 50 else 0)
