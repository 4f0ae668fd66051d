# The cluster, and the namespace in which services find each other.
variable "cluster" {
  description = "The cluster's name, such as lauv-prod-cluster."
  type        = string
}

variable "namespace" {
  description = "Domain of the services' private names: gateway-service.NAMESPACE."
  type        = string
}

variable "vpc_id" {
  description = "The VPC in which the names resolve."
  type        = string
}

variable "insights" {
  description = "Container Insights: `enhanced` for figures of each task, `enabled`, or `disabled`."
  type        = string
  default     = "enabled"
  validation {
    condition     = contains(["enhanced", "enabled", "disabled"], var.insights)
    error_message = "insights is enhanced, enabled or disabled."
  }
}

resource "aws_ecs_cluster" "this" {
  name = var.cluster
  setting {
    name  = "containerInsights"
    value = var.insights
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }
}

resource "aws_service_discovery_private_dns_namespace" "this" {
  name        = var.namespace
  description = "Names of the services in ${var.cluster}"
  vpc         = var.vpc_id
}

output "name" {
  description = "The cluster's name; known when its capacity providers are there."
  value       = aws_ecs_cluster.this.name
  depends_on  = [aws_ecs_cluster_capacity_providers.this]
}

output "arn" {
  description = "The cluster's ARN."
  value       = aws_ecs_cluster.this.arn
}

output "namespace_id" {
  description = "The namespace's ID."
  value       = aws_service_discovery_private_dns_namespace.this.id
}
