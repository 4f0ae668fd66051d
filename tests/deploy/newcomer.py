#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Follows the READMEs of deploy/terraform and deploy/ecs to the letter: newcomer.py CHECKOUT

Their `sh` blocks run one after the other, in one shell a README, against the AWS of AWS_ENDPOINT_URL;
an engine is played, whose pushes arrive in that AWS. Terraform makes staging, the plain CLI prod; both
must end with the same rights. Blocks without `sh` need a public site: their scripts must be there."""
import json
import os
import pathlib
import re
import subprocess
import sys

from asked import Role, aws, claim, verdict

CHECKOUT = pathlib.Path(sys.argv[1])
SERVICES = ("gateway", "frontend", "backend", "monitoring")
PLAYED = r"""
git() { echo 0123456789abcdef0123456789abcdef01234567; }
docker() {
    case $1 in
        build | tag) ;;
        login) [ -n "$(cat)" ] ;;
        push) local name=${3##*/}
            aws ecr put-image --repository-name "${name%:*}" --image-tag "${name##*:}" --query image.imageId --output text \
                --image-manifest '{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                    "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:'"$(printf %s "$name" | sha256sum | cut -d' ' -f1)"'"},
                    "layers": []}' ;;
        *) return 9 ;;
    esac
}
export -f git docker
"""
ENVIRONMENT = {**os.environ, "POLL_SECONDS": "0.1", "TF_CLI_ARGS_apply": "-no-color -auto-approve -parallelism=20",
               "TF_CLI_ARGS_destroy": "-no-color -auto-approve -parallelism=20"}


def blocks(page, kind="sh"):
    return [body for word, body in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S) if word == kind]


def follow(words, script, limit):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", PLAYED + script], cwd=CHECKOUT, env=ENVIRONMENT, timeout=limit,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    claim(words, done.returncode == 0, "\n" + done.stdout[-3000:])
    return done.returncode == 0


def rights(name, environment, service, kind):
    """What a role may do, with what differs between environments taken out."""
    found = set()
    for statement in Role(f"{name}-{service}-{kind}-us-east-1").statements:
        for action in statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]:
            for resource in statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]:
                what = json.dumps([action, resource, statement.get("Condition") or {}], sort_keys=True)
                what = re.sub(r"\bfs(ap)?-[0-9a-f]+", r"fs\1", what.replace(f"/{environment}/", "/").replace(f"/{name}-{service}:", "/log:"))
                found.add(re.sub(r'(?<=AccessPointArn": )\["([^"]+)"\]', r'"\1"', what))
    return found


def trust(name, service, kind):
    [statement] = Role(f"{name}-{service}-{kind}-us-east-1").trust()
    return statement["Principal"], json.dumps(statement["Condition"]).replace("[", "").replace("]", "")


def services(environment, name):
    answer = aws("ecs", "describe-services", "--cluster", f"lauv-{environment}-cluster", "--services", *(f"{name}-{s}-service" for s in SERVICES))
    return {s["serviceName"].removeprefix(f"{name}-").removesuffix("-service"): s for s in answer["services"]}


def with_terraform():
    page = CHECKOUT / "deploy/terraform/README.md"
    *up, down = blocks(page)
    if not follow("terraform/README.md: up, from an empty account to a deployed staging", "\n".join(up), 1800):
        return None
    images = json.loads((CHECKOUT / "images.json").read_text())
    claim("five images, each by the digest that the registry gave", len(images) == 5 and all(re.search("@sha256:[0-9a-f]{64}$", i) for i in images.values()), images)
    claim("all four services are there", set(services("staging", "lauv-staging")) == set(SERVICES))
    by_hand = "\n".join(blocks(page, ""))
    url = subprocess.run(["terraform", "-chdir=deploy/terraform/environments/staging", "output", "-raw", "url"], cwd=CHECKOUT,
                         capture_output=True, text=True, timeout=120)
    claim("the public address is an output", "output -raw url" in by_hand and url.stdout == "https://staging.app.lauv.in", url)
    return blocks(page)[0] + down


def with_the_cli():
    page = CHECKOUT / "deploy/ecs/README.md"
    vpc = aws("ec2", "describe-vpcs", "--filters", "Name=is-default,Values=true")["Vpcs"][0]["VpcId"]
    subnets = [s["SubnetId"] for s in aws("ec2", "describe-subnets", "--filters", f"Name=vpc-id,Values={vpc}")["Subnets"]][:2]
    group = aws("ec2", "describe-security-groups", "--filters", f"Name=vpc-id,Values={vpc}")["SecurityGroups"][0]["GroupId"]
    target = aws("elbv2", "create-target-group", "--name", "mine", "--vpc-id", vpc, "--protocol", "HTTP", "--port", "80",
                 "--target-type", "ip")["TargetGroups"][0]["TargetGroupArn"]
    script = "\n".join(blocks(page)).replace("ENVIRONMENT=staging", "ENVIRONMENT=prod")
    for paste, value in (("vpc-PASTE", vpc), ("subnet-PASTE,subnet-PASTE", ",".join(subnets)), ("arn-PASTE", target), ("sg-PASTE", group)):
        script = script.replace(paste, value)
    creating = script[:script.index("deploy/ecs/deploy.sh")]
    if not follow("ecs/README.md: prod with the plain CLI, then a deployment and a way back", script, 600):
        return
    made = services("prod", "lauv")
    claim("it made all four services, and the gateway serves its first revision again", set(made) == set(SERVICES)
          and made["gateway"]["taskDefinition"].endswith("lauv-gateway:1"), {n: s["taskDefinition"] for n, s in made.items()})
    claim("the gateway has its target group, each service its name in Cloud Map", made["gateway"]["loadBalancers"][0]["targetGroupArn"] == target
          and all(s["serviceRegistries"] for s in made.values()), made)
    for service in SERVICES:
        differ = {kind: rights("lauv", "prod", service, kind) ^ rights("lauv-staging", "staging", service, kind) for kind in ("execution", "task")}
        claim(f"{service}: its roles may what Terraform's may, and are trusted as those are", not any(differ.values()) and all(
            trust("lauv", service, kind) == trust("lauv-staging", service, kind) for kind in differ), differ)
    parameters = {p["Name"]: p["Version"] for p in aws("ssm", "describe-parameters")["Parameters"] if p["Name"].startswith("/lauv/prod/")}
    follow("create.sh again is harmless", creating, 300)
    again = services("prod", "lauv")
    claim("and changed nothing", {n: (s["serviceArn"], s["taskDefinition"]) for n, s in again.items()}
          == {n: (s["serviceArn"], s["taskDefinition"]) for n, s in made.items()}
          and parameters == {p["Name"]: p["Version"] for p in aws("ssm", "describe-parameters")["Parameters"] if p["Name"].startswith("/lauv/prod/")}
          and len(parameters) == 3 and len(aws("efs", "describe-file-systems")["FileSystems"]) == 2, (again, parameters))


down = with_terraform()
if down:
    with_the_cli()
    follow("terraform/README.md: down again", down, 1800)
    state = subprocess.run(["terraform", "-chdir=deploy/terraform/environments/staging", "state", "list"], cwd=CHECKOUT, text=True,
                           capture_output=True, timeout=120)
    clusters = aws("ecs", "describe-clusters", "--clusters", "lauv-staging-cluster")["clusters"]
    claim("nothing of staging is left", state.returncode == 0 and not state.stdout.split() and not [c for c in clusters if c["status"] == "ACTIVE"]
          and not [b for b in aws("elbv2", "describe-load-balancers")["LoadBalancers"]], (state.stdout, state.stderr, clusters))
verdict()
