# A secret here is a name, a key and who may read it. Its value is put in by a person, so it stands in
# no state, no plan and no user data.

resource "aws_secretsmanager_secret" "this" {
  for_each = var.secrets

  name                    = "${var.name}/${each.key}"
  description             = each.value.description
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 30

  tags = { Host = var.name }
}

# Whoever else has a wide policy of their own may not read it: the host, the role of the function that rotates, and
# nobody else. aws:PrincipalArn is of a role, also where a session of it asks.
data "aws_iam_policy_document" "secret" {
  for_each = var.secrets

  statement {
    sid       = "OnlyTheHostReads"
    effect    = "Deny"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = compact([aws_iam_role.host.arn, each.value.rotation_role_arn == null ? "" : each.value.rotation_role_arn])
    }
  }
}

resource "aws_secretsmanager_secret_policy" "this" {
  for_each = var.secrets

  secret_arn          = aws_secretsmanager_secret.this[each.key].arn
  policy              = data.aws_iam_policy_document.secret[each.key].json
  block_public_policy = true
}

# Most exchanges issue keys by hand only: those go by the two-key way of docs/RUNBOOK.md, and have no
# function. What can rotate by itself names one.
resource "aws_secretsmanager_secret_rotation" "this" {
  for_each = { for name, secret in var.secrets : name => secret if secret.rotation_lambda_arn != null }

  secret_id           = aws_secretsmanager_secret.this[each.key].id
  rotation_lambda_arn = each.value.rotation_lambda_arn

  rotation_rules {
    automatically_after_days = each.value.rotation_days
  }
}

# The hook: a new value, by a person or a function, is fetched by the host, and somebody is told. The
# program takes a venue's key at its next start: when that is remains the desk's decision.
resource "aws_ssm_document" "take_secrets" {
  name            = "${var.name}-take-secrets"
  document_type   = "Command"
  document_format = "JSON"

  content = jsonencode({
    schemaVersion = "2.2"
    description   = "Fetches the host's secrets anew into memory; restarts nothing."
    mainSteps = [{
      action = "aws:runShellScript"
      name   = "take"
      inputs = { runCommand = ["systemctl restart pitwall-secrets.service"], timeoutSeconds = "60" }
    }]
  })
}

# A request is recorded with the secret as whoever asked has called it: by name, by ARN, or by ARN without the six
# characters at its end. What the service does by itself is recorded in another place, by ARN.
locals {
  secret_ids = flatten([for secret in aws_secretsmanager_secret.this : [
    secret.name, secret.arn, replace(secret.arn, "/-[A-Za-z0-9]{6}$/", "")
  ]])
}

resource "aws_cloudwatch_event_rule" "secret_changed" {
  name        = "${var.name}-secret-changed"
  description = "A secret of the host has a new value (needs a trail of management events in the account)."

  event_pattern = jsonencode({
    source      = ["aws.secretsmanager"]
    detail-type = ["AWS API Call via CloudTrail", "AWS Service Event via CloudTrail"]
    detail = {
      eventName = ["PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage", "RotationSucceeded"]
      "$or" = [
        { requestParameters = { secretId = local.secret_ids } },
        { additionalEventData = { SecretId = [for secret in aws_secretsmanager_secret.this : secret.arn] } },
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "fetch" {
  rule     = aws_cloudwatch_event_rule.secret_changed.name
  arn      = aws_ssm_document.take_secrets.arn
  role_arn = aws_iam_role.events.arn

  run_command_targets {
    key    = "InstanceIds"
    values = [aws_instance.this.id]
  }
}

resource "aws_cloudwatch_event_target" "tell" {
  rule = aws_cloudwatch_event_rule.secret_changed.name
  arn  = var.alarm_topic_arn
}

data "aws_iam_policy_document" "events_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "events" {
  statement {
    actions   = ["ssm:SendCommand"]
    resources = [aws_ssm_document.take_secrets.arn, aws_instance.this.arn]
  }
}

resource "aws_iam_role" "events" {
  name               = "${var.name}-events"
  assume_role_policy = data.aws_iam_policy_document.events_trust.json
}

resource "aws_iam_role_policy" "events" {
  name   = "run"
  role   = aws_iam_role.events.id
  policy = data.aws_iam_policy_document.events.json
}
