mock_provider "aws" {
  source          = "./mocks"
  override_during = plan
}

run "the_registry" {
  command = plan
  module {
    source = "../modules/registry"
  }
  variables {
    prefix = "lauv"
  }
  assert {
    condition     = alltrue([for r in aws_ecr_repository.this : r.image_tag_mutability == "IMMUTABLE" && r.image_scanning_configuration[0].scan_on_push])
    error_message = "A tag never changes, and each push is scanned."
  }
  assert {
    condition     = keys(aws_ecr_lifecycle_policy.this) == ["backend", "frontend", "gateway", "grafana", "prometheus"]
    error_message = "Old images of every repository go."
  }
}

run "a_registry_without_a_way_back_is_refused" {
  command = plan
  module {
    source = "../modules/registry"
  }
  variables {
    prefix = "lauv"
    keep   = 1
  }
  expect_failures = [var.keep]
}

run "a_wildcard_for_the_repository_is_refused" {
  command = plan
  module {
    source = "../modules/ci"
  }
  variables {
    prefix           = "lauv"
    repository       = "owner/*"
    environments     = {}
    services         = []
    repository_arns  = ["arn:aws:ecr:us-east-1:123456789012:repository/lauv-gateway"]
    state_bucket_arn = "arn:aws:s3:::lauv-state"
  }
  expect_failures = [var.repository]
}

run "another_pace_than_codedeploys_is_refused" {
  command = plan
  module {
    source = "../modules/blue_green"
  }
  variables {
    name          = "lauv"
    cluster       = "lauv-prod-cluster"
    service       = "lauv-gateway-service"
    listeners     = { https = "arn:a", test = "arn:b" }
    target_groups = ["lauv-gateway-blue", "lauv-gateway-green"]
    alarms        = ["lauv-5xx"]
    pace          = "AtOnce"
  }
  expect_failures = [var.pace]
}

run "a_retention_that_cloudwatch_has_not_is_refused" {
  command = plan
  module {
    source = "../modules/observability"
  }
  variables {
    name               = "lauv"
    cluster            = "lauv-prod-cluster"
    services           = { gateway = 2 }
    log_retention_days = 31
    load_balancer      = "app/lauv-alb/1"
    target_groups      = { blue = "targetgroup/lauv-gateway/1" }
    monthly_budget_usd = 250
    budget_tag         = "stack$lauv"
  }
  expect_failures = [var.log_retention_days]
}
