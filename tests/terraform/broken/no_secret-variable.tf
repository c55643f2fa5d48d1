# Whoever runs a plan sees it.
variable "bybit_api_key" {
  description = "The venue's key"
  type        = string
  sensitive   = true
}
