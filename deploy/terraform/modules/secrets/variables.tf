variable "name" {
  description = "What the roles' names begin with."
  type        = string
}

variable "path" {
  description = "Where the parameters live, such as /lauv/prod."
  type        = string
}

variable "services" {
  description = "Service to its secrets: name to `generated` (made here) or `given` (set by hand, see deploy/runbooks/secrets.md)."
  type        = map(map(string))
  validation {
    condition     = alltrue([for s in values(var.services) : alltrue([for kind in values(s) : contains(["generated", "given"], kind)])])
    error_message = "A secret is either generated or given."
  }
}

variable "repositories" {
  description = "Service to the ARNs of the repositories that it may pull from."
  type        = map(list(string))
}

variable "log_groups" {
  description = "Service to the ARN of the log group that it writes to."
  type        = map(string)
}

variable "file_system_arn" {
  description = "The file system that the backend mounts."
  type        = string
}

variable "access_point_arn" {
  description = "The access point it mounts it through."
  type        = string
}

variable "exec_services" {
  description = "Services one may open a session into (port forwarding)."
  type        = set(string)
  default     = ["monitoring"]
}

variable "remote_write" {
  description = "Whether Prometheus may write to Amazon Managed Prometheus."
  type        = bool
  default     = false
}

variable "workspace_arn" {
  description = "The workspace it may write to."
  type        = string
  default     = ""
}

variable "kms_key_arn" {
  description = "A KMS key of your own for the parameters; null: the account's alias/aws/ssm."
  type        = string
  default     = null
}
