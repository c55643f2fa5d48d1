variable "name" {
  description = "Name of the host and prefix of what belongs to it: pitwall-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,24}$", var.name))
    error_message = "A name is 3 to 25 small letters, digits and hyphens."
  }
}

variable "zone_id" {
  description = "Availability zone by id, apse1-az3, never by letter."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,4}[a-z]*[0-9]-az[0-9]$", var.zone_id))
    error_message = "The zone is given by its id, as apse1-az3; ap-southeast-1b means another place in another account."
  }
}

variable "region" {
  description = "Region of the zone."
  type        = string
}

variable "subnet_id" {
  description = "Private subnet in that zone."
  type        = string
}

variable "security_group_id" {
  description = "Group without a way in."
  type        = string
}

variable "ami_id" {
  description = "Image with Debian 12, Pitwall and its deploy/ folder under /opt/pitwall; baked, never installed at boot."
  type        = string

  validation {
    condition     = can(regex("^ami-[0-9a-f]{8,17}$", var.ami_id))
    error_message = "An image id, as ami-0123456789abcdef0."
  }
}

# No burstable type, no type whose cores somebody else shares by design; the network's latency and the
# clock of these two families are what the measurements were made for.
variable "instance_type" {
  description = "c6in or c7i, of 2xlarge or more."
  type        = string

  validation {
    condition     = can(regex("^(c6in|c7i)\\.([0-9]*[2-9]xlarge|[1-9][0-9]xlarge|metal|metal-(24|48)xl)$", var.instance_type))
    error_message = "An instance of family c6in or c7i, 2xlarge or larger."
  }
}

variable "core_count" {
  description = "Physical cores; with one thread each, so the engine shares its core with nobody."
  type        = number

  validation {
    condition     = var.core_count >= 4
    error_message = "Engine, gateway, control plane and the system want four cores at least."
  }
}

variable "cores" {
  description = "Pitwall's cores, as 2-5: the first is the engine's alone (deploy/cores.sh derives the rest)."
  type        = string

  validation {
    condition     = can(regex("^[1-9][0-9]*(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$", var.cores))
    error_message = "A list of cores without core 0, which gets the system's interrupts."
  }
}

variable "kms_key_arn" {
  description = "Key for volumes and secrets."
  type        = string
}

variable "root_gib" {
  description = "Root volume."
  type        = number
  default     = 32
}

variable "data_gib" {
  description = "Data volume: journal, audit, backups before they leave. 80 % of it hold keep_bytes of the configuration five times."
  type        = number

  validation {
    condition     = var.data_gib >= 50
    error_message = "A data volume of 50 GiB at least: the journal's reserve and one whole backup must fit."
  }
}

variable "reserve_capacity" {
  description = "Holds the instance's place in the placement group, also while it is stopped. Paid for by the hour."
  type        = bool
}

variable "protect" {
  description = "Refuses stop and termination by API."
  type        = bool
}

# Values never pass through here: an entry is a name, and the value is put in by a person.
variable "secrets" {
  description = "Secrets of the host by credential name; rotation only where a function for it exists."
  type = map(object({
    description         = string
    rotation_lambda_arn = optional(string)
    rotation_role_arn   = optional(string)
    rotation_days       = optional(number, 30)
  }))

  # Who asks is the role that the function runs as: the function's own ARN is nobody's principal.
  validation {
    condition     = alltrue([for _, secret in var.secrets : (secret.rotation_lambda_arn == null) == (secret.rotation_role_arn == null)])
    error_message = "A function that rotates is named with the role that it runs as, and the other way round."
  }

  validation {
    condition     = alltrue([for name, _ in var.secrets : can(regex("^[a-z][a-z0-9-]*$", name))])
    error_message = "A credential's name is small letters, digits and hyphens, as LoadCredential= has it."
  }
}

variable "backup_bucket" {
  description = "Bucket with object lock for backups and anchors: name and ARN."
  type        = object({ name = string, arn = string })
}

variable "log_group_arn" {
  description = "Log group that the host writes to."
  type        = string
}

variable "alarm_topic_arn" {
  description = "Where alarms go that wake somebody."
  type        = string
}

variable "notice_topic_arn" {
  description = "Where those go that somebody reads in the morning."
  type        = string
}
