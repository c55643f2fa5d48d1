#!/bin/bash
# tests/attack/testssl.sh   starts a demo with tls.always and has testssl.sh look at it. Debian's package
# testssl.sh is needed; takes about a minute. Not part of `make test`.
#
# Exit code 1 when anything of severity LOW or worse is found, but for what a private certificate cannot
# have: an authority that revokes it, and a CAA record.
set -eu
cd "$(dirname "$0")/../.."
program=${PITWALL_BIN:-build/pitwall}
expected='^(cert_revocation|cert_ocspURL|cert_crlDistributionPoints|DNS_CAArecord)'

command -v testssl > /dev/null || { echo "testssl.sh is not there: apt-get install testssl.sh" >&2; exit 69; }
dir=$(mktemp -d)
server=
# shellcheck disable=SC2317 # called by the trap
clean() {
    [ -z "$server" ] || kill "$server" 2> /dev/null || true
    [ -z "$server" ] || wait "$server" || true
    rm -rf "$dir"
}
trap clean EXIT

sed 's/enabled: true/enabled: false/; s/^seed:/tls: {always: true}\nseed:/' deploy/config/dev.yaml > "$dir/config.yaml"
"$program" run --config "$dir/config.yaml" --data "$dir/data" --listen 127.0.0.1:0 --kill-listen 127.0.0.1:0 \
    --demo > "$dir/out" 2> "$dir/err" &
server=$!
for _ in $(seq 100); do
    ! grep -q '^ready ' "$dir/out" || break
    sleep 0.2
done
address=$(sed -n 's|^ready https://||p' "$dir/out")
[ -n "$address" ] || { cat "$dir/err" >&2; exit 69; }

testssl --quiet --warnings off --color 0 --add-ca "$dir/data/tls/cert.pem" --jsonfile "$dir/found.json" \
    "localhost:${address##*:}" || true
echo
echo "Of severity LOW or worse, expected ones included:"
# shellcheck disable=SC2016 # the program is JavaScript
node -e '
const found = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
const bad = found.filter((row) => !["OK", "INFO", "DEBUG"].includes(row.severity));
bad.forEach((row) => console.log(`  ${row.severity} ${row.id}: ${row.finding}`));
const unexpected = bad.filter((row) => !new RegExp(process.argv[2]).test(row.id));
console.log(unexpected.length ? `${unexpected.length} of them are not expected` : "no other than expected");
process.exit(unexpected.length ? 1 : 0);
' "$dir/found.json" "$expected"
