# One environment: the modules, wired. What differs between environments is in deploy/ecs/values.json
# and in the roots' variables.
data "aws_caller_identity" "current" {}

data "aws_ec2_managed_prefix_list" "cloudfront" {
  count = var.cloudfront ? 1 : 0
  name  = "com.amazonaws.global.cloudfront.origin-facing"
}

locals {
  values   = jsondecode(file("${path.module}/../../../ecs/values.json"))
  here     = local.values.environments[var.environment]
  services = local.values.services
  account  = data.aws_caller_identity.current.account_id
  name     = var.environment == "prod" ? local.values.prefix : "${local.values.prefix}-${var.environment}"
  cluster  = "${local.values.prefix}-${var.environment}-cluster"

  containers = {
    gateway    = ["gateway"]
    frontend   = ["frontend"]
    backend    = ["backend"]
    monitoring = ["prometheus", "grafana"]
  }

  # The registry belongs to the account; its names follow the prefix.
  repositories = {
    for service, containers in local.containers : service => [
      for c in containers : "arn:aws:ecr:${local.values.region}:${local.account}:repository/${local.values.prefix}-${c}"
    ]
  }
}

module "network" {
  source              = "../network"
  name                = local.name
  cidr                = var.cidr
  nat_gateways        = var.nat_gateways
  interface_endpoints = var.interface_endpoints
  log_retention_days  = local.here.log_retention_days
  alb_prefix_lists    = data.aws_ec2_managed_prefix_list.cloudfront[*].id
  blue_green          = var.blue_green
  ports = {
    gateway         = local.services.gateway.port
    gateway_admin   = local.services.gateway.admin_port
    frontend        = local.services.frontend.port
    backend         = local.services.backend.port
    backend_metrics = local.services.backend.metrics_port
  }
}

module "storage" {
  source         = "../storage"
  name           = local.name
  subnets        = module.network.private_subnets
  security_group = module.network.security_groups["storage"]
}

module "edge" {
  source              = "../edge"
  name                = local.name
  domain              = local.here.domain
  zone                = local.here.zone
  vpc_id              = module.network.vpc_id
  subnets             = module.network.public_subnets
  security_group      = module.network.security_groups["alb"]
  port                = local.services.gateway.port
  health_port         = local.services.gateway.admin_port
  idle_timeout        = local.values.alb_idle_timeout
  deletion_protection = var.deletion_protection
  waf                 = var.waf
  cloudfront          = var.cloudfront
  blue_green          = var.blue_green
}

module "observability" {
  source             = "../observability"
  name               = local.name
  cluster            = local.cluster
  services           = local.here.tasks
  log_retention_days = local.here.log_retention_days
  load_balancer      = module.edge.load_balancer.suffix
  target_groups      = { for colour, g in module.edge.target_groups : colour => g.suffix }
  alarm_emails       = var.alarm_emails
  monthly_budget_usd = local.here.monthly_budget_usd
  budget_tag         = "stack$${local.name}"
}

resource "aws_prometheus_workspace" "this" {
  count = var.managed_prometheus ? 1 : 0
  alias = local.name
}

module "secrets" {
  source           = "../secrets"
  name             = local.name
  path             = "/${local.values.prefix}/${var.environment}"
  services         = { for service in keys(local.containers) : service => local.services[service].secrets }
  repositories     = local.repositories
  log_groups       = { for service, g in module.observability.log_groups : service => g.arn }
  file_system_arn  = module.storage.file_system.arn
  access_point_arn = module.storage.access_point.arn
  kms_key_arn      = var.kms_key_arn
  remote_write     = var.managed_prometheus
  workspace_arn    = join("", aws_prometheus_workspace.this[*].arn)
}

module "cluster" {
  source    = "../cluster"
  cluster   = local.cluster
  namespace = local.values.namespace
  vpc_id    = module.network.vpc_id
}

module "service" {
  source   = "../service"
  for_each = local.containers

  service            = each.key
  environment        = var.environment
  name               = local.name
  values             = local.values
  account            = local.account
  images             = { for c in each.value : c => var.images[c] }
  execution_role_arn = module.secrets.execution_roles[each.key]
  task_role_arn      = module.secrets.task_roles[each.key]
  log_group          = module.observability.log_groups[each.key].name
  cluster            = module.cluster.name
  namespace_id       = module.cluster.namespace_id
  subnets            = module.network.private_subnets
  security_group     = module.network.security_groups[each.key]
  tasks              = local.here.tasks[each.key]
  max_tasks          = try(local.here.max_tasks[each.key], local.here.tasks[each.key])
  extra = {
    file_system      = module.storage.file_system.id
    access_point     = module.storage.access_point.id
    remote_write_url = var.managed_prometheus ? "${aws_prometheus_workspace.this[0].prometheus_endpoint}api/v1/remote_write" : "off"
  }

  # The gateway is the front door: never Spot, which is taken away with two minutes' notice.
  spot_weight         = contains(["frontend", "backend"], each.key) ? var.spot_weight : 0
  blue_green          = each.key == "gateway" && var.blue_green
  rollback_alarms     = each.key == "gateway" ? module.observability.rollback_alarms : []
  requests_per_target = each.key == "gateway" ? var.requests_per_target : 0
  sessions            = each.key == "monitoring"
  single              = each.key == "monitoring"
  target_group = each.key != "gateway" ? null : {
    arn            = module.edge.target_groups["blue"].arn
    container      = "gateway"
    port           = local.services.gateway.port
    resource_label = "${module.edge.load_balancer.suffix}/${module.edge.target_groups["blue"].suffix}"
  }
}

module "blue_green" {
  source        = "../blue_green"
  count         = var.blue_green ? 1 : 0
  name          = local.name
  cluster       = local.cluster
  service       = module.service["gateway"].name
  listeners     = module.edge.listeners
  target_groups = [for colour in ["blue", "green"] : module.edge.target_groups[colour].name]
  alarms        = module.observability.rollback_alarms
}
