# A data volume in the clear.
resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_availability_zone.this.name
  size              = 100

  lifecycle {
    prevent_destroy = true
  }
}
