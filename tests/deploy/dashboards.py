#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The dashboards as Grafana reads them: identifiers, places, data sources, and every query through
promtool. Grafana itself is not needed."""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = {"row", "timeseries", "stat", "gauge", "table", "heatmap", "bargauge", "text", "state-timeline"}
problems = []


def sources(path):
    return {s["uid"]: s["type"] for s in yaml.safe_load(path.read_text(encoding="utf-8"))["datasources"]}


known = sources(ROOT / "deploy/monitoring/grafana/datasources/prometheus.yaml")
if sources(ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml") != known:
    problems.append("compose and AWS provision different data sources")
queries = []
for path in sorted((ROOT / "deploy/grafana/dashboards").glob("*.json")):
    board = json.loads(path.read_text(encoding="utf-8"))
    problems += [f"{path.name}: no {key}" for key in ("uid", "title", "schemaVersion", "time", "refresh") if not board.get(key)]
    ids = [panel["id"] for panel in board["panels"]]
    if len(ids) != len(set(ids)):
        problems.append(f"{path.name}: two panels have one id")
    taken = {}
    for panel in board["panels"]:
        words = f"{path.name}: {panel.get('title') or panel['id']}"
        if panel["type"] not in KINDS:
            problems.append(f"{words}: unknown kind {panel['type']}")
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            problems.append(f"{words}: stands over the edge")
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
            if cell in taken and taken[cell] != words:
                problems.append(f"{words}: covers {taken[cell]}")
                break
            taken[cell] = words
        if panel["type"] not in ("row", "text") and not panel.get("targets"):
            problems.append(f"{words}: asks nothing")
        names = [target["refId"] for target in panel.get("targets", [])]
        if len(names) != len(set(names)):
            problems.append(f"{words}: two queries have one letter")
        for target in panel.get("targets", []):
            queries.append((words, target["expr"]))
            source = target.get("datasource") or panel.get("datasource") or {}
            if known.get(source.get("uid")) != source.get("type"):
                problems.append(f"{words}: its data source {source} is not provisioned")
if len(queries) < 30:
    problems.append(f"only {len(queries)} queries")
with tempfile.TemporaryDirectory() as name:
    rules = pathlib.Path(name) / "queries.yml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": [
        {"record": f"panel:{i}", "expr": re.sub(r"\$__(rate_)?interval", "1m", query)} for i, (_, query) in enumerate(queries)]}]}))
    lint = subprocess.run(["promtool", "check", "rules", str(rules)], capture_output=True, text=True, timeout=60)
    if lint.returncode:
        problems.append(lint.stdout + lint.stderr)
print("\n".join(problems))
sys.exit(1 if problems else 0)
