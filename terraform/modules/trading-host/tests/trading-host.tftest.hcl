# terraform test, without an account: every resource is made up. Plans only: what is kept by prevent_destroy could not be
# cleared away again.
mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_availability_zone" {
    defaults = { name = "ap-southeast-1c" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/host" }
  }
  mock_resource "aws_iam_instance_profile" {
    defaults = { arn = "arn:aws:iam::123456789012:instance-profile/host" }
  }
  mock_resource "aws_placement_group" {
    defaults = { arn = "arn:aws:ec2:ap-southeast-1:123456789012:placement-group/pitwall-test" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:pitwall-test/key-AbCdEf" }
  }
  mock_resource "aws_ssm_document" {
    defaults = { arn = "arn:aws:ssm:ap-southeast-1:123456789012:document/take" }
  }
  mock_resource "aws_ebs_volume" {
    defaults = { id = "vol-0123456789abcdef0" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 1 }
  }
}

variables {
  name              = "pitwall-test"
  region            = "ap-southeast-1"
  zone_id           = "apse1-az3"
  subnet_id         = "subnet-0123456789abcdef0"
  security_group_id = "sg-0123456789abcdef0"
  ami_id            = "ami-0123456789abcdef0"
  instance_type     = "c7i.4xlarge"
  core_count        = 8
  cores             = "2-3"
  kms_key_arn       = "arn:aws:kms:ap-southeast-1:123456789012:key/00000000-0000-0000-0000-000000000000"
  data_gib          = 200
  reserve_capacity  = true
  protect           = true
  secrets = {
    bybit-key = { description = "trade only, bound to our address" }
    tls-key = {
      description         = "of the desk's listener"
      rotation_lambda_arn = "arn:aws:lambda:ap-southeast-1:123456789012:function:rotate"
      rotation_role_arn   = "arn:aws:iam::123456789012:role/rotate"
    }
  }
  backup_bucket    = { name = "pitwall-test-backups", arn = "arn:aws:s3:::pitwall-test-backups" }
  log_group_arn    = "arn:aws:logs:ap-southeast-1:123456789012:log-group:host"
  alarm_topic_arn  = "arn:aws:sns:ap-southeast-1:123456789012:alarms"
  notice_topic_arn = "arn:aws:sns:ap-southeast-1:123456789012:notices"
}

run "no_public_address" {
  command = plan

  assert {
    condition     = tobool(aws_launch_template.this.network_interfaces[0].associate_public_ip_address) == false
    error_message = "the host gets a public address"
  }
}

run "metadata_wants_a_session" {
  command = plan

  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required" && aws_launch_template.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "instance metadata answers without a session, or over a hop"
  }
}

run "every_volume_is_encrypted" {
  command = plan

  assert {
    condition     = alltrue([for device in aws_launch_template.this.block_device_mappings : tobool(device.ebs[0].encrypted)]) && aws_ebs_volume.data.encrypted
    error_message = "a volume is not encrypted"
  }
  assert {
    condition     = aws_ebs_volume.data.kms_key_id == var.kms_key_arn
    error_message = "the data volume is under another key than ours"
  }
}

run "one_thread_a_core_in_the_group" {
  command = plan

  assert {
    condition     = aws_launch_template.this.cpu_options[0].threads_per_core == 1 && aws_launch_template.this.cpu_options[0].core_count == 8
    error_message = "the engine's core has a sibling thread"
  }
  assert {
    condition     = aws_placement_group.this.strategy == "cluster" && length(aws_ec2_capacity_reservation.this) == 1
    error_message = "no cluster placement group, or its place is not reserved"
  }
  assert {
    condition     = aws_launch_template.this.disable_api_termination && aws_launch_template.this.disable_api_stop
    error_message = "the host can be ended by a slip"
  }
}

run "rotation_only_where_a_function_is" {
  command = plan

  assert {
    condition     = keys(aws_secretsmanager_secret_rotation.this) == ["tls-key"]
    error_message = "rotation is not where a function for it exists, and nowhere else"
  }
  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.this : secret.kms_key_id == var.kms_key_arn])
    error_message = "a secret is under another key than ours"
  }
}

run "a_role_reads_never_a_function" {
  command = plan

  assert {
    condition     = one(one(data.aws_iam_policy_document.secret["tls-key"].statement).condition).values == tolist([aws_iam_role.host.arn, "arn:aws:iam::123456789012:role/rotate"])
    error_message = "the policy of a secret lets others in than the host's role and the role that rotates"
  }
  assert {
    condition     = one(one(data.aws_iam_policy_document.secret["bybit-key"].statement).condition).values == tolist([aws_iam_role.host.arn])
    error_message = "a secret that nothing rotates is read by more than the host"
  }
}

run "a_function_without_its_role_is_refused" {
  command = plan

  variables {
    secrets = { tls-key = { description = "x", rotation_lambda_arn = "arn:aws:lambda:ap-southeast-1:123456789012:function:rotate" } }
  }
  expect_failures = [var.secrets]
}

# A request names the secret as whoever asked has typed it, and the service tells of itself elsewhere in the event.
run "the_hook_hears_every_way_to_name_a_secret" {
  command = plan

  assert {
    condition     = alltrue([for id in ["pitwall-test/bybit-key", "pitwall-test/tls-key", "arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:pitwall-test/key-AbCdEf", "arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:pitwall-test/key"] : contains(jsondecode(aws_cloudwatch_event_rule.secret_changed.event_pattern).detail["$or"][0].requestParameters.secretId, id)])
    error_message = "a new value is not heard of when the secret was called by its name or by its ARN"
  }
  assert {
    condition     = contains(jsondecode(aws_cloudwatch_event_rule.secret_changed.event_pattern).detail["$or"][1].additionalEventData.SecretId, "arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:pitwall-test/key-AbCdEf")
    error_message = "a rotation of the service's own is not heard of"
  }
  assert {
    condition     = contains(jsondecode(aws_cloudwatch_event_rule.secret_changed.event_pattern).detail.eventName, "UpdateSecret")
    error_message = "a value that is written by UpdateSecret is not heard of"
  }
}

run "silence_is_an_alarm" {
  command = plan

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.figure : alarm.treat_missing_data == "breaching"]) && aws_cloudwatch_metric_alarm.status.treat_missing_data == "breaching"
    error_message = "a figure that does not come raises nothing"
  }
}

run "what_the_program_judges_pages" {
  command = plan

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.page : alarm.alarm_actions == toset([var.alarm_topic_arn]) && alarm.evaluation_periods == 1])
    error_message = "an alert of the program's that pages does not reach the topic that wakes somebody"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.page["kill_active"].dimensions == tomap({ Host = var.name, Alert = "kill_active" })
    error_message = "the alarm of a kill is not about this host's kill"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.figure["alerts-age"].treat_missing_data == "breaching"
    error_message = "nobody hears of it when nobody judges"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.notices.alarm_actions == toset([var.notice_topic_arn])
    error_message = "what can wait wakes somebody"
  }
}

run "names_alone_in_user_data" {
  command = plan

  assert {
    condition     = length(regexall("(?i)(password|token|BEGIN [A-Z ]*PRIVATE KEY)", base64decode(aws_launch_template.this.user_data))) == 0
    error_message = "user data speaks of a secret"
  }
  assert {
    condition     = strcontains(base64decode(aws_launch_template.this.user_data), "PITWALL_SECRETS=\"pitwall-test/bybit-key pitwall-test/tls-key\"")
    error_message = "user data does not name the secrets to fetch"
  }
}

run "a_letter_is_refused" {
  command = plan

  variables {
    zone_id = "ap-southeast-1c"
  }
  expect_failures = [var.zone_id]
}

run "a_burstable_type_is_refused" {
  command = plan

  variables {
    instance_type = "t3.2xlarge"
  }
  expect_failures = [var.instance_type]
}

run "a_small_type_is_refused" {
  command = plan

  variables {
    instance_type = "c7i.xlarge"
  }
  expect_failures = [var.instance_type]
}

run "core_0_is_the_systems" {
  command = plan

  variables {
    cores = "0-1"
  }
  expect_failures = [var.cores]
}
