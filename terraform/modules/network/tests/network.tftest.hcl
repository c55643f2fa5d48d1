# terraform test, without an account: every resource is made up. Plans only: what is kept by prevent_destroy could not be
# cleared away again.
mock_provider "aws" {
  override_during = plan

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/flow" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:ap-southeast-1:123456789012:log-group:flow" }
  }
}

variables {
  name           = "pitwall-test"
  region         = "ap-southeast-1"
  zone_id        = "apse1-az3"
  vpc_cidr       = "10.42.0.0/16"
  egress_domains = ["*.bybit.com."]
  kms_key_arn    = "arn:aws:kms:ap-southeast-1:123456789012:key/00000000-0000-0000-0000-000000000000"
}

run "nobody_comes_in" {
  command = plan

  assert {
    condition     = aws_subnet.private.map_public_ip_on_launch == false && aws_subnet.nat.map_public_ip_on_launch == false
    error_message = "a subnet gives hosts a public address"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints_from_hosts.cidr_ipv4 == null
    error_message = "the endpoints are open to addresses, not to our hosts alone"
  }
}

run "hosts_speak_443_alone" {
  command = plan

  assert {
    condition     = aws_vpc_security_group_egress_rule.host_https.from_port == 443 && aws_vpc_security_group_egress_rule.host_https.to_port == 443
    error_message = "hosts may speak to another port than 443"
  }
  assert {
    condition     = aws_route53_resolver_firewall_rule.allow.priority < aws_route53_resolver_firewall_rule.block.priority && aws_route53_resolver_firewall_rule.block.action == "BLOCK"
    error_message = "names that are not listed resolve"
  }
  assert {
    condition     = aws_route53_resolver_firewall_rule.allow.firewall_domain_redirection_action == "TRUST_REDIRECTION_DOMAIN"
    error_message = "a venue's name does not resolve once it is an alias of a name that is not listed"
  }
}

run "the_zone_is_an_id" {
  command = plan

  assert {
    condition     = aws_subnet.private.availability_zone_id == "apse1-az3" && aws_subnet.nat.availability_zone_id == "apse1-az3"
    error_message = "a subnet is elsewhere than the zone that was asked for"
  }
}

run "flows_are_kept_and_encrypted" {
  command = plan

  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flow.kms_key_id == var.kms_key_arn
    error_message = "flow logs are not whole, or not encrypted"
  }
}

run "every_service_that_hosts_need_has_an_endpoint" {
  command = plan

  assert {
    condition     = length(setsubtract(["ssm", "ssmmessages", "ec2messages", "secretsmanager", "logs", "monitoring"], keys(aws_vpc_endpoint.interface))) == 0
    error_message = "an endpoint is missing"
  }
}

run "a_letter_is_refused" {
  command = plan

  variables {
    zone_id = "ap-southeast-1b"
  }
  expect_failures = [var.zone_id]
}

run "everything_is_no_list_of_names" {
  command = plan

  variables {
    egress_domains = ["*"]
  }
  expect_failures = [var.egress_domains]
}

run "a_small_network_is_refused" {
  command = plan

  variables {
    vpc_cidr = "10.42.0.0/24"
  }
  expect_failures = [var.vpc_cidr]
}
