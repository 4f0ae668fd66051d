# The load balancer and its only target: the gateway. The frontend and the backend have no target
# group, so nothing reaches them around it.
resource "aws_lb" "this" {
  name                       = "${var.name}-alb"
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = var.subnets
  security_groups            = [var.security_group]
  idle_timeout               = var.idle_timeout
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  enable_deletion_protection = var.deletion_protection
  # The gateway believes X-Forwarded-For of private peers; the load balancer appends to it.
  xff_header_processing_mode = "append"

  dynamic "access_logs" {
    for_each = var.access_log_bucket == null ? [] : [var.access_log_bucket]
    content {
      bucket  = access_logs.value
      prefix  = var.name
      enabled = true
    }
  }
}

locals {
  colours = var.blue_green ? ["blue", "green"] : ["blue"]
}

# Health: /readyz on the admin port says whether this gateway can serve, and nothing about the
# backend. A sick backend must not make the load balancer take down healthy gateways.
resource "aws_lb_target_group" "gateway" {
  for_each             = toset(local.colours)
  name                 = var.blue_green ? "${var.name}-gateway-${each.key}" : "${var.name}-gateway"
  vpc_id               = var.vpc_id
  target_type          = "ip"
  protocol             = "HTTP"
  port                 = var.port
  deregistration_delay = var.deregistration_delay
  # New tasks get their share at once: the gateway needs no warming.
  slow_start                    = 0
  load_balancing_algorithm_type = "least_outstanding_requests"

  health_check {
    protocol            = "HTTP"
    port                = tostring(var.health_port)
    path                = "/readyz"
    matcher             = "200"
    interval            = 5
    timeout             = 3
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type = "redirect"
    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.this.certificate_arn
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.gateway["blue"].arn
  }
  lifecycle {
    ignore_changes = [default_action] # CodeDeploy moves it from blue to green and back
  }
}

# Where CodeDeploy shows the new colour before clients see it; reachable from inside the VPC only.
resource "aws_lb_listener" "test" {
  count             = var.blue_green ? 1 : 0
  load_balancer_arn = aws_lb.this.arn
  port              = 8443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate_validation.this.certificate_arn
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.gateway["green"].arn
  }
  lifecycle {
    ignore_changes = [default_action]
  }
}
