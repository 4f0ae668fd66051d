output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "public_subnets" {
  description = "Where the load balancer stands."
  value       = aws_subnet.public[*].id
}

output "private_subnets" {
  description = "Where tasks run."
  value       = aws_subnet.private[*].id
}

output "security_groups" {
  description = "Name to ID: alb, gateway, frontend, backend, monitoring, storage."
  value       = { for k, g in aws_security_group.this : k => g.id }
}
