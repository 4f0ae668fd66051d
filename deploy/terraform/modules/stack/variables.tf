# What an environment may be told beyond deploy/ecs/values.json.
variable "environment" {
  description = "A key of `environments` in deploy/ecs/values.json."
  type        = string
  validation {
    condition     = contains(["prod", "staging"], var.environment)
    error_message = "environment is prod or staging."
  }
}

variable "images" {
  description = "Container (gateway, frontend, backend, prometheus, grafana) to image by digest; the first revision only, deployments own the later ones."
  type        = map(string)
  validation {
    condition     = alltrue([for c in ["gateway", "frontend", "backend", "prometheus", "grafana"] : can(regex("@sha256:[0-9a-f]{64}$", var.images[c]))])
    error_message = "All five images are needed, each by digest (...@sha256:...): a tag can change under a running service."
  }
}

variable "cidr" {
  description = "The VPC's range."
  type        = string
  default     = "10.0.0.0/16"
}

variable "nat_gateways" {
  description = "1 for both zones, or one in each."
  type        = number
  default     = 2
}

variable "interface_endpoints" {
  description = "AWS services reached without NAT; see deploy/runbooks/costs.md before adding any."
  type        = set(string)
  default     = []
}

variable "alarm_emails" {
  description = "Who hears of alarms."
  type        = set(string)
  default     = []
}

variable "spot_weight" {
  description = "Fargate Spot's share of the frontends and backends that autoscaling adds."
  type        = number
  default     = 0
}

variable "requests_per_target" {
  description = "Requests a minute for each gateway that autoscaling aims at."
  type        = number
  default     = 60000
}

variable "waf" {
  description = "A web ACL before the load balancer."
  type        = bool
  default     = false
}

variable "cloudfront" {
  description = "CloudFront before the load balancer."
  type        = bool
  default     = false
}

variable "blue_green" {
  description = "The gateway is deployed blue/green by CodeDeploy. Only before the first apply: ECS cannot change a service's controller."
  type        = bool
  default     = false
}

variable "managed_prometheus" {
  description = "A workspace of Amazon Managed Prometheus that keeps the series for 150 days; without it they live as long as the monitoring task."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether the load balancer withstands a destroy."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "A KMS key of your own for the secrets; null: alias/aws/ssm."
  type        = string
  default     = null
}
