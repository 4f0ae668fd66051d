# The values never enter the state: they are made by an ephemeral resource and written through a
# write-only argument. Rotating is a runbook, not an apply.
locals {
  secrets = merge([
    for service, secrets in var.services : {
      for secret, kind in secrets : "${service}/${secret}" => kind
    }
  ]...)
}

ephemeral "aws_secretsmanager_random_password" "first" {
  for_each            = { for k, kind in local.secrets : k => kind if kind == "generated" }
  password_length     = 40
  exclude_punctuation = true
}

resource "aws_ssm_parameter" "this" {
  for_each         = local.secrets
  name             = "${var.path}/${each.key}"
  description      = each.value == "generated" ? "Made at the first apply" : "Set by hand before the first deploy"
  type             = "SecureString"
  key_id           = var.kms_key_arn
  value_wo         = each.value == "generated" ? ephemeral.aws_secretsmanager_random_password.first[each.key].random_password : "not set yet: see deploy/runbooks/secrets.md"
  value_wo_version = 1
}
