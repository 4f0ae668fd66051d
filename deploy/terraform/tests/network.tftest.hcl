mock_provider "aws" {
  source          = "./mocks"
  override_during = plan
}

variables {
  name  = "lauv"
  ports = { gateway = 80, gateway_admin = 9113, frontend = 80, backend = 5000, backend_metrics = 9090 }
}

run "the_network_of_prod" {
  command = plan
  module {
    source = "../modules/network"
  }
  assert {
    condition     = aws_vpc.this.cidr_block == "10.0.0.0/16"
    error_message = "The VPC is 10.0.0.0/16."
  }
  assert {
    condition = [
      for s in concat(aws_subnet.public, aws_subnet.private) : s.cidr_block
    ] == ["10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20", "10.0.48.0/20"]
    error_message = "Two public and two private subnets."
  }
  assert {
    condition     = aws_subnet.public[0].availability_zone != aws_subnet.public[1].availability_zone && aws_subnet.private[0].availability_zone != aws_subnet.private[1].availability_zone
    error_message = "One of each kind in each of two zones."
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 2
    error_message = "A NAT gateway in each zone."
  }
  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && length(aws_vpc_endpoint.interface) == 0 && length(aws_security_group.endpoints) == 0
    error_message = "S3 is reached without NAT; no endpoint costs money unasked."
  }
  assert {
    condition     = !anytrue([for p in local.paths : p.to == "backend" && contains(["alb", "frontend"], p.from)])
    error_message = "The backend is reached by the gateway and by nobody around it."
  }
  assert {
    condition     = anytrue([for p in local.paths : p.from == "gateway" && p.to == "backend" && p.port == 5000])
    error_message = "The gateway reaches the backend."
  }
  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.path) == keys(aws_vpc_security_group_egress_rule.path)
    error_message = "Each path is open at both of its ends."
  }
}

run "one_nat_gateway_serves_both_zones" {
  command = plan
  module {
    source = "../modules/network"
  }
  variables {
    nat_gateways = 1
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.private) == 2
    error_message = "Both private route tables lead to the one NAT gateway."
  }
}

run "interface_endpoints_are_for_tasks_only" {
  command = plan
  module {
    source = "../modules/network"
  }
  variables {
    interface_endpoints = ["ecr.api", "ecr.dkr", "logs", "ssm"]
  }
  assert {
    condition     = length(aws_vpc_endpoint.interface) == 4 && alltrue([for e in aws_vpc_endpoint.interface : e.private_dns_enabled])
    error_message = "An endpoint each, found by the service's own name."
  }
  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.endpoints)) == toset(["gateway", "frontend", "backend", "monitoring"])
    error_message = "Tasks reach them, nobody else."
  }
}

run "cloudfront_alone_reaches_the_load_balancer" {
  command = plan
  module {
    source = "../modules/network"
  }
  variables {
    alb_prefix_lists = ["pl-3b927c52"]
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.internet) == 0 && aws_vpc_security_group_ingress_rule.prefix_list["pl-3b927c52"].from_port == 443
    error_message = "With CloudFront in front, the internet does not go around it."
  }
}

run "three_nat_gateways_are_refused" {
  command = plan
  module {
    source = "../modules/network"
  }
  variables {
    nat_gateways = 3
  }
  expect_failures = [var.nat_gateways]
}

run "a_network_too_small_is_refused" {
  command = plan
  module {
    source = "../modules/network"
  }
  variables {
    cidr = "10.0.0.0/24"
  }
  expect_failures = [var.cidr]
}
