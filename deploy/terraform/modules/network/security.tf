# Who may talk to whom. One line here is one path; there is no other:
#
#   internet -> alb -> gateway -> frontend
#                              -> backend -> storage
#   monitoring -> gateway (metrics), backend (metrics)
#
# Names need no rule: the VPC's resolver is not subject to security groups.
locals {
  groups = {
    alb        = "Load balancer"
    gateway    = "Gateway tasks"
    frontend   = "Frontend tasks"
    backend    = "Backend tasks"
    monitoring = "Prometheus and Grafana"
    storage    = "EFS mount targets"
  }

  paths = {
    alb_gateway        = { from = "alb", to = "gateway", port = var.ports.gateway, why = "requests" }
    alb_gateway_admin  = { from = "alb", to = "gateway", port = var.ports.gateway_admin, why = "health checks of the target group" }
    gateway_frontend   = { from = "gateway", to = "frontend", port = var.ports.frontend, why = "requests" }
    gateway_backend    = { from = "gateway", to = "backend", port = var.ports.backend, why = "requests" }
    backend_storage    = { from = "backend", to = "storage", port = 2049, why = "uploads" }
    monitoring_gateway = { from = "monitoring", to = "gateway", port = var.ports.gateway_admin, why = "scrapes" }
    monitoring_backend = { from = "monitoring", to = "backend", port = var.ports.backend_metrics, why = "scrapes" }
  }

  # Tasks fetch their image and secrets and write logs over HTTPS.
  task_groups = { for k in ["gateway", "frontend", "backend", "monitoring"] : k => aws_security_group.this[k].id }
}

resource "aws_security_group" "this" {
  for_each    = local.groups
  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "path" {
  for_each                     = local.paths
  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  description                  = "${each.value.why} from ${each.value.from}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "path" {
  for_each                     = local.paths
  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  description                  = "${each.value.why} to ${each.value.to}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "aws" {
  for_each          = local.task_groups
  security_group_id = each.value
  description       = "images, secrets, logs"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "internet" {
  for_each          = length(var.alb_prefix_lists) == 0 ? toset(["80", "443"]) : toset([])
  security_group_id = aws_security_group.this["alb"].id
  description       = "the internet"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.key)
  to_port           = tonumber(each.key)
}

resource "aws_vpc_security_group_ingress_rule" "prefix_list" {
  for_each          = toset(var.alb_prefix_lists)
  security_group_id = aws_security_group.this["alb"].id
  description       = "CloudFront"
  prefix_list_id    = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# The load balancer's addresses are public, so a test from inside the VPC arrives from a NAT gateway.
resource "aws_vpc_security_group_ingress_rule" "test_listener" {
  count             = var.blue_green ? var.nat_gateways : 0
  security_group_id = aws_security_group.this["alb"].id
  description       = "tests of the green colour"
  cidr_ipv4         = "${aws_eip.nat[count.index].public_ip}/32"
  ip_protocol       = "tcp"
  from_port         = 8443
  to_port           = 8443
}
