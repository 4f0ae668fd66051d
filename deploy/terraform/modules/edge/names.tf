# The certificate, proven and renewed through DNS, and the public names.
data "aws_route53_zone" "this" {
  name = var.zone
}

locals {
  origin = "origin.${var.domain}"
  proofs = { for o in aws_acm_certificate.this.domain_validation_options : o.domain_name => o }
}

resource "aws_acm_certificate" "this" {
  domain_name               = var.domain
  subject_alternative_names = var.cloudfront ? [local.origin] : []
  validation_method         = "DNS"
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each        = toset(concat([var.domain], var.cloudfront ? [local.origin] : []))
  zone_id         = data.aws_route53_zone.this.zone_id
  name            = local.proofs[each.key].resource_record_name
  type            = local.proofs[each.key].resource_record_type
  records         = [local.proofs[each.key].resource_record_value]
  ttl             = 60
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [for r in aws_route53_record.validation : r.fqdn]
}

# In another region, after the loss of this one, an apply takes the names over.
resource "aws_route53_record" "public" {
  zone_id         = data.aws_route53_zone.this.zone_id
  name            = var.domain
  type            = "A"
  allow_overwrite = true
  alias {
    name                   = var.cloudfront ? aws_cloudfront_distribution.this[0].domain_name : aws_lb.this.dns_name
    zone_id                = var.cloudfront ? aws_cloudfront_distribution.this[0].hosted_zone_id : aws_lb.this.zone_id
    evaluate_target_health = !var.cloudfront
  }
}

resource "aws_route53_record" "origin" {
  count           = var.cloudfront ? 1 : 0
  zone_id         = data.aws_route53_zone.this.zone_id
  name            = local.origin
  type            = "A"
  allow_overwrite = true
  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = true
  }
}
