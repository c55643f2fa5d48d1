# Prod: real orders. The account, the image, the address and the number are placeholders: 123456789012 is nobody's.
settings = {
  account_id     = "123456789012"
  region         = "ap-southeast-1"
  zone_id        = "apse1-az3"
  vpc_cidr       = "10.41.0.0/16"
  egress_domains = ["*.bybit.com."]

  ami_id           = "ami-0123456789abcdef0"
  instance_type    = "c6in.4xlarge"
  core_count       = 8
  cores            = "2-5"
  data_gib         = 400
  reserve_capacity = true
  protect          = true

  # Two places for the venue's key: the one in use, and the one that comes next (docs/RUNBOOK.md, "A key
  # is changed"). The venue has no way to change a key by a program, so none names a function.
  secrets = {
    bybit-key      = { description = "Trades, cannot withdraw, bound to our address" }
    bybit-key-next = { description = "The key that takes its place" }
    tls-key        = { description = "Private key of the desk's listener" }
  }

  alarm_emails       = ["desk@example.com"]
  alarm_phones       = ["+6500000000"]
  log_retention_days = 365
  lock_mode          = "COMPLIANCE"
  lock_days          = 90
  keep_days          = 2557
}
