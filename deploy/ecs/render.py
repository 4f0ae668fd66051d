#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fills the task definitions in tasks/ from values.json, ready for
`aws ecs register-task-definition --cli-input-json file://...`.

Terraform fills the same files from the same values (modules/service), and tests/deploy compares
what the two make of them. Standard library only.

    render.py --environment prod --account 123456789012 --images images.json --out DIR [SERVICE...]

images.json names an image by digest for each container: {"gateway": "…/lauv-gateway@sha256:…", …}.
"""
import argparse
import json
import pathlib
import re
import string
import sys

HERE = pathlib.Path(__file__).resolve().parent
CONTAINERS = {
    "gateway": ["gateway"], "frontend": ["frontend"], "backend": ["backend"],
    "monitoring": ["prometheus", "grafana"],
}
BY_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}$")


def load_values(path=HERE / "values.json"):
    return json.loads(path.read_text(encoding="utf-8"))


def name_of(values, environment):
    """What the names in this environment begin with: the prefix; outside prod, its name too."""
    return values["prefix"] if environment == "prod" else f"{values['prefix']}-{environment}"


def secrets_of(values, environment, account, service):
    where = f"arn:aws:ssm:{values['region']}:{account}:parameter/{values['prefix']}/{environment}"
    return [
        {"name": name, "valueFrom": f"{where}/{service}/{name}"}
        for name in sorted(values["services"][service]["secrets"])
    ]


def variables(values, environment, account, images, service, extra):
    """Everything a task definition of `service` may name between ${ and }."""
    services = values["services"]
    plain = {k: v for k, v in services[service].items() if k != "secrets"}
    return {
        "name": name_of(values, environment),
        "environment": environment,
        "account": account,
        "region": values["region"],
        "namespace": values["namespace"],
        "architecture": values["architecture"],
        "frontend_port": services["frontend"]["port"],
        "backend_port": services["backend"]["port"],
        "backend_metrics_port": services["backend"]["metrics_port"],
        "gateway_admin_port": services["gateway"]["admin_port"],
        "secrets": json.dumps(secrets_of(values, environment, account, service)),
        **plain,
        **extra,
        **{f"image_{c}": images[c] for c in CONTAINERS[service]},
    }


def render(values, environment, account, images, service, extra):
    text = (HERE / "tasks" / f"{service}.json").read_text(encoding="utf-8")
    filled = string.Template(text).substitute(
        variables(values, environment, account, images, service, extra))
    return json.loads(filled)


def arguments(argv):
    values = load_values()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--environment", required=True, choices=sorted(values["environments"]))
    parser.add_argument("--account", required=True, help="the AWS account's twelve digits")
    parser.add_argument("--images", required=True, type=pathlib.Path, help="JSON: container to image")
    parser.add_argument("--file-system", default="", help="EFS of the backend, fs-…")
    parser.add_argument("--access-point", default="", help="its access point, fsap-…")
    parser.add_argument("--remote-write-url", default="off", help="of Amazon Managed Prometheus")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("services", nargs="*", default=[], metavar="SERVICE")
    return values, parser.parse_args(argv)


def main(argv):
    values, args = arguments(argv)
    services = args.services or sorted(CONTAINERS)
    images = json.loads(args.images.read_text(encoding="utf-8"))
    extra = {"file_system": args.file_system, "access_point": args.access_point,
             "remote_write_url": args.remote_write_url}

    problems = [f"there is no service {s!r}; known: {', '.join(CONTAINERS)}"
                for s in services if s not in CONTAINERS]
    if not re.fullmatch(r"\d{12}", args.account):
        problems.append(f"--account takes twelve digits, not {args.account!r}")
    for container in (c for s in services for c in CONTAINERS.get(s, [])):
        if not BY_DIGEST.match(images.get(container, "")):
            problems.append(f"{args.images}: {container!r} needs an image by digest, …@sha256:…, "
                            f"not {images.get(container)!r}; a tag can change under a running service")
    if "backend" in services and not (args.file_system and args.access_point):
        problems.append("the backend needs --file-system and --access-point (terraform output storage)")
    if problems:
        sys.exit("\n".join(f"render.py: {p}" for p in problems))

    args.out.mkdir(parents=True, exist_ok=True)
    for service in services:
        definition = render(values, args.environment, args.account, images, service, extra)
        target = args.out / f"{service}.json"
        target.write_text(json.dumps(definition, indent=2) + "\n", encoding="utf-8")
        print(target)


if __name__ == "__main__":
    main(sys.argv[1:])
