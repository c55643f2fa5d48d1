# A variable that nobody explains.
variable "mode" {
  type = string
}
