# A key that somebody keeps in a home directory.
resource "aws_key_pair" "desk" {
  key_name   = "desk"
  public_key = "ssh-ed25519 AAAA"
}
