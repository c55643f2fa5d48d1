variable "name" {
  description = "Prefix of every name: pitwall-paper, pitwall-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,24}$", var.name))
    error_message = "A name is 3 to 25 small letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of the log groups."
  type        = string
}

variable "account_id" {
  description = "The account, for the key's policy and the bucket's name."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "Twelve digits."
  }
}

variable "alarm_emails" {
  description = "Who is told by mail, of alarms and notices; each address confirms once."
  type        = list(string)

  validation {
    condition     = length(var.alarm_emails) > 0
    error_message = "Somebody must be told: an alarm that nobody gets is none."
  }
}

variable "alarm_phones" {
  description = "Who is woken by a short message, of alarms alone: +6591234567."
  type        = list(string)

  validation {
    condition     = alltrue([for phone in var.alarm_phones : can(regex("^\\+[1-9][0-9]{6,14}$", phone))])
    error_message = "A number with its country: + and 7 to 15 digits."
  }
}

variable "log_retention_days" {
  description = "How long the host's log is kept in CloudWatch."
  type        = number
  default     = 365
}

variable "lock_mode" {
  description = "Object lock of backups: COMPLIANCE (nobody can shorten it, not even the account's owner) or GOVERNANCE."
  type        = string

  validation {
    condition     = contains(["COMPLIANCE", "GOVERNANCE"], var.lock_mode)
    error_message = "COMPLIANCE or GOVERNANCE."
  }
}

variable "lock_days" {
  description = "For how many days a backup cannot be changed or deleted; a daily one is deleted then."
  type        = number

  validation {
    condition     = var.lock_days >= 1
    error_message = "At least a day, or there is no lock."
  }
}

variable "keep_days" {
  description = "After so many days the first backup of a month and the signed heads are deleted. More than lock_days."
  type        = number

  validation {
    condition     = var.keep_days > var.lock_days
    error_message = "Longer than the lock, which would hold it anyway."
  }
}
