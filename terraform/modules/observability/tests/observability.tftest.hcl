# terraform test, without an account: every resource is made up. Plans only: what is kept by prevent_destroy could not be
# cleared away again.
mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:ap-southeast-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:ap-southeast-1:123456789012:alarms" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::pitwall-test-backups-123456789012" }
  }
}

variables {
  name         = "pitwall-test"
  region       = "ap-southeast-1"
  account_id   = "123456789012"
  alarm_emails = ["desk@example.com"]
  alarm_phones = ["+6500000000"]
  lock_mode    = "COMPLIANCE"
  lock_days    = 30
  keep_days    = 400
}

run "backups_are_locked_and_encrypted" {
  command = plan

  assert {
    condition     = aws_s3_bucket.backups.object_lock_enabled && aws_s3_bucket_object_lock_configuration.backups.rule[0].default_retention[0].mode == "COMPLIANCE"
    error_message = "backups can be changed or deleted"
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.backups.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "backups are not encrypted by our key"
  }
  assert {
    condition     = aws_s3_bucket_versioning.backups.versioning_configuration[0].status == "Enabled"
    error_message = "an overwritten backup would be gone"
  }
}

# deploy/backup/to-s3 puts them there: pitwall-test/backups/day/ and /month/, pitwall-test/anchors/.
run "a_daily_copy_goes_with_its_lock_a_monthly_one_stays" {
  command = plan

  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.backups.rule : one(rule.filter).prefix => one(rule.expiration).days
    } == { "pitwall-test/backups/day/" = 30, "pitwall-test/backups/month/" = 400, "pitwall-test/anchors/" = 400 }
    error_message = "a copy of each day is paid for longer than its lock, or a copy of a month is not kept"
  }
}

run "nobody_outside_reads_them" {
  command = plan

  assert {
    condition     = alltrue([aws_s3_bucket_public_access_block.backups.block_public_acls, aws_s3_bucket_public_access_block.backups.block_public_policy, aws_s3_bucket_public_access_block.backups.ignore_public_acls, aws_s3_bucket_public_access_block.backups.restrict_public_buckets])
    error_message = "the bucket can be made public"
  }
}

run "logs_and_alarms_are_encrypted" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.host.kms_key_id == aws_kms_key.this.arn && aws_sns_topic.alarms.kms_master_key_id == aws_kms_key.this.arn && aws_sns_topic.notices.kms_master_key_id == aws_kms_key.this.arn
    error_message = "log or topic is under another key than ours"
  }
  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "the key does not rotate"
  }
}

run "alarms_wake_and_notices_do_not" {
  command = plan

  assert {
    condition     = [for one in aws_sns_topic_subscription.phone : one.topic_arn] == [aws_sns_topic.alarms.arn]
    error_message = "a short message comes for what can wait, or none for an alarm"
  }
  assert {
    condition     = length(aws_sns_topic_subscription.mail) == 2 && length(aws_sns_topic_policy.topic) == 2
    error_message = "one of the two topics is heard by nobody, or takes no alarm"
  }
}

run "alarms_that_nobody_gets_are_refused" {
  command = plan

  variables {
    alarm_emails = []
  }
  expect_failures = [var.alarm_emails]
}

run "a_number_without_its_country_is_refused" {
  command = plan

  variables {
    alarm_phones = ["91234567"]
  }
  expect_failures = [var.alarm_phones]
}

run "keeping_shorter_than_the_lock_is_refused" {
  command = plan

  variables {
    keep_days = 30
  }
  expect_failures = [var.keep_days]
}

run "another_lock_is_refused" {
  command = plan

  variables {
    lock_mode = "NONE"
  }
  expect_failures = [var.lock_mode]
}
