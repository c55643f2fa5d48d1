# Metadata for whoever asks, a container among them.
resource "aws_launch_template" "host" {
  network_interfaces {
    associate_public_ip_address = false
  }
  metadata_options {
    http_tokens                 = "optional"
    http_put_response_hop_limit = 2
  }
  block_device_mappings {
    ebs {
      encrypted  = true
      kms_key_id = var.kms_key_arn
    }
  }
}
