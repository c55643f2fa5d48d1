output "instance_id" {
  description = "For aws ssm start-session --target."
  value       = aws_instance.this.id
}

output "data_volume_id" {
  description = "Survives the instance."
  value       = aws_ebs_volume.data.id
}

output "secret_arns" {
  description = "Where a person puts the values."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}

output "role_arn" {
  description = "The host's role, for policies of buckets and keys."
  value       = aws_iam_role.host.arn
}
