# Paper: the live market, simulated fills. No key can trade, so nothing is held back for it.
# The account and the image are placeholders: 123456789012 is nobody's.
settings = {
  account_id     = "123456789012"
  region         = "ap-southeast-1"
  zone_id        = "apse1-az3"
  vpc_cidr       = "10.40.0.0/16"
  egress_domains = ["*.bybit.com.", "*.bybit-global.com."]

  ami_id           = "ami-0123456789abcdef0"
  instance_type    = "c7i.2xlarge"
  core_count       = 4
  cores            = "1-3"
  data_gib         = 100
  reserve_capacity = false
  protect          = false

  secrets = {
    tls-key = { description = "Private key of the desk's listener" }
  }

  alarm_emails       = ["desk@example.com"]
  alarm_phones       = []
  log_retention_days = 90
  lock_mode          = "GOVERNANCE"
  lock_days          = 7
  keep_days          = 60
}
