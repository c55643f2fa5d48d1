variable "name" {
  description = "Prefix of every name: pitwall-paper, pitwall-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,24}$", var.name))
    error_message = "A name is 3 to 25 small letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of the zone."
  type        = string
}

# A zone's letter means another building in each account; its id does not.
variable "zone_id" {
  description = "Availability zone by id, apse1-az3, never by letter."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,4}[a-z]*[0-9]-az[0-9]$", var.zone_id))
    error_message = "The zone is given by its id, as apse1-az3; ap-southeast-1b means another place in another account."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the network, a /20 or larger."
  type        = string

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(tonumber(split("/", var.vpc_cidr)[1]), 32) <= 20
    error_message = "An IPv4 network of /20 or larger."
  }
}

variable "egress_domains" {
  description = "Names that hosts may resolve beside AWS's own: the venues'. Everything else is refused by the resolver."
  type        = list(string)

  validation {
    condition     = length(var.egress_domains) > 0 && !contains(var.egress_domains, "*")
    error_message = "Name the venues' domains; * would allow everything."
  }
}

variable "kms_key_arn" {
  description = "Key that flow logs are encrypted with."
  type        = string
}

variable "log_retention_days" {
  description = "How long flow logs are kept."
  type        = number
  default     = 365
}
