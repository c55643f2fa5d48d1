# Snapshots of the data volume, for a host that is lost between two backups. They are crash copies:
# the journal's tail is cut at the start, and the program comes up HALTED where it is not sure.

data "aws_iam_policy_document" "dlm_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["dlm.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "dlm" {
  name               = "${var.name}-snapshots"
  assume_role_policy = data.aws_iam_policy_document.dlm_trust.json
}

resource "aws_iam_role_policy_attachment" "dlm" {
  role       = aws_iam_role.dlm.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole"
}

resource "aws_dlm_lifecycle_policy" "data" {
  description        = "Data volume of ${var.name}"
  execution_role_arn = aws_iam_role.dlm.arn
  state              = "ENABLED"

  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { Snapshot = var.name }

    schedule {
      name      = "every four hours, kept for a week"
      copy_tags = true

      create_rule {
        interval      = 4
        interval_unit = "HOURS"
        times         = ["00:10"]
      }

      retain_rule {
        count = 42
      }
    }
  }
}
