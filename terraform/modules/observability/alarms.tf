# Two ways, as page and notify: what wakes somebody, and what somebody reads in the morning.
resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.this.arn
}

resource "aws_sns_topic" "notices" {
  name              = "${var.name}-notices"
  kms_master_key_id = aws_kms_key.this.arn
}

locals {
  topics = { alarms = aws_sns_topic.alarms.arn, notices = aws_sns_topic.notices.arn }
}

data "aws_iam_policy_document" "topic" {
  for_each = local.topics

  statement {
    sid       = "OurAlarmsAndEvents"
    actions   = ["sns:Publish"]
    resources = [each.value]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

resource "aws_sns_topic_policy" "topic" {
  for_each = local.topics

  arn    = each.value
  policy = data.aws_iam_policy_document.topic[each.key].json
}

resource "aws_sns_topic_subscription" "mail" {
  for_each = { for pair in setproduct(keys(local.topics), var.alarm_emails) : "${pair[0]} ${pair[1]}" => pair }

  topic_arn = local.topics[each.value[0]]
  protocol  = "email"
  endpoint  = each.value[1]
}

# A pager that is told by HTTPS has its key in its address: a person subscribes it, so that it stands in
# no state (terraform/README.md, "Apply").
resource "aws_sns_topic_subscription" "phone" {
  for_each = toset(var.alarm_phones)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "sms"
  endpoint  = each.value
}
