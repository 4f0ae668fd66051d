data "aws_region" "current" {}

locals {
  region = data.aws_region.current.name

  widgets = [
    {
      title   = "Requests a minute"
      metrics = [["AWS/ApplicationELB", "RequestCount", "LoadBalancer", var.load_balancer, { stat = "Sum" }]]
    },
    {
      title = "5xx: of the gateway and behind it, and of the load balancer"
      metrics = [
        ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", var.load_balancer, { stat = "Sum" }],
        ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", var.load_balancer, { stat = "Sum" }],
      ]
    },
    {
      title = "Response time, s"
      metrics = [for stat in ["p50", "p95", "p99"] :
        ["AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.load_balancer, { stat = stat, label = stat }]
      ]
    },
    {
      title   = "The gateway's errors by cause"
      metrics = [[{ expression = "SEARCH('{${var.name},cause} MetricName=\"GatewayErrors\"', 'Sum', 60)", id = "causes" }]]
    },
    {
      title = "Healthy and unhealthy gateways"
      metrics = concat([for suffix in values(var.target_groups) : [
        for metric in ["HealthyHostCount", "UnHealthyHostCount"] :
        ["AWS/ApplicationELB", metric, "LoadBalancer", var.load_balancer, "TargetGroup", suffix]
      ]]...)
    },
    {
      title = "CPU, %"
      metrics = [for service in keys(var.services) :
        ["AWS/ECS", "CPUUtilization", "ClusterName", var.cluster, "ServiceName", "${var.name}-${service}-service", { label = service }]
      ]
    },
    {
      title = "Memory, %"
      metrics = [for service in keys(var.services) :
        ["AWS/ECS", "MemoryUtilization", "ClusterName", var.cluster, "ServiceName", "${var.name}-${service}-service", { label = service }]
      ]
    },
    {
      title = "Running tasks"
      metrics = [for service in keys(var.services) :
        ["ECS/ContainerInsights", "RunningTaskCount", "ClusterName", var.cluster, "ServiceName", "${var.name}-${service}-service", { label = service }]
      ]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for i, widget in local.widgets : {
      type   = "metric"
      x      = (i % 2) * 12
      y      = floor(i / 2) * 6
      width  = 12
      height = 6
      properties = {
        title   = widget.title
        region  = local.region
        view    = "timeSeries"
        stat    = "Average"
        period  = 60
        metrics = widget.metrics
      }
    }]
  })
}

resource "aws_budgets_budget" "this" {
  name         = "${var.name}-monthly-${local.region}"
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = ["user:${var.budget_tag}"]
  }

  notification {
    comparison_operator       = "GREATER_THAN"
    notification_type         = "ACTUAL"
    threshold                 = 80
    threshold_type            = "PERCENTAGE"
    subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
  }
  notification {
    comparison_operator       = "GREATER_THAN"
    notification_type         = "FORECASTED"
    threshold                 = 100
    threshold_type            = "PERCENTAGE"
    subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
  }
}
