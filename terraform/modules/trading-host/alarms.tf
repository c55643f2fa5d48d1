# What cannot be seen from inside: that the host is gone, or says nothing any more. All that the
# program itself knows is judged by the program and by Prometheus.

locals {
  # Figures that deploy/aws/pitwall-figures puts once a minute; without one, something is wrong.
  figures = {
    live            = { comparison = "LessThanThreshold", threshold = 1, says = "The program does not answer, or the host is gone." }
    clock-offset    = { comparison = "GreaterThanThreshold", threshold = 0.01, says = "The clock is off by more than 10 ms." }
    disk-used       = { comparison = "GreaterThanThreshold", threshold = 0.8, says = "The data volume is fuller than 80 %." }
    backup-age      = { comparison = "GreaterThanThreshold", threshold = 7200, says = "No verified backup for two hours." }
    anchors-lagging = { comparison = "GreaterThanThreshold", threshold = 600, says = "No signed head of the audit has left the host for ten minutes." }
  }
}

resource "aws_cloudwatch_metric_alarm" "status" {
  alarm_name          = "${var.name}-status-check"
  alarm_description   = "The instance or what it runs on does not pass AWS's checks. docs/RUNBOOK.md: The host is lost."
  namespace           = "AWS/EC2"
  metric_name         = "StatusCheckFailed"
  dimensions          = { InstanceId = aws_instance.this.id }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "breaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "figure" {
  for_each = local.figures

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = "Pitwall"
  metric_name         = each.key
  dimensions          = { Host = var.name }
  statistic           = each.value.comparison == "LessThanThreshold" ? "Minimum" : "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  # A figure that does not come is as bad as a bad one.
  treat_missing_data = "breaching"
  alarm_actions      = [var.alarm_topic_arn]
  ok_actions         = [var.alarm_topic_arn]
}
