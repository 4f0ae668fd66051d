#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks rendered task definitions: task_definitions.py FILE...

AWS's own model of RegisterTaskDefinition (botocore), enum values, Fargate's pairs of CPU and memory,
and what this estate promises: images by digest, no secret in the environment, a log, a health check,
a stop time-out above the gateway's drain; the program and user that the Dockerfile gives the gateway.
Then each promise is broken on purpose, one after the other, and must be found broken.
"""
import copy
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
ROOT = pathlib.Path(__file__).resolve().parents[2]
SETTINGS = (ROOT / "config/gateway.yaml").read_text(encoding="utf-8")
DRAIN_SECONDS = int(re.search(r"^  drain: (\d+)s", SETTINGS, re.M)[1])
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SECRET = re.compile(r"arn:aws:ssm:[a-z0-9-]+:\d{12}:parameter/\w+/(prod|staging)/(gateway|frontend|backend|monitoring)/[A-Z_]+")
ROLE = re.compile(r"arn:aws:iam::\d{12}:role/[\w-]+")
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
    if task["networkMode"] != "awsvpc" or task["requiresCompatibilities"] != ["FARGATE"]:
        yield "Fargate wants awsvpc, and to be named"
    if task.get("runtimePlatform", {}).get("operatingSystemFamily") != "LINUX" or "cpuArchitecture" not in task["runtimePlatform"]:
        yield "no runtime platform"
    for kind in ("executionRoleArn", "taskRoleArn"):
        if not ROLE.fullmatch(task.get(kind, "")):
            yield f"no {kind}"
    for name, c in containers.items():
        if not re.search(r"@sha256:[0-9a-f]{64}$", c["image"]):
            yield f"{name}: the image is not named by digest"
        if "healthCheck" not in c:
            yield f"{name}: no health check"
        if c.get("logConfiguration", {}).get("logDriver") != "awslogs":
            yield f"{name}: no log"
        if not DRAIN_SECONDS < c.get("stopTimeout", 30) <= 120:
            yield f"{name}: stopTimeout must be above the drain, {DRAIN_SECONDS} s, and at most 120 s"
        options = c.get("logConfiguration", {}).get("options", {})
        if not {"awslogs-group", "awslogs-region", "awslogs-stream-prefix"} <= set(options):
            yield f"{name}: the log has no group, region or prefix"
        if len(containers) == 1 and not any(u["name"] == "nofile" and u["softLimit"] >= 65536 for u in c.get("ulimits", [])):
            yield f"{name}: too few file descriptors"
        if c.get("linuxParameters", {}).get("capabilities", {}).get("drop") != ["ALL"] and name != "grafana":
            yield f"{name}: capabilities are kept"
        for secret in c.get("secrets", []):
            if not SECRET.fullmatch(secret["valueFrom"]) or not secret["valueFrom"].endswith("/" + secret["name"]):
                yield f"{name}: {secret['name']} is not one of its parameters in SSM"
        if not c.get("readonlyRootFilesystem") and name != "grafana":  # sessions write to its root
            yield f"{name}: the root file system is writable"
        if any("name" not in port for port in c["portMappings"]):
            yield f"{name}: a port without a name"
        if name == "gateway":
            program = re.findall(r'^ENTRYPOINT \["([^"]+)"\]', DOCKERFILE, re.M)[-1]
            if c.get("healthCheck", {}).get("command", ["", ""])[1] != program:
                yield f"{name}: the image's program is {program}, and its health check another"
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


def problems(task):
    report = ParamValidator().validate(task, SHAPE).generate_report()
    return report.splitlines() or [*wrong_enums(task, SHAPE), *broken_promises(task)]


def first(task):
    return task["containerDefinitions"][0]


BREAKAGES = {
    "a word that AWS does not know": lambda t: t.update(cpuu="256"),
    "a number for a name": lambda t: first(t).update(name=7),
    "an enum value that is none": lambda t: first(t)["portMappings"][0].update(appProtocol="gopher"),
    "a pair that Fargate has not": lambda t: t.update(cpu="256", memory="8192"),
    "host networking": lambda t: t.update(networkMode="host"),
    "no platform": lambda t: t.update(runtimePlatform={"operatingSystemFamily": "LINUX"}),
    "no execution role": lambda t: t.pop("executionRoleArn"),
    "no task role": lambda t: t.pop("taskRoleArn"),
    "an image by tag": lambda t: first(t).update(image="r/lauv-gateway:latest"),
    "no health check": lambda t: first(t).pop("healthCheck"),
    "no log": lambda t: first(t).pop("logConfiguration"),
    "a log without a group": lambda t: first(t)["logConfiguration"]["options"].pop("awslogs-group"),
    "a stop time-out below the drain": lambda t: first(t).update(stopTimeout=DRAIN_SECONDS),
    "a stop time-out beyond Fargate's": lambda t: first(t).update(stopTimeout=121),
    "a writable root": lambda t: first(t).update(readonlyRootFilesystem=False),
    "kept capabilities": lambda t: first(t).pop("linuxParameters"),
    "a port without a name": lambda t: first(t)["portMappings"][0].pop("name"),
    "a secret in the environment": lambda t: first(t).setdefault("environment", []).append({"name": "DB_PASSWORD", "value": "x"}),
    "a secret from elsewhere": lambda t: first(t).update(secrets=[{"name": "A", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/A"}]),
    "a mount of no volume": lambda t: first(t).update(mountPoints=[{"sourceVolume": "none", "containerPath": "/x"}]),
    "a dependency on nothing": lambda t: first(t).update(dependsOn=[{"containerName": "none", "condition": "START"}]),
}
OF_SERVICES = {"few file descriptors": lambda t: first(t).pop("ulimits")}
OF_THE_GATEWAY = {
    "another program's health check": lambda t: first(t)["healthCheck"].update(command=["CMD", "/bin/sh"]),
    "another user": lambda t: first(t).update(user="0:0"),
}


def unnoticed(task):
    wanted = dict(BREAKAGES)
    if len(task["containerDefinitions"]) == 1:
        wanted.update(OF_SERVICES)
    if task["family"].endswith("-gateway"):
        wanted.update(OF_THE_GATEWAY)
    for words, breakage in wanted.items():
        broken = copy.deepcopy(task)
        breakage(broken)
        if not problems(broken):
            yield f"{words} was not noticed"


tasks = {path: json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:]}
found = [f"{path}: {problem}" for path, task in tasks.items() for problem in [*problems(task), *unnoticed(task)]]
print("\n".join(found))
sys.exit(1 if found or not tasks else 0)
