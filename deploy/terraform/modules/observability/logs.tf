# Log groups exist before the first task does, so that no role needs the right to make one.
resource "aws_cloudwatch_log_group" "service" {
  for_each          = var.services
  name              = "/ecs/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
}

# The gateway's errors as a metric, one series a cause: the words of gateway/base/error.cpp, as in
# gateway_errors_total{cause} and in the log.
resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "${var.name}-gateway-errors"
  log_group_name = aws_cloudwatch_log_group.service["gateway"].name
  pattern        = "{ $.status >= 500 && $.cause = \"*\" }"
  metric_transformation {
    name       = "GatewayErrors"
    namespace  = var.name
    value      = "1"
    unit       = "Count"
    dimensions = { cause = "$.cause" }
  }
}

locals {
  queries = {
    "why-5xx"     = <<-Q
      filter status >= 500
      | stats count(*) as requests by cause, upstream, endpoint, upstream_status
      | sort requests desc
    Q
    "502s-now"    = <<-Q
      filter status = 502
      | fields @timestamp, cause, endpoint, path, duration_ms, attempts, reused, request_id
      | sort @timestamp desc
      | limit 100
    Q
    "slowest"     = <<-Q
      filter status > 0
      | fields @timestamp, duration_ms, upstream_ms, status, route, endpoint, path, request_id
      | sort duration_ms desc
      | limit 50
    Q
    "latency"     = <<-Q
      filter status > 0
      | stats pct(duration_ms, 50) as p50, pct(duration_ms, 95) as p95, pct(duration_ms, 99) as p99, count(*) as requests by bin(1m), route
    Q
    "one-request" = <<-Q
      filter request_id = "PASTE-A-REQUEST-ID"
    Q
    "own-words"   = <<-Q
      filter not ispresent(status)
      | fields @timestamp, @message
      | sort @timestamp desc
      | limit 200
    Q
  }
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each        = local.queries
  name            = "${var.name}/${each.key}"
  log_group_names = [aws_cloudwatch_log_group.service["gateway"].name]
  query_string    = trimspace(each.value)
}
