# Optional: CodeDeploy starts the new gateways beside the old, moves traffic in steps, and goes back
# when an alarm fires. ECS's own blue/green needs version 6 of the provider.
variable "name" {
  description = "What the names begin with."
  type        = string
}

variable "cluster" {
  description = "The cluster's name."
  type        = string
}

variable "service" {
  description = "The ECS service, made with deployment controller CODE_DEPLOY."
  type        = string
}

variable "listeners" {
  description = "The listener of clients and that of tests."
  type        = object({ https = string, test = string })
}

variable "target_groups" {
  description = "Names of the blue and the green target group."
  type        = list(string)
}

variable "alarms" {
  description = "Alarms that take a deployment back."
  type        = list(string)
}

variable "pace" {
  description = "How traffic moves: one of CodeDeploy's ECS configurations."
  type        = string
  default     = "CodeDeployDefault.ECSCanary10Percent5Minutes"
  validation {
    condition     = startswith(var.pace, "CodeDeployDefault.ECS")
    error_message = "pace is one of CodeDeployDefault.ECS*."
  }
}

data "aws_region" "current" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["codedeploy.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = "${var.name}-codedeploy-${data.aws_region.current.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy_attachment" "this" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:aws:iam::aws:policy/AWSCodeDeployRoleForECS"
}

resource "aws_codedeploy_app" "this" {
  name             = "${var.name}-gateway"
  compute_platform = "ECS"
}

resource "aws_codedeploy_deployment_group" "this" {
  app_name               = aws_codedeploy_app.this.name
  deployment_group_name  = "gateway"
  service_role_arn       = aws_iam_role.this.arn
  deployment_config_name = var.pace

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
  }

  alarm_configuration {
    enabled = true
    alarms  = var.alarms
  }

  blue_green_deployment_config {
    deployment_ready_option {
      action_on_timeout = "CONTINUE_DEPLOYMENT"
    }
    terminate_blue_instances_on_deployment_success {
      action                           = "TERMINATE"
      termination_wait_time_in_minutes = 5
    }
  }

  ecs_service {
    cluster_name = var.cluster
    service_name = var.service
  }

  load_balancer_info {
    target_group_pair_info {
      prod_traffic_route {
        listener_arns = [var.listeners.https]
      }
      test_traffic_route {
        listener_arns = [var.listeners.test]
      }
      target_group {
        name = var.target_groups[0]
      }
      target_group {
        name = var.target_groups[1]
      }
    }
  }
}

output "application" {
  description = "CodeDeploy application and group, for deploy/ecs/deploy.sh."
  value       = { application = aws_codedeploy_app.this.name, group = aws_codedeploy_deployment_group.this.deployment_group_name }
}
