output "url" {
  description = "The public address."
  value       = module.edge.url
}

output "cluster" {
  description = "The ECS cluster."
  value       = module.cluster.name
}

output "services" {
  description = "Service to ECS service."
  value       = { for k, s in module.service : k => s.name }
}

output "task_definitions" {
  description = "Service to the revision that the apply made."
  value       = { for k, s in module.service : k => s.task_definition }
}

output "storage" {
  description = "What deploy/ecs/deploy.sh hands to render.py for the backend."
  value       = { file_system = module.storage.file_system.id, access_point = module.storage.access_point.id }
}

output "security_groups" {
  description = "Name to security group."
  value       = module.network.security_groups
}

output "target_groups" {
  description = "Colour to the gateway's target group."
  value       = { for colour, g in module.edge.target_groups : colour => g.arn }
}

output "alarms_topic" {
  description = "The SNS topic of alarms."
  value       = module.observability.alarms_topic
}

output "blue_green" {
  description = "CodeDeploy application and group, if the gateway is deployed blue/green."
  value       = one(module.blue_green[*].application)
}
