output "log_groups" {
  description = "Service to log group: name and ARN."
  value       = { for k, g in aws_cloudwatch_log_group.service : k => { name = g.name, arn = g.arn } }
}

output "alarms_topic" {
  description = "Where alarms go."
  value       = aws_sns_topic.alarms.arn
}

output "rollback_alarms" {
  description = "Alarms that mean a deployment of the gateway went wrong."
  value       = [aws_cloudwatch_metric_alarm.errors.alarm_name, aws_cloudwatch_metric_alarm.latency.alarm_name]
}
