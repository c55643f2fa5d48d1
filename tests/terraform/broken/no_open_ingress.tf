# The dashboard for everybody.
resource "aws_vpc_security_group_ingress_rule" "dashboard" {
  security_group_id = var.security_group_id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 8080
  to_port           = 8080
}
