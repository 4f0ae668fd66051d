mock_provider "aws" {
  source          = "./mocks"
  override_during = plan
}

variables {
  name           = "lauv"
  domain         = "app.lauv.in"
  zone           = "lauv.in"
  vpc_id         = "vpc-1"
  subnets        = ["subnet-1", "subnet-2"]
  security_group = "sg-1"
  port           = 80
  health_port    = 9113
}

run "the_edge_of_prod" {
  command = plan
  module {
    source = "../modules/edge"
  }
  assert {
    condition     = aws_lb_target_group.gateway["blue"].health_check[0].path == "/readyz" && aws_lb_target_group.gateway["blue"].health_check[0].port == "9113"
    error_message = "The load balancer asks the gateway about the gateway, on its admin port."
  }
  assert {
    condition     = length(aws_lb_target_group.gateway) == 1 && tonumber(aws_lb_target_group.gateway["blue"].deregistration_delay) >= 25
    error_message = "One target group, whose delay covers the gateway's drain."
  }
  assert {
    condition     = aws_lb_listener.http.default_action[0].redirect[0].status_code == "HTTP_301" && aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS"
    error_message = "80 redirects to 443 for good."
  }
  assert {
    condition     = aws_lb_listener.https.port == 443 && strcontains(aws_lb_listener.https.ssl_policy, "TLS13") && aws_lb_listener.https.certificate_arn == aws_acm_certificate_validation.this.certificate_arn
    error_message = "443 takes TLS 1.2 and 1.3, with the certificate that is proven."
  }
  assert {
    condition     = aws_lb.this.enable_deletion_protection && aws_lb.this.drop_invalid_header_fields
    error_message = "The load balancer withstands a destroy and drops malformed fields."
  }
  assert {
    condition     = length(aws_wafv2_web_acl.this) + length(aws_cloudfront_distribution.this) + length(aws_lb_listener.test) == 0
    error_message = "What costs money is asked for."
  }
}

run "a_web_acl_before_the_load_balancer" {
  command = plan
  module {
    source = "../modules/edge"
  }
  variables {
    waf = true
  }
  assert {
    condition     = aws_wafv2_web_acl.this[0].scope == "REGIONAL" && aws_wafv2_web_acl_association.this[0].resource_arn == aws_lb.this.arn
    error_message = "It is regional and bound to the load balancer."
  }
  assert {
    condition = toset([for r in aws_wafv2_web_acl.this[0].rule : r.name]) == toset([
      "rate", "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet",
    ])
    error_message = "A limit a client, and AWS's common rules."
  }
  assert {
    condition     = length(distinct([for r in aws_wafv2_web_acl.this[0].rule : r.priority])) == 4
    error_message = "Each rule has a priority of its own."
  }
}

run "cloudfront_before_the_load_balancer" {
  command = plan
  module {
    source = "../modules/edge"
  }
  variables {
    cloudfront = true
    waf        = true
  }
  assert {
    condition     = aws_cloudfront_distribution.this[0].default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https" && one(aws_cloudfront_distribution.this[0].origin).domain_name == "origin.app.lauv.in"
    error_message = "Clients are redirected to https; the origin has a name that its certificate knows."
  }
  assert {
    condition     = contains(aws_acm_certificate.this.subject_alternative_names, "origin.app.lauv.in")
    error_message = "The certificate is good for the origin's name."
  }
  assert {
    condition     = aws_wafv2_web_acl.this[0].scope == "CLOUDFRONT" && aws_cloudfront_distribution.this[0].web_acl_id == aws_wafv2_web_acl.this[0].arn && length(aws_wafv2_web_acl_association.this) == 0
    error_message = "The web ACL stands where clients arrive, or its limit counts CloudFront."
  }
  assert {
    condition     = one(aws_route53_record.public.alias).name == "d111111abcdef8.cloudfront.net" && length(aws_route53_record.origin) == 1
    error_message = "The public name leads to CloudFront, the origin's to the load balancer."
  }
}

run "blue_and_green" {
  command = plan
  module {
    source = "../modules/edge"
  }
  variables {
    blue_green = true
  }
  assert {
    condition     = keys(aws_lb_target_group.gateway) == ["blue", "green"] && aws_lb_listener.test[0].port == 8443
    error_message = "Two target groups, and a listener for tests."
  }
}

run "a_scheme_in_the_domain_is_refused" {
  command = plan
  module {
    source = "../modules/edge"
  }
  variables {
    domain = "https://app.lauv.in"
  }
  expect_failures = [var.domain]
}

run "an_idle_timeout_beyond_the_gateways_is_refused" {
  command = plan
  module {
    source = "../modules/edge"
  }
  variables {
    idle_timeout = 120
  }
  expect_failures = [var.idle_timeout]
}

run "a_delay_shorter_than_the_drain_is_refused" {
  command = plan
  module {
    source = "../modules/edge"
  }
  variables {
    deregistration_delay = 10
  }
  expect_failures = [var.deregistration_delay]
}
