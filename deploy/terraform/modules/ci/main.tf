# GitHub Actions gets short-lived credentials by OIDC; there is no key to leak. Three roles:
#   build:  pushes images; for workflows on the main branch
#   deploy: registers task definitions and moves services; for jobs in a GitHub environment, whose
#           approvals therefore stand before it
#   plan:   reads; for pull requests of this repository
variable "prefix" {
  description = "What the roles' names begin with."
  type        = string
}

variable "repository" {
  description = "The GitHub repository, owner/name."
  type        = string
  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository is owner/name; a wildcard would let strangers in."
  }
}

variable "environments" {
  description = "GitHub environments that may deploy, to what the names there begin with and the cluster."
  type        = map(object({ name = string, cluster = string }))
}

variable "services" {
  description = "The services that are deployed."
  type        = set(string)
}

variable "repository_arns" {
  description = "The ECR repositories that are pushed to."
  type        = list(string)
}

variable "state_bucket_arn" {
  description = "The bucket of the Terraform state, which plans read."
  type        = string
}

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.name
  subjects = merge(
    {
      build = "repo:${var.repository}:ref:refs/heads/main"
      plan  = "repo:${var.repository}:pull_request"
    },
    { for e in keys(var.environments) : "deploy-${e}" => "repo:${var.repository}:environment:${e}" },
  )
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust" {
  for_each = local.subjects
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = [each.value]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each             = local.subjects
  name                 = "${var.prefix}-github-${each.key}"
  description          = "GitHub Actions: ${each.value}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  max_session_duration = 3600
}

data "aws_iam_policy_document" "build" {
  statement {
    sid       = "Login"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
  statement {
    sid = "Push"
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
    ]
    resources = var.repository_arns
  }
}

resource "aws_iam_role_policy" "build" {
  name   = "push"
  role   = aws_iam_role.this["build"].id
  policy = data.aws_iam_policy_document.build.json
}

data "aws_iam_policy_document" "deploy" {
  for_each = var.environments

  statement {
    sid       = "Register"
    actions   = ["ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"]
    resources = ["*"] # these take no narrower resource
  }
  statement {
    sid     = "Move"
    actions = ["ecs:UpdateService", "ecs:DescribeServices"]
    resources = [for s in var.services :
      "arn:aws:ecs:${local.region}:${local.account}:service/${each.value.cluster}/${each.value.name}-${s}-service"
    ]
  }
  statement {
    sid       = "Look"
    actions   = ["ecs:ListTasks", "ecs:DescribeTasks"]
    resources = ["*"]
    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = ["arn:aws:ecs:${local.region}:${local.account}:cluster/${each.value.cluster}"]
    }
  }
  statement {
    sid     = "Hand"
    actions = ["iam:PassRole"]
    resources = flatten([for s in var.services : [
      for kind in ["execution", "task"] : "arn:aws:iam::${local.account}:role/${each.value.name}-${s}-${kind}-${local.region}"
    ]])
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
  statement {
    sid       = "Storage"
    actions   = ["elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeAccessPoints"]
    resources = ["*"]
  }
  statement {
    sid = "BlueGreen"
    actions = [
      "codedeploy:CreateDeployment", "codedeploy:GetDeployment", "codedeploy:GetDeploymentConfig",
      "codedeploy:GetApplicationRevision", "codedeploy:RegisterApplicationRevision", "codedeploy:StopDeployment",
    ]
    resources = [
      "arn:aws:codedeploy:${local.region}:${local.account}:application:${each.value.name}-gateway",
      "arn:aws:codedeploy:${local.region}:${local.account}:deploymentgroup:${each.value.name}-gateway/gateway",
      "arn:aws:codedeploy:${local.region}:${local.account}:deploymentconfig:*",
    ]
  }
}

resource "aws_iam_role_policy" "deploy" {
  for_each = var.environments
  name     = "deploy"
  role     = aws_iam_role.this["deploy-${each.key}"].id
  policy   = data.aws_iam_policy_document.deploy[each.key].json
}

# Pull requests plan without refreshing: configuration against state, which holds no secret. So this
# role reads the state and what data sources ask for, and cannot read one resource, let alone a
# secret. Drift is seen by whoever applies.
data "aws_iam_policy_document" "plan" {
  statement {
    sid       = "State"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = [var.state_bucket_arn, "${var.state_bucket_arn}/*"]
  }
  statement {
    sid = "DataSources"
    actions = [
      "ec2:DescribeAvailabilityZones", "ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries",
      "route53:GetHostedZone", "route53:ListHostedZones", "route53:ListTagsForResource",
      "secretsmanager:GetRandomPassword", # a plan opens ephemeral resources, too; this one reads nothing
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "plan" {
  name   = "plan"
  role   = aws_iam_role.this["plan"].id
  policy = data.aws_iam_policy_document.plan.json
}

output "roles" {
  description = "Use to role ARN, for the repository's variables."
  value       = { for k, r in aws_iam_role.this : k => r.arn }
}
