output "name" {
  description = "The ECS service's name."
  value       = aws_ecs_service.this.name
}

output "task_definition" {
  description = "The revision that the apply made."
  value       = aws_ecs_task_definition.this.arn
}
