# Every host of the subnet gets a public address.
resource "aws_subnet" "public" {
  availability_zone_id    = "apse1-az3"
  map_public_ip_on_launch = true
}
