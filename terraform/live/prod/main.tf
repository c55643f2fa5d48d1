locals {
  name = "pitwall-prod"
  tags = { Project = "pitwall", Environment = "prod", ManagedBy = "terraform" }
}

module "observability" {
  source = "../../modules/observability"

  name               = local.name
  region             = var.region
  account_id         = var.account_id
  alarm_emails       = var.alarm_emails
  alarm_phones       = var.alarm_phones
  log_retention_days = var.log_retention_days
  lock_mode          = var.lock_mode
  lock_days          = var.lock_days
  keep_days          = var.keep_days
}

module "network" {
  source = "../../modules/network"

  name               = local.name
  region             = var.region
  zone_id            = var.zone_id
  vpc_cidr           = var.vpc_cidr
  egress_domains     = var.egress_domains
  kms_key_arn        = module.observability.kms_key_arn
  log_retention_days = var.log_retention_days
}

module "trading_host" {
  source = "../../modules/trading-host"

  name              = local.name
  region            = var.region
  zone_id           = var.zone_id
  subnet_id         = module.network.private_subnet_id
  security_group_id = module.network.host_security_group_id
  ami_id            = var.ami_id
  instance_type     = var.instance_type
  core_count        = var.core_count
  engine_cores      = var.engine_cores
  kms_key_arn       = module.observability.kms_key_arn
  data_gib          = var.data_gib
  reserve_capacity  = var.reserve_capacity
  protect           = var.protect
  secrets           = var.secrets
  backup_bucket     = module.observability.backup_bucket
  log_group_arn     = module.observability.host_log_group_arn
  alarm_topic_arn   = module.observability.alarm_topic_arn
  notice_topic_arn  = module.observability.notice_topic_arn
}
