# The host is gone, and the alarm says that nothing was measured.
resource "aws_cloudwatch_metric_alarm" "live" {
  alarm_name          = "live"
  namespace           = "Pitwall"
  metric_name         = "live"
  comparison_operator = "LessThanThreshold"
  evaluation_periods  = 3
  treat_missing_data  = "missing"
}
