#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks rendered task definitions: task_definitions.py FILE...

AWS's own model of RegisterTaskDefinition (botocore), enum values, Fargate's pairs of CPU and memory,
and what this estate promises: images by digest, no secret in the environment, a log, a health check,
a stop time-out above the gateway's drain; the program and user that the Dockerfile gives the gateway.
"""
import json
import pathlib
import re
import sys

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

SHAPE = ServiceModel(Loader().load_service_model("ecs", "service-2")) \
    .operation_model("RegisterTaskDefinition").input_shape
GIB = 1024
MEMORY = {
    256: {512, 1024, 2048}, 512: set(range(1024, 4096 + 1, GIB)), 1024: set(range(2048, 8192 + 1, GIB)),
    2048: set(range(4096, 16384 + 1, GIB)), 4096: set(range(8192, 30720 + 1, GIB)),
    8192: set(range(16384, 61440 + 1, 4 * GIB)), 16384: set(range(32768, 122880 + 1, 8 * GIB)),
}
DRAIN_SECONDS = 25
DOCKERFILE = (pathlib.Path(__file__).resolve().parents[2] / "Dockerfile").read_text(encoding="utf-8")
SECRET_WORDS = re.compile(r"SECRET|PASSWORD|TOKEN|DATABASE_URL|PRIVATE", re.I)


def wrong_enums(value, shape, path=""):
    if shape.type_name == "structure":
        for key, inner in value.items():
            yield from wrong_enums(inner, shape.members[key], f"{path}.{key}")
    elif shape.type_name == "list":
        for i, inner in enumerate(value):
            yield from wrong_enums(inner, shape.member, f"{path}[{i}]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {', '.join(shape.enum)}"


def broken_promises(task):
    if int(task["memory"]) not in MEMORY.get(int(task["cpu"]), set()):
        yield f"Fargate has no task of {task['cpu']} CPU units and {task['memory']} MiB"
    containers = {c["name"]: c for c in task["containerDefinitions"]}
    for name, c in containers.items():
        if not re.search(r"@sha256:[0-9a-f]{64}$", c["image"]):
            yield f"{name}: the image is not named by digest"
        if "healthCheck" not in c:
            yield f"{name}: no health check"
        if c.get("logConfiguration", {}).get("logDriver") != "awslogs":
            yield f"{name}: no log"
        if not DRAIN_SECONDS < c.get("stopTimeout", 30) <= 120:
            yield f"{name}: stopTimeout must be above the drain, {DRAIN_SECONDS} s, and at most 120 s"
        if not c.get("readonlyRootFilesystem") and name != "grafana":  # sessions write to its root
            yield f"{name}: the root file system is writable"
        if any("name" not in port for port in c["portMappings"]):
            yield f"{name}: a port without a name"
        if name == "gateway":
            program = re.findall(r'^ENTRYPOINT \["([^"]+)"\]', DOCKERFILE, re.M)[-1]
            if c["healthCheck"]["command"][1] != program:
                yield f"{name}: the image's program is {program}, not {c['healthCheck']['command'][1]}"
            if c["user"] != re.findall(r"^USER (\S+)", DOCKERFILE, re.M)[-1]:
                yield f"{name}: the image's user is another"
        for variable in c.get("environment", []):
            if SECRET_WORDS.search(variable["name"]):
                yield f"{name}: {variable['name']} belongs into secrets"
        for mount in c.get("mountPoints", []):
            if mount["sourceVolume"] not in {v["name"] for v in task.get("volumes", [])}:
                yield f"{name}: there is no volume {mount['sourceVolume']}"
        for other in c.get("dependsOn", []):
            if other["containerName"] not in containers:
                yield f"{name}: depends on {other['containerName']}, which does not exist"


def problems(path):
    with open(path, encoding="utf-8") as file:
        task = json.load(file)
    report = ParamValidator().validate(task, SHAPE).generate_report()
    return report.splitlines() or [*wrong_enums(task, SHAPE), *broken_promises(task)]


found = [f"{path}: {problem}" for path in sys.argv[1:] for problem in problems(path)]
print("\n".join(found))
sys.exit(1 if found or not sys.argv[1:] else 0)
