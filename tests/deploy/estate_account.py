#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the applied account is: the state's bucket, the registry, and what GitHub may do in it."""
import json

from asked import Role, aws, claim, listed, verdict

BUCKET = "lauv-terraform-state"
ECR = "arn:aws:ecr:us-east-1:123456789012:repository/lauv-gateway"
ECS = "arn:aws:ecs:us-east-1:123456789012:service/lauv-{}-cluster/{}-service"

claim("the state's bucket keeps versions", aws("s3api", "get-bucket-versioning", "--bucket", BUCKET)["Status"] == "Enabled")
claim("and is closed to the public", all(
    aws("s3api", "get-public-access-block", "--bucket", BUCKET)["PublicAccessBlockConfiguration"].values()))
claim("and encrypted", aws("s3api", "get-bucket-encryption", "--bucket", BUCKET)["ServerSideEncryptionConfiguration"]["Rules"])
[statement] = json.loads(aws("s3api", "get-bucket-policy", "--bucket", BUCKET)["Policy"])["Statement"]
claim("and spoken to by TLS only", (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}}))
objects = [o["Key"] for o in aws("s3api", "list-objects-v2", "--bucket", BUCKET).get("Contents", [])]
claim("it holds the account's state, and no lock that somebody forgot", "account.tfstate" in objects
      and not any(key.endswith(".tflock") for key in objects), objects)

repositories = {r["repositoryName"]: r for r in aws("ecr", "describe-repositories")["repositories"]}
claim("a repository an image", set(repositories) == {f"lauv-{c}" for c in ("gateway", "frontend", "backend", "prometheus", "grafana")})
claim("tags are immutable, and pushes are scanned", all(
    r["imageTagMutability"] == "IMMUTABLE" and r["imageScanningConfiguration"]["scanOnPush"] for r in repositories.values()))
rules = json.loads(aws("ecr", "get-lifecycle-policy", "--repository-name", "lauv-gateway")["lifecyclePolicyText"])["rules"]
claim("untagged images go after a week, and the newest fifty stay",
      [(r["selection"]["tagStatus"], r["selection"]["countNumber"]) for r in rules] == [("untagged", 7), ("any", 50)], rules)

subjects = {
    "build": "repo:owner/name:ref:refs/heads/main", "plan": "repo:owner/name:pull_request",
    "deploy-prod": "repo:owner/name:environment:prod", "deploy-staging": "repo:owner/name:environment:staging",
}
roles = {use: Role(f"lauv-github-{use}") for use in subjects}
for use, subject in subjects.items():
    [trust] = roles[use].trust()
    claim(f"GitHub {use}: only {subject} gets in", trust["Action"] == "sts:AssumeRoleWithWebIdentity" and set(trust["Condition"]) == {"StringEquals"}
          and {k: listed(v) for k, v in trust["Condition"]["StringEquals"].items()} == {
              "token.actions.githubusercontent.com:aud": ["sts.amazonaws.com"], "token.actions.githubusercontent.com:sub": [subject]}, trust)
    role = roles[use]
    claim(f"GitHub {use}: no secret, no user, no role and no other account's role",
          not any(role.may(a, "arn:aws:ssm:us-east-1:123456789012:parameter/lauv/prod/backend/JWT_SECRET") for a in ("ssm:GetParameter", "ssm:GetParameters"))
          and not any(role.may(a) for a in ("iam:CreateUser", "iam:CreateRole", "iam:PutRolePolicy", "sts:AssumeRole", "iam:CreateAccessKey"))
          and not role.attached, role.statements)
    claim(f"GitHub {use}: the state is {'read' if use == 'plan' else 'out of reach'}",
          role.may("s3:GetObject", f"arn:aws:s3:::{BUCKET}/prod.tfstate") == (use == "plan")
          and not role.may("s3:PutObject", f"arn:aws:s3:::{BUCKET}/prod.tfstate"))
    claim(f"GitHub {use}: images are {'pushed' if use == 'build' else 'not pushed'}", role.may("ecr:PutImage", ECR) == (use == "build")
          and not role.may("ecr:PutImage", "arn:aws:ecr:us-east-1:123456789012:repository/other"))
prod, staging = roles["deploy-prod"], roles["deploy-staging"]
claim("each environment's role moves its own services and not the other's",
      prod.may("ecs:UpdateService", ECS.format("prod", "lauv-gateway")) and not prod.may("ecs:UpdateService", ECS.format("staging", "lauv-staging-gateway"))
      and staging.may("ecs:UpdateService", ECS.format("staging", "lauv-staging-gateway")) and not staging.may("ecs:UpdateService", ECS.format("prod", "lauv-gateway")))
claim("it hands the services' own roles to tasks and no other",
      prod.may("iam:PassRole", "arn:aws:iam::123456789012:role/lauv-gateway-task-us-east-1") and not prod.may("iam:PassRole", "arn:aws:iam::123456789012:role/admin")
      and not prod.may("iam:PassRole", "arn:aws:iam::123456789012:role/lauv-staging-gateway-task-us-east-1"))
claim("it does what deploy.sh asks of it", all(prod.may(a) for a in (
    "ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition", "ecs:ListTaskDefinitions", "ecs:ListTasks", "ecs:DescribeTasks",
    "elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeAccessPoints")))
verdict()
