# One Fargate service: task definition, name, deployment, scaling.
locals {
  s = var.values.services[var.service]

  secrets = [
    for secret in sort(keys(local.s.secrets)) : {
      name      = secret
      valueFrom = "arn:aws:ssm:${var.values.region}:${var.account}:parameter/${var.values.prefix}/${var.environment}/${var.service}/${secret}"
    }
  ]

  # deploy/ecs/render.py fills the same file from the same values; a test compares the two.
  task = jsondecode(templatefile("${path.module}/../../../ecs/tasks/${var.service}.json", merge(
    {
      name                 = var.name
      environment          = var.environment
      account              = var.account
      region               = var.values.region
      namespace            = var.values.namespace
      architecture         = var.values.architecture
      frontend_port        = var.values.services.frontend.port
      backend_port         = var.values.services.backend.port
      backend_metrics_port = var.values.services.backend.metrics_port
      gateway_admin_port   = var.values.services.gateway.admin_port
      secrets              = jsonencode(local.secrets)
    },
    { for k, v in local.s : k => v if k != "secrets" },
    { for container, image in var.images : "image_${container}" => image },
    var.extra,
  )))
}

resource "aws_ecs_task_definition" "this" {
  family                   = local.task.family
  requires_compatibilities = local.task.requiresCompatibilities
  network_mode             = local.task.networkMode
  cpu                      = local.task.cpu
  memory                   = local.task.memory
  execution_role_arn       = var.execution_role_arn
  task_role_arn            = var.task_role_arn
  container_definitions    = jsonencode(local.task.containerDefinitions)
  skip_destroy             = false

  runtime_platform {
    operating_system_family = local.task.runtimePlatform.operatingSystemFamily
    cpu_architecture        = local.task.runtimePlatform.cpuArchitecture
  }

  dynamic "ephemeral_storage" {
    for_each = try([local.task.ephemeralStorage.sizeInGiB], [])
    content {
      size_in_gib = ephemeral_storage.value
    }
  }

  dynamic "volume" {
    for_each = { for v in try(local.task.volumes, []) : v.name => v }
    content {
      name = volume.key
      dynamic "efs_volume_configuration" {
        for_each = try([volume.value.efsVolumeConfiguration], [])
        content {
          file_system_id     = efs_volume_configuration.value.fileSystemId
          transit_encryption = efs_volume_configuration.value.transitEncryption
          authorization_config {
            access_point_id = efs_volume_configuration.value.authorizationConfig.accessPointId
            iam             = efs_volume_configuration.value.authorizationConfig.iam
          }
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = var.log_group == "/ecs/${var.name}-${var.service}"
      error_message = "The log group is not the one that the task definition names."
    }
    precondition {
      condition     = var.execution_role_arn == local.task.executionRoleArn && var.task_role_arn == local.task.taskRoleArn
      error_message = "The roles are not those that the task definition names."
    }
  }
}

# TTL 10: a stopped task is forgotten soon. ECS itself registers tasks and reports their health.
resource "aws_service_discovery_service" "this" {
  name = "${var.service}-service"
  dns_config {
    namespace_id   = var.namespace_id
    routing_policy = "MULTIVALUE"
    dns_records {
      type = "A"
      ttl  = 10
    }
  }
  health_check_custom_config {
    failure_threshold = 1
  }
}

resource "aws_ecs_service" "this" {
  name                               = "${var.name}-${var.service}-service"
  cluster                            = var.cluster
  task_definition                    = aws_ecs_task_definition.this.arn
  desired_count                      = var.tasks
  platform_version                   = "1.4.0"
  deployment_minimum_healthy_percent = var.single ? 0 : 100
  deployment_maximum_percent         = var.single ? 100 : 200
  health_check_grace_period_seconds  = var.target_group == null ? null : 60
  enable_execute_command             = var.sessions
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"

  # The least number runs on Fargate proper; only what autoscaling adds may be Spot.
  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = var.tasks
    weight            = 1
  }
  dynamic "capacity_provider_strategy" {
    for_each = var.spot_weight > 0 ? [var.spot_weight] : []
    content {
      capacity_provider = "FARGATE_SPOT"
      weight            = capacity_provider_strategy.value
    }
  }

  deployment_controller {
    type = var.blue_green ? "CODE_DEPLOY" : "ECS"
  }

  dynamic "deployment_circuit_breaker" {
    for_each = var.blue_green ? [] : [1]
    content {
      enable   = true
      rollback = true
    }
  }

  dynamic "alarms" {
    for_each = !var.blue_green && length(var.rollback_alarms) > 0 ? [var.rollback_alarms] : []
    content {
      alarm_names = alarms.value
      enable      = true
      rollback    = true
    }
  }

  network_configuration {
    subnets          = var.subnets
    security_groups  = [var.security_group]
    assign_public_ip = false
  }

  service_registries {
    registry_arn = aws_service_discovery_service.this.arn
  }

  dynamic "load_balancer" {
    for_each = var.target_group == null ? [] : [var.target_group]
    content {
      target_group_arn = load_balancer.value.arn
      container_name   = load_balancer.value.container
      container_port   = load_balancer.value.port
    }
  }

  # After the first apply deployments own the revision, autoscaling the count, and CodeDeploy, where
  # it deploys, the target group. An apply must not undo any of them.
  lifecycle {
    ignore_changes = [task_definition, desired_count, load_balancer]
  }
}
