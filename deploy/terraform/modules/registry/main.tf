# One repository an image; the same digest goes to staging and to prod, so both share them.
variable "prefix" {
  description = "What the repositories' names begin with."
  type        = string
}

variable "images" {
  description = "The images, by the container's name."
  type        = set(string)
  default     = ["gateway", "frontend", "backend", "prometheus", "grafana"]
}

variable "keep" {
  description = "How many images of each are kept for rolling back."
  type        = number
  default     = 50
  validation {
    condition     = var.keep >= 10
    error_message = "Keep at least 10, or a roll back finds nothing."
  }
}

resource "aws_ecr_repository" "this" {
  for_each             = var.images
  name                 = "${var.prefix}-${each.key}"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration {
    scan_on_push = true
  }
  encryption_configuration {
    encryption_type = "AES256"
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each   = aws_ecr_repository.this
  repository = each.value.name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "without a tag: gone after a week"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "the newest ${var.keep} stay"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.keep }
        action       = { type = "expire" }
      },
    ]
  })
}

output "repositories" {
  description = "Container to repository URL."
  value       = { for k, r in aws_ecr_repository.this : k => r.repository_url }
}

output "arns" {
  description = "Container to repository ARN."
  value       = { for k, r in aws_ecr_repository.this : k => r.arn }
}
