# The staging environment. deploy/terraform/README.md says how to begin.
terraform {
  required_version = ">= 1.11, < 2.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
  # Bucket and region come from backend.hcl, which bootstrap-state.sh writes:
  #   terraform init -backend-config=../../backend.hcl
  backend "s3" {
    key          = "staging.tfstate"
    use_lockfile = true
    encrypt      = true
  }
}

locals {
  values = jsondecode(file("${path.module}/../../../ecs/values.json"))
  name   = "${local.values.prefix}-staging"
}

provider "aws" {
  region              = local.values.region
  allowed_account_ids = var.account == null ? null : [var.account]
  default_tags {
    tags = { stack = local.name, environment = "staging", managed-by = "terraform" }
  }
}

module "stack" {
  source              = "../../modules/stack"
  environment         = "staging"
  images              = var.images
  alarm_emails        = var.alarm_emails
  nat_gateways        = var.nat_gateways
  interface_endpoints = var.interface_endpoints
  spot_weight         = var.spot_weight
  waf                 = var.waf
  cloudfront          = var.cloudfront
  blue_green          = var.blue_green
  managed_prometheus  = var.managed_prometheus
  deletion_protection = var.deletion_protection
}

output "url" {
  description = "The public address."
  value       = module.stack.url
}

output "stack" {
  description = "What the environment is made of."
  value       = module.stack
}
