# What outlives every task: uploads. EFS because two tasks write to it and either zone may fail.
variable "name" {
  description = "What the names begin with."
  type        = string
}

variable "subnets" {
  description = "One a zone, where tasks run."
  type        = list(string)
}

variable "security_group" {
  description = "The mount targets' group."
  type        = string
}

variable "owner" {
  description = "UID and GID that files belong to, whatever user the container runs as."
  type        = number
  default     = 1000
}

variable "backups" {
  description = "Daily backups, kept for 35 days by AWS Backup's default plan."
  type        = bool
  default     = true
}

resource "aws_efs_file_system" "this" {
  creation_token  = "${var.name}-data"
  encrypted       = true
  throughput_mode = "elastic"
  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }
  lifecycle_policy {
    transition_to_primary_storage_class = "AFTER_1_ACCESS"
  }
  tags = { Name = "${var.name}-data" }
}

resource "aws_efs_backup_policy" "this" {
  file_system_id = aws_efs_file_system.this.id
  backup_policy {
    status = var.backups ? "ENABLED" : "DISABLED"
  }
}

resource "aws_efs_mount_target" "this" {
  count           = 2
  file_system_id  = aws_efs_file_system.this.id
  subnet_id       = var.subnets[count.index]
  security_groups = [var.security_group]
}

resource "aws_efs_access_point" "backend" {
  file_system_id = aws_efs_file_system.this.id
  posix_user {
    uid = var.owner
    gid = var.owner
  }
  root_directory {
    path = "/backend"
    creation_info {
      owner_uid   = var.owner
      owner_gid   = var.owner
      permissions = "0750"
    }
  }
}

output "file_system" {
  description = "ID and ARN; known when it can be mounted."
  value       = { id = aws_efs_file_system.this.id, arn = aws_efs_file_system.this.arn }
  depends_on  = [aws_efs_mount_target.this]
}

output "access_point" {
  description = "ID and ARN of the backend's access point."
  value       = { id = aws_efs_access_point.backend.id, arn = aws_efs_access_point.backend.arn }
}
