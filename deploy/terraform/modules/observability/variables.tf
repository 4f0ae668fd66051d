variable "name" {
  description = "What the names begin with."
  type        = string
}

variable "cluster" {
  description = "The cluster's name."
  type        = string
}

variable "services" {
  description = "Service to its least number of tasks."
  type        = map(number)
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180 or 365 days."
  }
}

variable "load_balancer" {
  description = "The load balancer's metric suffix."
  type        = string
}

variable "target_groups" {
  description = "Colour to the target group's metric suffix."
  type        = map(string)
}

variable "alarm_emails" {
  description = "Who is told; each address confirms the subscription once."
  type        = set(string)
  default     = []
}

variable "error_rate_percent" {
  description = "Share of 5xx answers, in per cent, beyond which the alarm fires."
  type        = number
  default     = 2
}

variable "p99_seconds" {
  description = "The 99th percentile of response times beyond which the alarm fires."
  type        = number
  default     = 2
}

variable "monthly_budget_usd" {
  description = "What a month may cost; told at 80 % and when the forecast exceeds it."
  type        = number
}

variable "budget_tag" {
  description = "The cost allocation tag, as key$value, whose costs the budget counts."
  type        = string
}
