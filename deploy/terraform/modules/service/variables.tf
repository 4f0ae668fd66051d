variable "service" {
  description = "gateway, frontend, backend or monitoring."
  type        = string
}

variable "environment" {
  description = "prod or staging."
  type        = string
}

variable "name" {
  description = "What the names begin with."
  type        = string
}

variable "values" {
  description = "deploy/ecs/values.json, decoded."
  type        = any
}

variable "account" {
  description = "The AWS account's ID."
  type        = string
}

variable "images" {
  description = "Container to image, by digest."
  type        = map(string)
  validation {
    condition     = alltrue([for i in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", i))])
    error_message = "Images are named by digest (...@sha256:...): a tag can change under a running service."
  }
}

variable "extra" {
  description = "What else the task definition names: file_system, access_point, remote_write_url."
  type        = map(string)
  default     = {}
}

variable "execution_role_arn" {
  description = "What ECS starts the task with."
  type        = string
}

variable "task_role_arn" {
  description = "What the program may do."
  type        = string
}

variable "log_group" {
  description = "The log group it writes to."
  type        = string
}

variable "cluster" {
  description = "The cluster's name."
  type        = string
}

variable "namespace_id" {
  description = "The Cloud Map namespace in which it is found as SERVICE-service."
  type        = string
}

variable "subnets" {
  description = "Where its tasks run."
  type        = list(string)
}

variable "security_group" {
  description = "Its tasks' security group."
  type        = string
}

variable "tasks" {
  description = "How many tasks there are at least, and at first."
  type        = number
}

variable "max_tasks" {
  description = "How many autoscaling may start; the same as `tasks`: no autoscaling."
  type        = number
}

variable "cpu_target" {
  description = "The CPU utilisation in per cent that autoscaling aims at."
  type        = number
  default     = 60
}

variable "spot_weight" {
  description = "Fargate Spot's share of the tasks beyond the first `tasks`: 0 none, 3 three of four."
  type        = number
  default     = 0
}

variable "target_group" {
  description = "The load balancer's target group in front of it, if any."
  type = object({
    arn            = string
    container      = string
    port           = number
    resource_label = string
  })
  default = null
}

variable "requests_per_target" {
  description = "Requests a minute for each task that autoscaling aims at; 0: CPU alone."
  type        = number
  default     = 0
}

variable "rollback_alarms" {
  description = "CloudWatch alarms that roll a deployment back when they fire during it."
  type        = list(string)
  default     = []
}

variable "blue_green" {
  description = "CodeDeploy deploys it blue/green, rather than ECS one task after the other."
  type        = bool
  default     = false
}

variable "sessions" {
  description = "Whether sessions (port forwarding) may be opened into its tasks."
  type        = bool
  default     = false
}

variable "single" {
  description = "Never two at once: the old task stops before the new one starts."
  type        = bool
  default     = false
}
