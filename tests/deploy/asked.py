# SPDX-License-Identifier: Apache-2.0
"""Questions to the (mock) AWS through its CLI, and claims about the answers, a line each."""
import contextlib
import fnmatch
import io
import json
import subprocess
import sys

failures = 0
try:  # version 1 is a Python package: started once, it answers a hundred questions in seconds
    from awscli.clidriver import create_clidriver
    DRIVER = create_clidriver()
except ImportError:
    DRIVER = None


def aws(*words):
    words = [*words, "--output", "json"]
    if not DRIVER:
        run = subprocess.run(["aws", *words], stdout=subprocess.PIPE, check=True, timeout=300, text=True)
        return json.loads(run.stdout or "null")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = DRIVER.main(words)
    assert status == 0, f"aws {' '.join(words)}: exit {status}"
    return json.loads(said.getvalue() or "null")


def claim(words, holds, seen=""):
    global failures
    failures += not holds
    print(f"{'ok  ' if holds else 'FAIL'}  {words}" + ("" if holds else f": {seen}"), flush=True)


def verdict():
    sys.exit(1 if failures else 0)


def listed(value):
    return value if isinstance(value, list) else [value]


class Role:
    """What its inline policies allow; conditions count as met, so this errs towards too much."""

    def __init__(self, name):
        self.name, self.statements = name, []
        for policy in aws("iam", "list-role-policies", "--role-name", name)["PolicyNames"]:
            document = aws("iam", "get-role-policy", "--role-name", name, "--policy-name", policy)["PolicyDocument"]
            self.statements += listed(document["Statement"])
        self.attached = aws("iam", "list-attached-role-policies", "--role-name", name)["AttachedPolicies"]

    def may(self, action, resource="*"):
        return any(statement["Effect"] == "Allow"
                   and any(fnmatch.fnmatchcase(action.lower(), a.lower()) for a in listed(statement["Action"]))
                   and any(fnmatch.fnmatchcase(resource, r) for r in listed(statement["Resource"]))
                   for statement in self.statements)

    def may_somewhere(self, action):
        return any(statement["Effect"] == "Allow" and any(fnmatch.fnmatchcase(action.lower(), a.lower()) for a in listed(statement["Action"]))
                   for statement in self.statements)

    def trust(self):
        document = aws("iam", "get-role", "--role-name", self.name)["Role"]["AssumeRolePolicyDocument"]
        return listed(document["Statement"])


def security_paths(prefix):
    """Who may talk to whom, by the groups' names: (from, to, ports) as seen by the receiver, and the
    same as seen by the sender."""
    groups = {g["GroupId"]: g["GroupName"].removeprefix(prefix) for g in
              aws("ec2", "describe-security-groups", "--filters", f"Name=group-name,Values={prefix}*")["SecurityGroups"]}
    incoming, outgoing = set(), set()
    for rule in aws("ec2", "describe-security-group-rules")["SecurityGroupRules"]:
        if rule["GroupId"] not in groups:
            continue
        other = rule.get("CidrIpv4") or rule.get("PrefixListId") or groups[rule["ReferencedGroupInfo"]["GroupId"]]
        mine = groups[rule["GroupId"]]
        if rule["IsEgress"]:
            outgoing.add((mine, other, rule["FromPort"], rule["ToPort"]))
        else:
            incoming.add((other, mine, rule["FromPort"], rule["ToPort"]))
    return incoming, outgoing


def target_groups():
    return {t["TargetGroupName"]: t for t in aws("elbv2", "describe-target-groups")["TargetGroups"]}


def listeners():
    [balancer] = aws("elbv2", "describe-load-balancers")["LoadBalancers"]
    found = aws("elbv2", "describe-listeners", "--load-balancer-arn", balancer["LoadBalancerArn"])["Listeners"]
    return balancer, {one["Port"]: one for one in found}
