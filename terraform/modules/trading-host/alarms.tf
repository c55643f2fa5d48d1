# Who pages on AWS: CloudWatch, which is outside of the host, so that no news is bad news. What the
# program knows it judges itself (`pitwall spec alerts`); deploy/aws/pitwall-figures says each minute
# which of its alerts fire, and each that pages has an alarm here, so that a second one is heard while
# the first still goes on. That nobody judges, or nothing comes, is an alarm of its own.

locals {
  # Figures that deploy/aws/pitwall-figures puts once a minute; without one, something is wrong.
  figures = {
    live             = { comparison = "LessThanThreshold", threshold = 1, says = "The program does not answer, or the host is gone. docs/RUNBOOK.md, alert-down." }
    clock-offset     = { comparison = "GreaterThanThreshold", threshold = 0.01, says = "The clock is off by more than 10 ms." }
    disk-used        = { comparison = "GreaterThanThreshold", threshold = 0.8, says = "The data volume is fuller than 80 %." }
    backup-age       = { comparison = "GreaterThanThreshold", threshold = 7200, says = "No verified backup for two hours." }
    backup-sent-age  = { comparison = "GreaterThanThreshold", threshold = 93600, says = "No backup has left the host for 26 hours: one goes each day." }
    restore-test-age = { comparison = "GreaterThanThreshold", threshold = 180000, says = "No backup was restored as a test for 50 hours: one is each night." }
    alerts-age       = { comparison = "GreaterThanThreshold", threshold = 30, says = "The program does not judge its alerts, or cannot be asked for them (metrics_listen): nothing else here would page. docs/RUNBOOK.md, alert-alerts_silent." }
    anchors-lagging  = { comparison = "GreaterThanThreshold", threshold = 600, says = "Signed heads of the audit do not leave the host." }
  }

  # The program's alerts that page (tests/operate/figures.test.mjs compares).
  pages = [
    "kill_active", "unknown_orders", "position_drift", "loss_limit", "stream_down", "data_stale",
    "clock_offset", "engine_silent", "journal_suspect", "journal_late", "audit_suspect", "audit_late",
    "anchor_late", "storage_low", "restart_loop", "audit_facts_lost",
  ]
}

resource "aws_cloudwatch_metric_alarm" "page" {
  for_each = toset(local.pages)

  alarm_name          = "${var.name}-${replace(each.value, "_", "-")}"
  alarm_description   = "The program's alert ${each.value}. `pitwall alerts --data /var/lib/pitwall` says where; docs/RUNBOOK.md, alert-${each.value}, what to do."
  namespace           = "Pitwall"
  metric_name         = "firing"
  dimensions          = { Host = var.name, Alert = each.value }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  # As it was: that it is not known is what alerts-age pages for, once and not sixteen times.
  treat_missing_data = "ignore"
  alarm_actions      = [var.alarm_topic_arn]
  ok_actions         = [var.alarm_topic_arn]
}

# What somebody looks at in the morning; it wakes nobody.
resource "aws_cloudwatch_metric_alarm" "notices" {
  alarm_name          = "${var.name}-notices"
  alarm_description   = "Alerts of the program's that do not page. `pitwall alerts --data /var/lib/pitwall` says which."
  namespace           = "Pitwall"
  metric_name         = "notices"
  dimensions          = { Host = var.name }
  statistic           = "Minimum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "breaching"
  alarm_actions       = [var.notice_topic_arn]
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
