# Optional. AWS's managed rules, and a limit a client address. The body-size rule only counts: it
# refuses bodies beyond 8 KB, and this application takes uploads. It stands where clients arrive:
# behind CloudFront it would see CloudFront's addresses, and a client's only as the client claims it.
locals {
  managed_rules = {
    AWSManagedRulesAmazonIpReputationList = { priority = 1, count = [] }
    AWSManagedRulesKnownBadInputsRuleSet  = { priority = 2, count = [] }
    AWSManagedRulesCommonRuleSet          = { priority = 3, count = ["SizeRestrictions_BODY"] }
  }
}

resource "aws_wafv2_web_acl" "this" {
  count = var.waf ? 1 : 0
  name  = "${var.name}-waf"
  scope = var.cloudfront ? "CLOUDFRONT" : "REGIONAL"
  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 0
    action {
      block {
        custom_response {
          response_code = 429
        }
      }
    }
    statement {
      rate_based_statement {
        limit              = var.waf_rate
        aggregate_key_type = "IP"
      }
    }
    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${var.name}-rate"
      sampled_requests_enabled   = true
    }
  }

  dynamic "rule" {
    for_each = local.managed_rules
    content {
      name     = rule.key
      priority = rule.value.priority
      override_action {
        none {}
      }
      statement {
        managed_rule_group_statement {
          name        = rule.key
          vendor_name = "AWS"
          dynamic "rule_action_override" {
            for_each = rule.value.count
            content {
              name = rule_action_override.value
              action_to_use {
                count {}
              }
            }
          }
        }
      }
      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = "${var.name}-${rule.key}"
        sampled_requests_enabled   = true
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "${var.name}-waf"
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count        = var.waf && !var.cloudfront ? 1 : 0
  resource_arn = aws_lb.this.arn
  web_acl_arn  = aws_wafv2_web_acl.this[0].arn
}
