variable "settings" {
  description = "What tells this environment from the others; modules/environment has the type."
  type        = any
}

module "environment" {
  source = "../../modules/environment"

  name     = "pitwall-paper"
  settings = var.settings
}
