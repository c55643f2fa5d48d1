# A fixed address for the host itself, not for the NAT gateway.
resource "aws_eip" "host" {
  domain   = "vpc"
  instance = aws_instance.host.id

  lifecycle {
    prevent_destroy = true
  }
}
