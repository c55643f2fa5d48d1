# One environment: what outlives a host, the network, and the host. live/paper and live/prod call it, each with
# settings of its own and nothing else.

module "observability" {
  source = "../observability"

  name               = var.name
  region             = var.settings.region
  account_id         = var.settings.account_id
  alarm_emails       = var.settings.alarm_emails
  alarm_phones       = var.settings.alarm_phones
  log_retention_days = var.settings.log_retention_days
  lock_mode          = var.settings.lock_mode
  lock_days          = var.settings.lock_days
  keep_days          = var.settings.keep_days
}

module "network" {
  source = "../network"

  name               = var.name
  region             = var.settings.region
  zone_id            = var.settings.zone_id
  vpc_cidr           = var.settings.vpc_cidr
  egress_domains     = var.settings.egress_domains
  kms_key_arn        = module.observability.kms_key_arn
  log_retention_days = var.settings.log_retention_days
}

module "trading_host" {
  source = "../trading-host"

  name              = var.name
  region            = var.settings.region
  zone_id           = var.settings.zone_id
  subnet_id         = module.network.private_subnet_id
  security_group_id = module.network.host_security_group_id
  ami_id            = var.settings.ami_id
  instance_type     = var.settings.instance_type
  core_count        = var.settings.core_count
  cores             = var.settings.cores
  kms_key_arn       = module.observability.kms_key_arn
  data_gib          = var.settings.data_gib
  reserve_capacity  = var.settings.reserve_capacity
  protect           = var.settings.protect
  secrets           = var.settings.secrets
  backup_bucket     = module.observability.backup_bucket
  log_group_arn     = module.observability.host_log_group_arn
  alarm_topic_arn   = module.observability.alarm_topic_arn
  notice_topic_arn  = module.observability.notice_topic_arn
}
