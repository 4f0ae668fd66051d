output "execution_roles" {
  description = "Service to execution role ARN; known only when its policy is in place."
  value       = { for k, r in aws_iam_role.execution : k => r.arn }
  depends_on  = [aws_iam_role_policy.execution]
}

output "task_roles" {
  description = "Service to task role ARN."
  value       = { for k, r in aws_iam_role.task : k => r.arn }
  depends_on  = [aws_iam_role_policy.mount, aws_iam_role_policy.session, aws_iam_role_policy.remote_write]
}

output "parameters" {
  description = "Service/secret to parameter ARN."
  value       = { for k, p in aws_ssm_parameter.this : k => p.arn }
}
