# Optional. Caches only what says that it may be cached (the frontend's hashed assets do); every
# header, cookie and query string passes. The certificate is the load balancer's, so this works in
# us-east-1 only, where CloudFront looks for certificates.
locals {
  # AWS's managed policies: UseOriginCacheControlHeaders-QueryStrings, AllViewer.
  cache_policy   = "4cc15a8a-d715-48a4-82b8-cc0b614638fe"
  request_policy = "216adef6-5c7f-47e4-b989-5492eafa07d3"
}

resource "aws_cloudfront_distribution" "this" {
  count           = var.cloudfront ? 1 : 0
  comment         = var.name
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  aliases         = [var.domain]
  price_class     = "PriceClass_100"
  web_acl_id      = one(aws_wafv2_web_acl.this[*].arn)

  origin {
    origin_id   = "alb"
    domain_name = local.origin
    custom_origin_config {
      http_port                = 80
      https_port               = 443
      origin_protocol_policy   = "https-only"
      origin_ssl_protocols     = ["TLSv1.2"]
      origin_keepalive_timeout = 50 # below the load balancer's idle timeout
      origin_read_timeout      = 60
    }
  }

  default_cache_behavior {
    target_origin_id         = "alb"
    viewer_protocol_policy   = "redirect-to-https"
    allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods           = ["GET", "HEAD"]
    compress                 = true
    cache_policy_id          = local.cache_policy
    origin_request_policy_id = local.request_policy
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate_validation.this.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}
