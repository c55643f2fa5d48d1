# A letter: another building in each account.
resource "aws_subnet" "private" {
  availability_zone       = "ap-southeast-1b"
  map_public_ip_on_launch = false
}
