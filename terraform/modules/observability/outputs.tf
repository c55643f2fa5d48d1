output "kms_key_arn" {
  description = "Key of everything that rests."
  value       = aws_kms_key.this.arn
}

output "alarm_topic_arn" {
  description = "Where alarms go that wake somebody."
  value       = aws_sns_topic.alarms.arn
}

output "notice_topic_arn" {
  description = "Where those go that somebody reads in the morning."
  value       = aws_sns_topic.notices.arn
}

output "host_log_group_arn" {
  description = "Where the host's log goes."
  value       = aws_cloudwatch_log_group.host.arn
}

output "backup_bucket" {
  description = "Name and ARN."
  value       = { name = aws_s3_bucket.backups.bucket, arn = aws_s3_bucket.backups.arn }
}
