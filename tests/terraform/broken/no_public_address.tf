# A host with a public address, given by its interface.
resource "aws_launch_template" "host" {
  network_interfaces {
    associate_public_ip_address = true
  }
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  block_device_mappings {
    ebs {
      encrypted  = true
      kms_key_id = var.kms_key_arn
    }
  }
}
