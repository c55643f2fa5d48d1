# The state lies open.
terraform {
  backend "s3" {
    key = "pitwall.tfstate"
  }
}
