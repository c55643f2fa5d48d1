terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "= 5.100.0"
    }
  }

  # Bucket, key and lock table are given at init: terraform init -backend-config=FILE. The state holds
  # no secret (values are put into Secrets Manager by hand), but it names everything there is.
  backend "s3" {
    key          = "pitwall/paper.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.settings.region
  allowed_account_ids = [var.settings.account_id]

  default_tags {
    tags = { Project = "pitwall", Environment = "paper", ManagedBy = "terraform" }
  }
}
