variable "name" {
  description = "Name of the environment and prefix of what belongs to it: pitwall-prod."
  type        = string
}

# Each is explained, and what it may be is judged, where it is used: in the module of that name.
variable "settings" {
  description = "What tells the environments apart; live/ENV/terraform.tfvars has the values."
  type = object({
    account_id       = string # any other is refused
    region           = string # of the venue's matching engine
    zone_id          = string # by id, never by letter
    vpc_cidr         = string
    egress_domains   = list(string) # the venues' names
    ami_id           = string       # image with Pitwall baked in
    instance_type    = string
    core_count       = number # physical cores of that type
    cores            = string # Pitwall's; the first is the engine's alone
    data_gib         = number
    reserve_capacity = bool # keep the place in the placement group
    protect          = bool # refuse stop and termination by API
    # Names of secrets, never values.
    secrets = map(object({
      description         = string
      rotation_lambda_arn = optional(string)
      rotation_role_arn   = optional(string)
      rotation_days       = optional(number, 30)
    }))
    alarm_emails       = list(string) # who is told by mail
    alarm_phones       = list(string) # who is woken by a short message
    log_retention_days = number
    lock_mode          = string # COMPLIANCE or GOVERNANCE
    lock_days          = number # backups cannot be deleted for so long
    keep_days          = number # and are deleted after so long
  })
}
