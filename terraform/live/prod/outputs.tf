output "instance_id" {
  description = "For aws ssm start-session --target."
  value       = module.environment.instance_id
}

output "egress_address" {
  description = "The address that the venue's keys are bound to."
  value       = module.environment.egress_address
}

output "secret_arns" {
  description = "Where a person puts the values."
  value       = module.environment.secret_arns
}

output "backup_bucket" {
  description = "Where backups go."
  value       = module.environment.backup_bucket
}
