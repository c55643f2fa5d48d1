output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "private_subnet_id" {
  description = "Where hosts go."
  value       = aws_subnet.private.id
}

output "host_security_group_id" {
  description = "No way in, 443 out."
  value       = aws_security_group.host.id
}

output "egress_address" {
  description = "The address that the venue's keys are bound to."
  value       = aws_eip.nat.public_ip
}
