#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What prod is in another region, while the first still stands: estate_region.py REGION"""
import os
import sys

os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region = sys.argv[1]
from asked import Role, aws, claim, verdict  # noqa: E402

services = aws("ecs", "describe-services", "--cluster", "lauv-prod-cluster", "--services",
               *(f"lauv-{s}-service" for s in ("gateway", "frontend", "backend", "monitoring")))["services"]
claim(f"{region}: all four services are there", len(services) == 4 and all(f":{region}:" in s["serviceArn"] for s in services), services)
task = aws("ecs", "describe-task-definition", "--task-definition", "lauv-gateway")["taskDefinition"]
claim(f"{region}: tasks have roles of their own", task["executionRoleArn"].endswith(f"lauv-gateway-execution-{region}")
      and Role(f"lauv-gateway-execution-{region}").statements, task["executionRoleArn"])
[balancer] = aws("elbv2", "describe-load-balancers")["LoadBalancers"]
[zone] = [z for z in aws("route53", "list-hosted-zones")["HostedZones"] if z["Name"] == "lauv.in."]
records = aws("route53", "list-resource-record-sets", "--hosted-zone-id", zone["Id"])["ResourceRecordSets"]
[alias] = [r["AliasTarget"]["DNSName"] for r in records if r["Name"] == "app.lauv.in." and "AliasTarget" in r]
claim(f"{region}: the public name leads there", balancer["DNSName"] in alias and region in alias, alias)
verdict()
