# A role that reads every secret of the account.
data "aws_iam_policy_document" "host" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["*"]
  }
}
