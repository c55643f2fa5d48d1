# What hosts need of AWS is reached inside the network: SSM, secrets, logs and figures go on while the
# NAT gateway is away, and none of it competes with the venue's connection.

locals {
  interface_services = ["ssm", "ssmmessages", "ec2messages", "secretsmanager", "logs", "monitoring", "kms"]
}

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "Interface endpoints: 443 from our hosts."
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_hosts" {
  security_group_id            = aws_security_group.endpoints.id
  description                  = "Our hosts"
  referenced_security_group_id = aws_security_group.host.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_endpoint" "interface" {
  for_each = toset(local.interface_services)

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [aws_subnet.private.id]
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true

  tags = { Name = "${var.name}-${each.value}" }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]

  tags = { Name = "${var.name}-s3" }
}

# A security group knows addresses, and the venue's change; names do not. What is not listed does not
# resolve here, so a slip, or a library that calls home, gets nowhere.
# It is no wall: who brings an address along may send to its port 443, and *.amazonaws.com is
# everybody's. What holds then is that the key cannot withdraw and is bound to our address.
resource "aws_route53_resolver_firewall_domain_list" "allowed" {
  name    = "${var.name}-allowed"
  domains = concat(var.egress_domains, ["*.amazonaws.com."])
}

resource "aws_route53_resolver_firewall_domain_list" "everything" {
  name    = "${var.name}-everything"
  domains = ["*."]
}

resource "aws_route53_resolver_firewall_rule_group" "egress" {
  name = "${var.name}-egress"
}

resource "aws_route53_resolver_firewall_rule" "allow" {
  name                    = "allowed"
  action                  = "ALLOW"
  priority                = 100
  firewall_domain_list_id = aws_route53_resolver_firewall_domain_list.allowed.id
  # A venue's name is an alias into the network that delivers it, whose names change without notice:
  # the name that was asked for is judged, not those that its answer leads through.
  firewall_domain_redirection_action = "TRUST_REDIRECTION_DOMAIN"
  firewall_rule_group_id             = aws_route53_resolver_firewall_rule_group.egress.id
}

resource "aws_route53_resolver_firewall_rule" "block" {
  name                    = "everything-else"
  action                  = "BLOCK"
  block_response          = "NXDOMAIN"
  priority                = 200
  firewall_domain_list_id = aws_route53_resolver_firewall_domain_list.everything.id
  firewall_rule_group_id  = aws_route53_resolver_firewall_rule_group.egress.id
}

resource "aws_route53_resolver_firewall_rule_group_association" "egress" {
  name                   = "${var.name}-egress"
  firewall_rule_group_id = aws_route53_resolver_firewall_rule_group.egress.id
  vpc_id                 = aws_vpc.this.id
  priority               = 101
}
