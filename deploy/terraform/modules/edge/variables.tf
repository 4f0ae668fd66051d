variable "name" {
  description = "What the names begin with."
  type        = string
}

variable "domain" {
  description = "The public name, such as app.lauv.in."
  type        = string
  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain is a lower-case host name without scheme or final dot."
  }
}

variable "zone" {
  description = "The public Route 53 zone that holds it; it exists already."
  type        = string
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
}

variable "subnets" {
  description = "The public subnets."
  type        = list(string)
}

variable "security_group" {
  description = "The load balancer's group."
  type        = string
}

variable "port" {
  description = "Where the gateway takes requests."
  type        = number
}

variable "health_port" {
  description = "Where it answers /readyz: its admin port, which no listener leads to."
  type        = number
}

variable "idle_timeout" {
  description = "Seconds; the gateway's timeouts.keep_alive (75 s) must be longer, timeouts.response_head (55 s) shorter."
  type        = number
  default     = 60
  validation {
    condition     = var.idle_timeout > 55 && var.idle_timeout < 75
    error_message = "Between 56 and 74, or change timeouts.response_head and timeouts.keep_alive of the gateway with it."
  }
}

variable "deregistration_delay" {
  description = "Seconds that requests under way to a leaving task may still take; not below the gateway's timeouts.drain (25 s)."
  type        = number
  default     = 30
  validation {
    condition     = var.deregistration_delay >= 25
    error_message = "Not below the gateway's timeouts.drain, 25 s."
  }
}

variable "deletion_protection" {
  description = "Whether the load balancer withstands a destroy."
  type        = bool
  default     = true
}

variable "access_log_bucket" {
  description = "An S3 bucket for the load balancer's own log, prepared for log delivery; null: none, the gateway writes one line a request."
  type        = string
  default     = null
}

variable "waf" {
  description = "A web ACL with AWS's common rules and a limit a client; about 9 USD a month and 0.60 a million requests."
  type        = bool
  default     = false
}

variable "waf_rate" {
  description = "Requests of one client address in five minutes before it is refused."
  type        = number
  default     = 5000
}

variable "cloudfront" {
  description = "CloudFront in front of the load balancer; requests reach it as origin.DOMAIN."
  type        = bool
  default     = false
}

variable "blue_green" {
  description = "A second target group and a test listener (8443) for CodeDeploy."
  type        = bool
  default     = false
}
