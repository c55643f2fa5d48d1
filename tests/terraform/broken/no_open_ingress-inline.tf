# The same, inside the group, made by a loop.
resource "aws_security_group" "host" {
  dynamic "ingress" {
    for_each = [8080, 8081]

    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}
