# What an account has once, whatever its environments: the registry and GitHub's way in.
terraform {
  required_version = ">= 1.11, < 2.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
  backend "s3" {
    key          = "account.tfstate"
    use_lockfile = true
    encrypt      = true
  }
}

variable "account" {
  description = "The AWS account's ID; an apply with credentials of another stops. null: not checked."
  type        = string
  default     = null
}

variable "repository" {
  description = "The GitHub repository, owner/name."
  type        = string
}

variable "state_bucket" {
  description = "The bucket that bootstrap-state.sh made."
  type        = string
}

locals {
  values = jsondecode(file("${path.module}/../../ecs/values.json"))
}

provider "aws" {
  region              = local.values.region
  allowed_account_ids = var.account == null ? null : [var.account]
  default_tags {
    tags = { stack = local.values.prefix, managed-by = "terraform" }
  }
}

module "registry" {
  source = "../modules/registry"
  prefix = local.values.prefix
}

module "ci" {
  source     = "../modules/ci"
  prefix     = local.values.prefix
  repository = var.repository
  services   = keys(local.values.services)
  environments = {
    for e in keys(local.values.environments) : e => {
      name    = e == "prod" ? local.values.prefix : "${local.values.prefix}-${e}"
      cluster = "${local.values.prefix}-${e}-cluster"
    }
  }
  repository_arns  = values(module.registry.arns)
  state_bucket_arn = "arn:aws:s3:::${var.state_bucket}"
}

output "repositories" {
  description = "Container to ECR repository."
  value       = module.registry.repositories
}

output "roles" {
  description = "Use to role ARN: the GitHub repository's variables AWS_BUILD_ROLE, AWS_PLAN_ROLE, and in each environment AWS_DEPLOY_ROLE."
  value       = module.ci.roles
}
