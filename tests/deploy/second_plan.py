#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads `terraform show -json` of a plan made right after an apply and names every change that the
mock does not explain: second_plan.py < plan.json"""
import json
import sys

# What moto does not store, and so shows as a change: nothing else may differ.
FORGOTTEN_BY_MOTO = {
    "aws_vpc_security_group_ingress_rule": {"description"},
    "aws_vpc_security_group_egress_rule": {"description"},
}

unexplained = []
for change in json.load(sys.stdin).get("resource_changes", []):
    if change["change"]["actions"] in (["no-op"], ["read"]):
        continue
    before, after = change["change"]["before"] or {}, change["change"]["after"] or {}
    unknown = change["change"].get("after_unknown") or {}
    different = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k) and not unknown.get(k)}
    different -= FORGOTTEN_BY_MOTO.get(change["type"], set())
    if change["change"]["actions"] != ["update"] or different:
        unexplained.append(f"{change['address']}: {change['change']['actions']} {sorted(different)}")
print("\n".join(unexplained))
sys.exit(1 if unexplained else 0)
