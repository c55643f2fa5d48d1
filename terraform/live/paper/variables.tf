variable "region" {
  description = "Region of the venue's matching engine."
  type        = string
  default     = "ap-southeast-1"
}

variable "account_id" {
  description = "The account that this may be applied to; any other is refused."
  type        = string
}

variable "zone_id" {
  description = "Zone by id."
  type        = string
}

variable "vpc_cidr" {
  description = "Addresses."
  type        = string
}

variable "egress_domains" {
  description = "The venues' names."
  type        = list(string)
}

variable "ami_id" {
  description = "Image with Pitwall baked in."
  type        = string
}

variable "instance_type" {
  description = "c6in or c7i."
  type        = string
}

variable "core_count" {
  description = "Physical cores of that type."
  type        = number
}

variable "engine_cores" {
  description = "Cores taken from the system for engine and gateways."
  type        = string
}

variable "data_gib" {
  description = "Data volume."
  type        = number
}

variable "reserve_capacity" {
  description = "Keep the place in the placement group."
  type        = bool
}

variable "protect" {
  description = "Refuse stop and termination by API."
  type        = bool
}

variable "secrets" {
  description = "Names of secrets, never values."
  type = map(object({
    description         = string
    rotation_lambda_arn = optional(string)
    rotation_role_arn   = optional(string)
    rotation_days       = optional(number, 30)
  }))
}

variable "alarm_emails" {
  description = "Who is told by mail."
  type        = list(string)
}

variable "alarm_phones" {
  description = "Who is woken by a short message."
  type        = list(string)
}

variable "log_retention_days" {
  description = "Host's log and flow logs."
  type        = number
}

variable "lock_mode" {
  description = "COMPLIANCE or GOVERNANCE."
  type        = string
}

variable "lock_days" {
  description = "Backups cannot be deleted for so long."
  type        = number
}

variable "keep_days" {
  description = "Backups are deleted after so long."
  type        = number
}
