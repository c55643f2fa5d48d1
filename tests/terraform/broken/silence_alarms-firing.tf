# Alerts of the program that are as they were while nothing comes, and nothing tells that.
resource "aws_cloudwatch_metric_alarm" "page" {
  alarm_name          = "page"
  namespace           = "Pitwall"
  metric_name         = "firing"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  treat_missing_data  = "ignore"
}
