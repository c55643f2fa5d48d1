# A log group under nobody's key.
resource "aws_cloudwatch_log_group" "host" {
  name = "/pitwall/host"
}
