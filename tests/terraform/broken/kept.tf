# `destroy` takes the journal with it.
resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_availability_zone.this.name
  size              = 100
  encrypted         = true
  kms_key_id        = var.kms_key_arn
}
