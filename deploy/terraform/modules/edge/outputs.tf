output "url" {
  description = "The public address."
  value       = "https://${var.domain}"
}

output "load_balancer" {
  description = "ARN, metric suffix and name of the load balancer."
  value = {
    arn      = aws_lb.this.arn
    suffix   = aws_lb.this.arn_suffix
    dns_name = aws_lb.this.dns_name
  }
}

output "target_groups" {
  description = "Colour to ARN, metric suffix and name; known when a listener leads to them."
  value = {
    for colour, g in aws_lb_target_group.gateway : colour => { arn = g.arn, suffix = g.arn_suffix, name = g.name }
  }
  depends_on = [aws_lb_listener.https]
}

output "listeners" {
  description = "The listener of clients, and that of tests (blue/green only)."
  value = {
    https = aws_lb_listener.https.arn
    test  = one(aws_lb_listener.test[*].arn)
  }
}

output "certificate_arn" {
  description = "The certificate."
  value       = aws_acm_certificate.this.arn
}
