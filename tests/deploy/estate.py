#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the applied estate is, asked of the (mock) AWS through its CLI: estate.py RENDERED_DIR

Prints one line for each claim, `ok` or `FAIL`.
"""
import json
import pathlib
import subprocess
import sys


def aws(*words):
    run = subprocess.run(["aws", *words, "--output", "json"], stdout=subprocess.PIPE, check=True, timeout=60)
    return json.loads(run.stdout or "null")


failures = 0


def claim(words, holds, seen=""):
    global failures
    failures += not holds
    print(f"{'ok  ' if holds else 'FAIL'}  {words}" + ("" if holds else f": {seen}"))


groups = {g["GroupId"]: g["GroupName"].removeprefix("lauv-") for g in
          aws("ec2", "describe-security-groups", "--filters", "Name=group-name,Values=lauv-*")["SecurityGroups"]}
paths = set()
for rule in aws("ec2", "describe-security-group-rules")["SecurityGroupRules"]:
    if rule["GroupId"] in groups and not rule["IsEgress"]:
        source = rule.get("CidrIpv4") or groups[rule["ReferencedGroupInfo"]["GroupId"]]
        paths.add((source, groups[rule["GroupId"]], rule["FromPort"], rule["ToPort"]))
expected = {
    ("0.0.0.0/0", "alb", 80, 80), ("0.0.0.0/0", "alb", 443, 443),
    ("alb", "gateway", 80, 80), ("alb", "gateway", 9113, 9113),
    ("gateway", "frontend", 80, 80), ("gateway", "backend", 5000, 5000), ("backend", "storage", 2049, 2049),
    ("monitoring", "gateway", 9113, 9113), ("monitoring", "backend", 9090, 9090),
}
claim("the security groups open the paths of the drawing and no other", paths == expected, paths ^ expected)

target_groups = aws("elbv2", "describe-target-groups")["TargetGroups"]
claim("there is one target group, the gateway's", [t["TargetGroupName"] for t in target_groups] == ["lauv-gateway"],
      target_groups)
claim("its health check asks /readyz on the admin port",
      (target_groups[0]["HealthCheckPath"], target_groups[0]["HealthCheckPort"]) == ("/readyz", "9113"), target_groups)
balancer = aws("elbv2", "describe-load-balancers")["LoadBalancers"][0]["LoadBalancerArn"]
listeners = {item["Port"]: item["DefaultActions"][0] for item in
             aws("elbv2", "describe-listeners", "--load-balancer-arn", balancer)["Listeners"]}
claim("80 redirects to https for good, 443 forwards",
      listeners[80].get("RedirectConfig", {}).get("StatusCode") == "HTTP_301" and listeners[443]["Type"] == "forward",
      listeners)

names = {s["Name"]: s["DnsConfig"]["DnsRecords"][0] for s in aws("servicediscovery", "list-services")["Services"]}
claim("services are found by the names that the gateway is given, for 10 s",
      all(names.get(f"{s}-service") == {"Type": "A", "TTL": 10} for s in ("gateway", "frontend", "backend")), names)

services = aws("ecs", "describe-services", "--cluster", "lauv-prod-cluster", "--services",
               *(f"lauv-{s}-service" for s in ("gateway", "frontend", "backend", "monitoring")))["services"]
claim("two gateways, frontends and backends, one monitoring",
      {s["serviceName"]: s["desiredCount"] for s in services}
      == {"lauv-gateway-service": 2, "lauv-frontend-service": 2, "lauv-backend-service": 2, "lauv-monitoring-service": 1},
      services)
claim("failed deployments go back by themselves",
      all(s["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True} for s in services))
claim("tasks have no public address",
      all(s["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED" for s in services))

DEFAULTS = {"cpu": 0, "configuredAtLaunch": False, "rootDirectory": "/"}


def plain(value):
    """Without what is empty or a default, which one side spells out and the other does not."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()
                if v not in ([], {}, None, "") and not (k in DEFAULTS and v == DEFAULTS[k])}
    return [plain(v) for v in value] if isinstance(value, list) else value


for file in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    rendered = json.loads(file.read_text())
    made = aws("ecs", "describe-task-definition", "--task-definition", rendered["family"])["taskDefinition"]

    keys = ("family", "cpu", "memory", "networkMode", "executionRoleArn", "taskRoleArn", "runtimePlatform",
            "containerDefinitions", "volumes")
    differ = [k for k in keys if plain(rendered.get(k) or []) != plain(made.get(k) or [])]
    claim(f"{file.stem}: render.py and Terraform make the same task definition", not differ,
          {k: (rendered.get(k), made.get(k)) for k in differ})

alarms = {a["AlarmName"] for a in aws("cloudwatch", "describe-alarms")["MetricAlarms"]}
wanted = {"lauv-5xx", "lauv-latency", "lauv-unhealthy-blue", "lauv-gateway-cpu", "lauv-backend-memory", "lauv-gateway-tasks"}
claim("alarms on errors, latency, health, CPU, memory and tasks", wanted <= alarms, wanted - alarms)


def statements(role, policy):
    document = aws("iam", "get-role-policy", "--role-name", role, "--policy-name", policy)["PolicyDocument"]
    return document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]


def listed(value):
    return value if isinstance(value, list) else [value]


for service in ("gateway", "frontend", "backend", "monitoring"):
    reach = [r for s in statements(f"lauv-{service}-execution", "start") for r in listed(s["Resource"])
             if any(a.startswith("ssm:") for a in listed(s["Action"]))]
    claim(f"{service}: ECS can read its own secrets and nobody else's",
          all(f"/prod/{service}/" in r and "*" not in r for r in reach), reach)
gateway_policies = aws("iam", "list-role-policies", "--role-name", "lauv-gateway-task")["PolicyNames"]
claim("the gateway itself may do nothing in AWS", gateway_policies == [], gateway_policies)
value = aws("ssm", "get-parameter", "--name", "/lauv/prod/monitoring/GF_SECURITY_ADMIN_PASSWORD", "--with-decryption")
claim("Grafana's password is a long random one", len(value["Parameter"]["Value"]) == 40)
sys.exit(1 if failures else 0)
