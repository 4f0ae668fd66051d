#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the applied prod is, asked of the (mock) AWS through its CLI: estate.py RENDERED_DIR"""
import json
import pathlib
import sys

from asked import Role, aws, claim, listed, listeners, security_paths, target_groups, verdict

TASKS = ("gateway", "frontend", "backend", "monitoring")
INSIDE = {
    ("alb", "gateway", 80, 80), ("alb", "gateway", 9113, 9113),
    ("gateway", "frontend", 80, 80), ("gateway", "backend", 5000, 5000), ("backend", "storage", 2049, 2049),
    ("monitoring", "gateway", 9113, 9113), ("monitoring", "backend", 9090, 9090),
}
incoming, outgoing = security_paths("lauv-")
expected = INSIDE | {("0.0.0.0/0", "alb", 80, 80), ("0.0.0.0/0", "alb", 443, 443)}
claim("the security groups open the paths of the drawing and no other", incoming == expected, incoming ^ expected)
expected = INSIDE | {(task, "0.0.0.0/0", 443, 443) for task in TASKS}
claim("what leaves goes along the same paths, and to AWS by https", outgoing == expected, outgoing ^ expected)
claim("the default group lets nothing through", not any(
    g["IpPermissions"] or g["IpPermissionsEgress"] for g in
    aws("ec2", "describe-security-groups", "--filters", "Name=group-name,Values=default")["SecurityGroups"]
    if g["VpcId"] in {v["VpcId"] for v in aws("ec2", "describe-vpcs", "--filters", "Name=tag:Name,Values=lauv-vpc")["Vpcs"]}))

groups = target_groups()
claim("there is one target group, the gateway's", list(groups) == ["lauv-gateway"], list(groups))
group = groups["lauv-gateway"]
claim("its health check asks /readyz on the admin port", (group["HealthCheckPath"], group["HealthCheckPort"]) == ("/readyz", "9113"), group)
balancer, ports = listeners()
first = {port: listener["DefaultActions"][0] for port, listener in ports.items()}
claim("80 redirects to https for good, 443 forwards",
      first[80].get("RedirectConfig", {}).get("StatusCode") == "HTTP_301" and first[443]["Type"] == "forward", first)
certificate = aws("acm", "describe-certificate", "--certificate-arn", ports[443]["Certificates"][0]["CertificateArn"])["Certificate"]
claim("the certificate is the domain's, and issued", (certificate["DomainName"], certificate["Status"]) == ("app.lauv.in", "ISSUED"), certificate)
[zone] = [z for z in aws("route53", "list-hosted-zones")["HostedZones"] if z["Name"] == "lauv.in."]
records = {(r["Name"], r["Type"]): r for r in
           aws("route53", "list-resource-record-sets", "--hosted-zone-id", zone["Id"])["ResourceRecordSets"]}
alias = records.get(("app.lauv.in.", "A"), {}).get("AliasTarget", {})
claim("the public name leads to the load balancer", balancer["DNSName"] in alias.get("DNSName", ""), alias)

names = {s["Name"]: s["DnsConfig"]["DnsRecords"][0] for s in aws("servicediscovery", "list-services")["Services"]}
claim("services are found by the names that the gateway is given, for 10 s",
      all(names.get(f"{s}-service") == {"Type": "A", "TTL": 10} for s in ("gateway", "frontend", "backend")), names)

services = {s["serviceName"]: s for s in aws("ecs", "describe-services", "--cluster", "lauv-prod-cluster", "--services",
                                             *(f"lauv-{s}-service" for s in TASKS))["services"]}
claim("two gateways, frontends and backends, one monitoring", {n: s["desiredCount"] for n, s in services.items()} == {
    "lauv-gateway-service": 2, "lauv-frontend-service": 2, "lauv-backend-service": 2, "lauv-monitoring-service": 1}, services)
claim("failed deployments go back by themselves",
      all(s["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True} for s in services.values()))
claim("tasks have no public address",
      all(s["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED" for s in services.values()))
private = {n["SubnetId"] for n in aws("ec2", "describe-subnets", "--filters", "Name=tag:Name,Values=lauv-private-*")["Subnets"]}
claim("tasks are in both private subnets", len(private) == 2 and all(
    set(s["networkConfiguration"]["awsvpcConfiguration"]["subnets"]) == private for s in services.values()), private)
claim("the load balancer is in two public subnets", len(balancer["AvailabilityZones"]) == 2
      and not private & {z["SubnetId"] for z in balancer["AvailabilityZones"]}, balancer["AvailabilityZones"])
way_out = {r["DestinationCidrBlock"]: next((k for k in ("NatGatewayId", "GatewayId") if k in r), None)
           for t in aws("ec2", "describe-route-tables", "--filters", "Name=tag:Name,Values=lauv-private-*")["RouteTables"]
           for r in t["Routes"] if "DestinationCidrBlock" in r}
claim("private subnets reach the world through NAT", way_out.get("0.0.0.0/0") == "NatGatewayId", way_out)
claim("S3, and so every image layer, is reached without NAT", [
    e["ServiceName"] for e in aws("ec2", "describe-vpc-endpoints")["VpcEndpoints"]] == ["com.amazonaws.us-east-1.s3"])

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

policies = {p["PolicyName"]: p["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]["PredefinedMetricType"]
            for p in aws("application-autoscaling", "describe-scaling-policies", "--service-namespace", "ecs")["ScalingPolicies"]}
claim("gateways scale on CPU and on requests a target, the others on CPU", policies == {
    "lauv-gateway-cpu": "ECSServiceAverageCPUUtilization", "lauv-gateway-requests": "ALBRequestCountPerTarget",
    "lauv-frontend-cpu": "ECSServiceAverageCPUUtilization", "lauv-backend-cpu": "ECSServiceAverageCPUUtilization"}, policies)

# Autoscaling makes alarms of its own for each of its policies.
alarms = {a["AlarmName"]: a for a in aws("cloudwatch", "describe-alarms")["MetricAlarms"]
          if not a["AlarmName"].startswith("TargetTracking-")}
wanted = {"lauv-5xx", "lauv-latency", "lauv-unhealthy-blue"} | {
    f"lauv-{s}-{what}" for s in TASKS for what in ("cpu", "memory", "tasks")}
claim("alarms on errors, latency, health, CPU, memory and tasks", set(alarms) == wanted, set(alarms) ^ wanted)
[topic] = [t["TopicArn"] for t in aws("sns", "list-topics")["Topics"] if t["TopicArn"].endswith(":lauv-alarms")]
claim("each tells the topic, when it fires and when it is over",
      all(a["AlarmActions"] == [topic] and a["OKActions"] == [topic] for a in alarms.values()))
runbooks = pathlib.Path(__file__).resolve().parents[2]
claim("each names a runbook that is there",
      all((runbooks / a["AlarmDescription"].rsplit(" ", 1)[1]).is_file() for a in alarms.values()),
      [a["AlarmDescription"] for a in alarms.values()])
claim("somebody hears of it", [s["Endpoint"] for s in aws("sns", "list-subscriptions-by-topic", "--topic-arn", topic)["Subscriptions"]]
      == ["ops@example.com"])
log_groups = {g["logGroupName"]: g.get("retentionInDays") for g in aws("logs", "describe-log-groups")["logGroups"]}
claim("logs are kept for 90 days", all(log_groups.get(f"/ecs/lauv-{s}") == 90 for s in TASKS), log_groups)
queries = {q["name"] for q in aws("logs", "describe-query-definitions")["queryDefinitions"]}
claim("questions to the log are saved", {"lauv/502s-now", "lauv/why-5xx", "lauv/slowest", "lauv/one-request"} <= queries, queries)
board = json.loads(aws("cloudwatch", "get-dashboard", "--dashboard-name", "lauv")["DashboardBody"])
claim("the dashboard has its eight panels", len(board["widgets"]) == 8, board)
[budget] = aws("budgets", "describe-budgets", "--account-id", "123456789012")["Budgets"]
claim("a month's budget is watched", float(budget["BudgetLimit"]["Amount"]) == 320, budget)

secret = "arn:aws:ssm:us-east-1:123456789012:parameter/lauv/prod/{}"
for service in TASKS:
    role = Role(f"lauv-{service}-execution-us-east-1")
    reach = [r for s in role.statements for r in listed(s["Resource"]) if any(a.startswith("ssm:") for a in listed(s["Action"]))]
    claim(f"{service}: ECS can read its own secrets and nobody else's",
          all(f"/prod/{service}/" in r and "*" not in r for r in reach) and not role.may("ssm:GetParameters", secret.format("x/Y")), reach)
    claim(f"{service}: ECS can pull its images and no other, and write its log and no other",
          role.may("ecr:BatchGetImage", f"arn:aws:ecr:us-east-1:123456789012:repository/lauv-{'grafana' if service == 'monitoring' else service}")
          and not role.may("ecr:BatchGetImage", "arn:aws:ecr:us-east-1:123456789012:repository/other")
          and not role.may("ecr:PutImage", f"arn:aws:ecr:us-east-1:123456789012:repository/lauv-{service}")
          and not role.may("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/other:*"), role.statements)
    claim(f"{service}: its roles are for tasks of this account",
          all(s["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
              and s["Condition"]["StringEquals"]["aws:SourceAccount"] in ("123456789012", ["123456789012"])
              for kind in ("execution", "task") for s in Role(f"lauv-{service}-{kind}-us-east-1").trust()))
gateway, backend = Role("lauv-gateway-task-us-east-1"), Role("lauv-backend-task-us-east-1")
claim("the gateway and the frontend themselves may do nothing in AWS",
      not any(r.statements or r.attached for r in (gateway, Role("lauv-frontend-task-us-east-1"))))
claim("the backend may mount its own file system, not as root, and nothing else",
      {a for s in backend.statements for a in listed(s["Action"])} == {"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"}
      and "*" not in [r for s in backend.statements for r in listed(s["Resource"])], backend.statements)
value = aws("ssm", "get-parameter", "--name", "/lauv/prod/monitoring/GF_SECURITY_ADMIN_PASSWORD", "--with-decryption")
claim("Grafana's password is a long random one", len(value["Parameter"]["Value"]) == 40)
verdict()
