# Two roles a service. Their names end in the region: IAM is the same in all, and the estate may have
# to come up in another while the first cannot be reached.
# Execution: what ECS may do to start it: pull its images, read its secrets,
# write its log. Task: what the program itself may do; for most that is nothing at all.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
    # Only tasks of this account: the role cannot be lent to another's by mistake.
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

data "aws_iam_policy_document" "execution" {
  for_each = var.services

  statement {
    sid       = "Login"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # it takes no other resource
  }
  statement {
    sid       = "Pull"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = var.repositories[each.key]
  }
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${var.log_groups[each.key]}:*"]
  }
  dynamic "statement" {
    for_each = length(each.value) > 0 ? [1] : []
    content {
      sid       = "Secrets"
      actions   = ["ssm:GetParameters"]
      resources = [for secret in keys(each.value) : aws_ssm_parameter.this["${each.key}/${secret}"].arn]
    }
  }
  dynamic "statement" {
    for_each = length(each.value) > 0 && var.kms_key_arn != null ? [1] : []
    content {
      sid       = "Decrypt"
      actions   = ["kms:Decrypt"]
      resources = [var.kms_key_arn]
    }
  }
}

resource "aws_iam_role" "execution" {
  for_each           = var.services
  name               = "${var.name}-${each.key}-execution-${data.aws_region.current.name}"
  description        = "ECS starts ${each.key} with it"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "execution" {
  for_each = var.services
  name     = "start"
  role     = aws_iam_role.execution[each.key].id
  policy   = data.aws_iam_policy_document.execution[each.key].json
}

resource "aws_iam_role" "task" {
  for_each           = var.services
  name               = "${var.name}-${each.key}-task-${data.aws_region.current.name}"
  description        = "What ${each.key} itself may do"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "mount" {
  statement {
    sid       = "Mount"
    actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    resources = [var.file_system_arn]
    condition {
      test     = "StringEquals"
      variable = "elasticfilesystem:AccessPointArn"
      values   = [var.access_point_arn]
    }
  }
}

resource "aws_iam_role_policy" "mount" {
  name   = "mount"
  role   = aws_iam_role.task["backend"].id
  policy = data.aws_iam_policy_document.mount.json
}

data "aws_iam_policy_document" "session" {
  statement {
    sid = "Session"
    actions = [
      "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"] # these take no other resource
  }
}

resource "aws_iam_role_policy" "session" {
  for_each = var.exec_services
  name     = "session"
  role     = aws_iam_role.task[each.key].id
  policy   = data.aws_iam_policy_document.session.json
}

data "aws_iam_policy_document" "remote_write" {
  count = var.remote_write ? 1 : 0
  statement {
    sid       = "Write"
    actions   = ["aps:RemoteWrite"]
    resources = [var.workspace_arn]
  }
}

resource "aws_iam_role_policy" "remote_write" {
  count  = var.remote_write ? 1 : 0
  name   = "remote-write"
  role   = aws_iam_role.task["monitoring"].id
  policy = data.aws_iam_policy_document.remote_write[0].json
}
