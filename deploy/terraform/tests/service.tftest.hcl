mock_provider "aws" {
  source          = "./mocks"
  override_during = plan
}

variables {
  service     = "gateway"
  environment = "prod"
  name        = "lauv"
  values = {
    prefix = "lauv", region = "us-east-1", namespace = "local", architecture = "ARM64"
    services = {
      gateway  = { port = 80, admin_port = 9113, cpu = 512, memory = 1024, stop_timeout = 30, secrets = {} }
      frontend = { port = 80, health_path = "/healthz", cpu = 256, memory = 512, stop_timeout = 30, secrets = {} }
      backend  = { port = 5000, metrics_port = 9090, health_path = "/api/health", cpu = 512, memory = 1024, stop_timeout = 30, secrets = {} }
    }
  }
  account            = "123456789012"
  images             = { gateway = "r/lauv-gateway@sha256:0000000000000000000000000000000000000000000000000000000000000000" }
  execution_role_arn = "arn:aws:iam::123456789012:role/lauv-gateway-execution-us-east-1"
  task_role_arn      = "arn:aws:iam::123456789012:role/lauv-gateway-task-us-east-1"
  log_group          = "/ecs/lauv-gateway"
  cluster            = "lauv-prod-cluster"
  namespace_id       = "ns-1"
  subnets            = ["subnet-1", "subnet-2"]
  security_group     = "sg-1"
  tasks              = 2
  max_tasks          = 8
  rollback_alarms    = ["lauv-5xx"]
  target_group = {
    arn       = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/lauv-gateway/1"
    container = "gateway", port = 80, resource_label = "app/lauv-alb/1/targetgroup/lauv-gateway/1"
  }
  requests_per_target = 60000
}

run "a_rolling_service" {
  command = plan
  module {
    source = "../modules/service"
  }
  assert {
    condition     = aws_ecs_service.this.deployment_circuit_breaker[0].rollback && aws_ecs_service.this.alarms[0].rollback
    error_message = "A failed deployment, or one that raises an alarm, goes back."
  }
  assert {
    condition     = aws_ecs_service.this.deployment_minimum_healthy_percent == 100 && aws_ecs_service.this.deployment_maximum_percent == 200
    error_message = "New tasks come before old ones go."
  }
  assert {
    condition     = !aws_ecs_service.this.network_configuration[0].assign_public_ip
    error_message = "Tasks have no public address."
  }
  assert {
    condition     = aws_ecs_task_definition.this.runtime_platform[0].cpu_architecture == "ARM64"
    error_message = "The architecture is that of the values."
  }
  assert {
    condition     = length(aws_appautoscaling_policy.cpu) == 1 && length(aws_appautoscaling_policy.requests) == 1
    error_message = "It scales on CPU and on requests a target."
  }
  assert {
    condition     = aws_service_discovery_service.this.name == "gateway-service" && aws_service_discovery_service.this.dns_config[0].dns_records[0].ttl == 10
    error_message = "It is found under its name, and forgotten soon."
  }
  assert {
    condition     = [for s in aws_ecs_service.this.capacity_provider_strategy : s.capacity_provider] == ["FARGATE"]
    error_message = "No Spot unasked."
  }
}

run "a_blue_green_service" {
  command = plan
  module {
    source = "../modules/service"
  }
  variables {
    blue_green = true
  }
  assert {
    condition     = aws_ecs_service.this.deployment_controller[0].type == "CODE_DEPLOY" && length(aws_ecs_service.this.deployment_circuit_breaker) == 0 && length(aws_ecs_service.this.alarms) == 0
    error_message = "CodeDeploy deploys it; ECS's own way back is not offered then."
  }
  assert {
    condition     = length(aws_appautoscaling_policy.requests) == 0
    error_message = "Requests a target mean nothing while the target group changes."
  }
}

run "spot_is_only_for_what_autoscaling_adds" {
  command = plan
  module {
    source = "../modules/service"
  }
  variables {
    spot_weight = 3
  }
  assert {
    condition     = alltrue([for s in aws_ecs_service.this.capacity_provider_strategy : s.base == (s.capacity_provider == "FARGATE" ? 2 : null) || s.base == (s.capacity_provider == "FARGATE" ? 2 : 0)]) && length(aws_ecs_service.this.capacity_provider_strategy) == 2
    error_message = "The least number of tasks runs on Fargate proper."
  }
}

run "a_fixed_number_of_tasks" {
  command = plan
  module {
    source = "../modules/service"
  }
  variables {
    max_tasks = 2
  }
  assert {
    condition     = length(aws_appautoscaling_target.this) == 0
    error_message = "Nothing scales where most and least are the same."
  }
}

run "a_foreign_role_is_refused" {
  command = plan
  module {
    source = "../modules/service"
  }
  variables {
    task_role_arn = "arn:aws:iam::123456789012:role/admin"
  }
  expect_failures = [aws_ecs_task_definition.this]
}

run "another_log_group_is_refused" {
  command = plan
  module {
    source = "../modules/service"
  }
  variables {
    log_group = "/ecs/other"
  }
  expect_failures = [aws_ecs_task_definition.this]
}

run "an_image_by_tag_is_refused" {
  command = plan
  module {
    source = "../modules/service"
  }
  variables {
    images = { gateway = "r/lauv-gateway:latest" }
  }
  expect_failures = [var.images]
}
