variable "account" {
  description = "The AWS account's ID; an apply with credentials of another stops. null: not checked."
  type        = string
  default     = null
}

variable "images" {
  description = "Container (gateway, frontend, backend, prometheus, grafana) to image by digest."
  type        = map(string)
}

variable "alarm_emails" {
  description = "Who hears of alarms."
  type        = set(string)
  default     = []
}

variable "nat_gateways" {
  description = "1 for both zones, or one in each."
  type        = number
  default     = 2
}

variable "interface_endpoints" {
  description = "AWS services reached without NAT, such as ecr.dkr, ecr.api, logs, ssm."
  type        = set(string)
  default     = []
}

variable "spot_weight" {
  description = "Fargate Spot's share of the frontends and backends that autoscaling adds."
  type        = number
  default     = 0
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
  description = "The gateway is deployed blue/green by CodeDeploy; decide before the first apply."
  type        = bool
  default     = false
}

variable "managed_prometheus" {
  description = "Keep series for 150 days in Amazon Managed Prometheus."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether the load balancer withstands a destroy."
  type        = bool
  default     = true
}
