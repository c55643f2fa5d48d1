output "instance_id" {
  description = "For aws ssm start-session --target."
  value       = module.trading_host.instance_id
}

output "egress_address" {
  description = "The address that the venue's keys are bound to."
  value       = module.network.egress_address
}

output "secret_arns" {
  description = "Where a person puts the values."
  value       = module.trading_host.secret_arns
}

output "backup_bucket" {
  description = "Where backups go."
  value       = module.observability.backup_bucket.name
}
