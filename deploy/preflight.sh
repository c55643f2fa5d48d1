#!/bin/bash
# deploy/preflight.sh --config FILE --data DIR [--bin FILE] [--user NAME] [--paper] [--free MIB]
#
# The gate of every deployment: run it on the host, before the service is started or the new binary
# takes over. One line a check, `ok NAME: ..`, `warn NAME: ..` or `fail NAME: ..`; exit 1 when one fails.
#
#   config    the configuration is well formed, and every limit that it names exists
#   connect   the venues answer: keys, permissions, clock, instruments; no order is sent
#   latency   pitwall latency-audit on the engine's core: the one of the configuration, within the cores that
#             the service's unit gives it. It takes that core for two seconds: not beside an engine that trades
#   cores     that core is one that the kernel keeps for it (deploy/cores.sh)
#   time      something keeps the clock right
#   disk      room in the data directory, and for the journal to grow: 2048 MiB unless --free says else
#   data      the data directory is its user's alone, and no other program holds it
#
#   --paper   no real order leaves: latency, cores and time warn instead of failing
#   --user    who the service runs as; asks the venues with that user's right to read the key
set -u
usage() {
    sed -n '2p' "$0" | sed 's/^# //' >&2
    exit 64
}
here=$(dirname "$(realpath "$0")")
config='' data='' user='' paper='' free=2048 bin=$here/../build/pitwall
[ -x "$bin" ] || bin=/opt/pitwall/pitwall
while [ $# -gt 0 ]; do
    case $1 in
    --paper) paper=1 ;;
    --config | --data | --bin | --user | --free)
        [ -n "${2:-}" ] || usage
        printf -v "${1#--}" %s "$2"
        shift
        ;;
    *) usage ;;
    esac
    shift
done
if [ -z "$config" ] || [ -z "$data" ] || ! [[ $free =~ ^[0-9]+$ ]]; then usage; fi

failed=0
say() { # VERDICT NAME TEXT
    printf '%s %s: %s\n' "$1" "$2" "$3"
    [ "$1" != fail ] || failed=1
}
# What is a failure with real orders, and a warning without.
worst=fail
[ -z "$paper" ] || worst=warn

last_line() { tail -n 1 <<< "$1"; }

if said=$("$bin" check --config "$config" 2>&1); then
    say ok config "$(last_line "$said")"
    if said=$("$here/ask-venues" --config "$config" --bin "$bin" ${user:+--user "$user"} 2>&1); then
        say ok connect "$(last_line "$said")"
    else
        say fail connect "$(grep -m1 BAD <<< "$said" || last_line "$said")"
    fi
else
    say fail config "$(last_line "$said")"
    say fail connect 'not asked: the configuration is not well'
fi

# As the service will run, and not as this shell does: isolated cores are in nobody's mask that does not name them.
within=()
affinity=$(systemctl show --value -p CPUAffinity pitwall 2> /dev/null | tr ' ' ',')
[ -z "$affinity" ] || within=(taskset --cpu-list "$affinity")
if ! "${within[@]}" true 2> /dev/null; then
    audit='' summary="the unit's CPUAffinity=$affinity names no core of this host" code=78
else
    audit=$("${within[@]}" "$bin" latency-audit --config "$config" 2>&1)
    code=$?
    summary=$(last_line "$audit")
fi
case $code in
0) say ok latency "$summary" ;;
1) say "$worst" latency "$summary; $(grep -m1 '^fail  ' <<< "$audit" | sed 's/^fail *//')" ;;
*) say fail latency "$summary" ;;
esac

core=$(sed -n 's/^core \([0-9]*\): .*/\1/p' <<< "$audit")
read -r verdict isolated < <(awk '$2 == "core.isolated" { print $1, $3 }' <<< "$audit")
case ${verdict:-unknown}/${isolated:-} in
ok/*) say ok cores "the engine's core is $core, of ${affinity:-all}; the kernel keeps $isolated for it" ;;
warn/no) say warn cores "the engine's core is $core, of ${affinity:-all}; the kernel keeps none for it" ;;
warn/*) say "$worst" cores "the engine's core is $core, of ${affinity:-all}; the kernel keeps $isolated" ;;
*) say "$worst" cores 'not known which core is the engine'"'"'s, or whether it has it alone' ;;
esac

case $(awk '$2 == "clock.synchronised" { print $1; exit }' <<< "$audit") in
ok) say ok time 'the clock is kept by this host' ;;
fail) say "$worst" time 'nothing keeps the clock: start chrony or systemd-timesyncd' ;;
*) say "$worst" time 'not known whether anything keeps the clock' ;;
esac

# The directory may not be there yet: then that which it will be made in.
place=$data
while [ ! -d "$place" ]; do place=$(dirname "$place"); done
room=$(df -Pm "$place" | awk 'NR == 2 { print $4 }')
if [ "$room" -ge "$free" ]; then
    say ok disk "$room MiB free in $place"
else
    say fail disk "$room MiB free in $place, wanted $free"
fi

if [ ! -d "$data" ] && { [ -e "$data" ] || [ -L "$data" ]; }; then
    say fail data "$data is no directory, nor leads to one"
elif [ ! -d "$data" ]; then
    say ok data "$data is made at the first start"
elif [ "$(stat -c %a "$data")" != 700 ]; then
    say fail data "$data has mode $(stat -c %a "$data"), wanted 700"
elif [ -n "$user" ] && [ "$(stat -c %U "$data")" != "$user" ]; then
    say fail data "$data is $(stat -c %U "$data")'s, wanted $user's"
elif [ -e "$data/lock" ] && ! flock --nonblock "$data/lock" true; then
    say fail data "a program runs on $data: stop it first"
else
    say ok data "$data is ready"
fi
exit "$failed"
