#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a month of an environment costs without traffic, from values.json and list prices:

    costs.py                 the table of deploy/runbooks/costs.md
    costs.py ENVIRONMENT     the sum alone, in USD
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
HOURS = 730

# USD, us-east-1, on demand. Where each was read, and when, stands in deploy/runbooks/costs.md.
PRICES = {
    "vcpu": {"X86_64": 0.04048, "ARM64": 0.03238}, "gib": {"X86_64": 0.004445, "ARM64": 0.00356},  # an hour
    "ephemeral_gib": 0.000111,  # an hour, beyond the first 20
    "balancer": 0.0225, "capacity_unit": 0.008, "nat": 0.045, "address": 0.005,  # an hour
    "log_gb": 0.50, "metric": 0.30, "alarm_metric": 0.10, "dashboard": 3.00,  # a month
    "efs_gb": 0.30, "ecr_gb": 0.10, "zone": 0.50,  # a month
}
# Assumed: what no file of ours says.
LOG_GB, EFS_GB, ECR_GB = 5, 10, 5
INSIGHTS_METRICS = {"cluster": 10, "service": 14}
NAT_GATEWAYS = {"prod": 2, "staging": 1}


def load():
    return json.loads((HERE / "values.json").read_text(encoding="utf-8"))


def items(values, environment):
    here, services, architecture = values["environments"][environment], values["services"], values["architecture"]
    tasks = here["tasks"]
    vcpus = sum(count * services[s]["cpu"] / 1024 for s, count in tasks.items())
    gib = sum(count * services[s]["memory"] / 1024 for s, count in tasks.items())
    beyond = sum(count * max(0, services[s].get("storage_gib", 20) - 20) for s, count in tasks.items())
    nat = NAT_GATEWAYS[environment]
    metrics = INSIGHTS_METRICS["cluster"] + len(tasks) * INSIGHTS_METRICS["service"]
    alarms = 3 + 1 + 1 + 3 * len(tasks)  # the one on errors reads three metrics
    return [
        (f"Fargate: {vcpus:g} CPUs, {gib:g} GiB, {beyond} GiB of ephemeral storage beyond the free 20",
         HOURS * (vcpus * PRICES["vcpu"][architecture] + gib * PRICES["gib"][architecture] + beyond * PRICES["ephemeral_gib"])),
        ("ALB and one capacity unit", HOURS * (PRICES["balancer"] + PRICES["capacity_unit"])),
        (f"NAT gateways: {nat}", HOURS * nat * PRICES["nat"]),
        (f"public IPv4 addresses: {2 + nat} (the ALB's two, NAT's)", HOURS * (2 + nat) * PRICES["address"]),
        (f"CloudWatch: {LOG_GB} GB of logs, {alarms} alarm metrics, a dashboard",
         LOG_GB * PRICES["log_gb"] + alarms * PRICES["alarm_metric"] + PRICES["dashboard"]),
        (f"Container Insights: about {metrics} metrics", metrics * PRICES["metric"]),
        (f"EFS {EFS_GB} GB, ECR {ECR_GB} GB, two zones of names",
         EFS_GB * PRICES["efs_gb"] + ECR_GB * PRICES["ecr_gb"] + 2 * PRICES["zone"]),
    ]


def table(values):
    both = {e: items(values, e) for e in ("prod", "staging")}
    lines = ["| prod | USD | staging | USD |", "|---|---:|---|---:|"]
    for (what, cost), (staging_what, staging_cost) in zip(both["prod"], both["staging"]):
        lines.append(f"| {what} | {cost:.0f} | {'the same' if staging_what == what else staging_what} | {staging_cost:.0f} |")
    sums = {e: sum(cost for _, cost in found) for e, found in both.items()}
    lines.append(f"| **sum** | **{sums['prod']:.0f}** | **sum** | **{sums['staging']:.0f}** |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(f"{sum(cost for _, cost in items(load(), sys.argv[1])):.0f}")
    else:
        print(table(load()), end="")
