# A host that trades: one instance in a cluster placement group, its data on a volume of its own, so
# that the instance can be replaced and the data stays.

# The letter of this account for the zone, for the two arguments that know nothing else.
data "aws_availability_zone" "this" {
  zone_id = var.zone_id
}

resource "aws_placement_group" "this" {
  name     = var.name
  strategy = "cluster"
}

resource "aws_ec2_capacity_reservation" "this" {
  count = var.reserve_capacity ? 1 : 0

  instance_type           = var.instance_type
  instance_platform       = "Linux/UNIX"
  availability_zone       = data.aws_availability_zone.this.name
  instance_count          = 1
  instance_match_criteria = "targeted"
  placement_group_arn     = aws_placement_group.this.arn
  ebs_optimized           = true

  tags = { Name = var.name }
}

resource "aws_launch_template" "this" {
  name                   = var.name
  image_id               = var.ami_id
  instance_type          = var.instance_type
  update_default_version = true
  ebs_optimized          = true

  disable_api_termination = var.protect
  disable_api_stop        = var.protect

  # One thread a core: a neighbour on the sibling thread costs the engine its tail.
  cpu_options {
    core_count       = var.core_count
    threads_per_core = 1
  }

  # A session token for every question, and none for what is a hop away (a container).
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  network_interfaces {
    subnet_id                   = var.subnet_id
    security_groups             = [var.security_group_id]
    associate_public_ip_address = false
    delete_on_termination       = true
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.root_gib
      encrypted             = true
      kms_key_id            = var.kms_key_arn
      delete_on_termination = true
    }
  }

  placement {
    group_name = aws_placement_group.this.name
    tenancy    = "default"
  }

  dynamic "capacity_reservation_specification" {
    for_each = aws_ec2_capacity_reservation.this

    content {
      capacity_reservation_target {
        capacity_reservation_id = capacity_reservation_specification.value.id
      }
    }
  }

  iam_instance_profile {
    arn = aws_iam_instance_profile.host.arn
  }

  monitoring {
    enabled = true
  }

  # Names and numbers only. Secrets are fetched by the host itself (deploy/aws/pitwall-secrets).
  user_data = base64encode(templatefile("${path.module}/user-data.sh.tftpl", {
    name         = var.name
    region       = var.region
    data_volume  = aws_ebs_volume.data.id
    cores        = var.cores
    secret_names = sort([for secret in aws_secretsmanager_secret.this : secret.name])
    bucket       = var.backup_bucket.name
    kms_key_arn  = var.kms_key_arn
  }))

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = var.name, Role = "trading-host" }
  }

  tag_specifications {
    resource_type = "volume"
    tags          = { Name = "${var.name}-root" }
  }
}

resource "aws_instance" "this" {
  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  tags = { Name = var.name, Role = "trading-host" }

  # A new image is a decision of the desk (docs/RUNBOOK.md, "Upgrade and rollback"), not of an apply.
  lifecycle {
    ignore_changes = [launch_template]
  }
}

resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_availability_zone.this.name
  type              = "gp3"
  size              = var.data_gib
  iops              = 6000
  throughput        = 250
  encrypted         = true
  kms_key_id        = var.kms_key_arn
  final_snapshot    = true

  tags = { Name = "${var.name}-data", Snapshot = var.name }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_volume_attachment" "data" {
  device_name                    = "/dev/sdf"
  volume_id                      = aws_ebs_volume.data.id
  instance_id                    = aws_instance.this.id
  stop_instance_before_detaching = true
}
