variable "name" {
  description = "What the names begin with, such as lauv or lauv-staging."
  type        = string
}

variable "cidr" {
  description = "The VPC's range; four /20 subnets are cut from it, so at least a /18."
  type        = string
  default     = "10.0.0.0/16"
  validation {
    condition     = can(cidrhost(var.cidr, 0)) && tonumber(split("/", var.cidr)[1]) <= 18
    error_message = "cidr must be an IPv4 range of /18 or larger, such as 10.0.0.0/16."
  }
}

variable "nat_gateways" {
  description = "1: one NAT gateway for both zones, cheaper; 2: one in each, a zone can fail."
  type        = number
  default     = 2
  validation {
    condition     = contains([1, 2], var.nat_gateways)
    error_message = "nat_gateways is 1 or 2."
  }
}

variable "interface_endpoints" {
  description = "AWS services reached by an interface endpoint rather than by NAT, such as ecr.dkr, ecr.api, logs, ssm. Each costs about 7 USD a month and zone; the S3 gateway endpoint, which carries the image layers, is free and always there."
  type        = set(string)
  default     = []
}

variable "flow_logs" {
  description = "Whether rejected packets are logged to CloudWatch."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "How long flow logs are kept."
  type        = number
  default     = 30
}

variable "ports" {
  description = "Who listens where; the security groups open these and no other."
  type = object({
    gateway         = number
    gateway_admin   = number
    frontend        = number
    backend         = number
    backend_metrics = number
  })
}

variable "alb_prefix_lists" {
  description = "Managed prefix lists that alone may reach the load balancer (CloudFront's); empty: everyone may."
  type        = list(string)
  default     = []
}

variable "blue_green" {
  description = "Opens the load balancer's test listener (8443) to the VPC."
  type        = bool
  default     = false
}
