# Out to anywhere, by any port.
resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = var.security_group_id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
