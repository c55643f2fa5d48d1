#!/bin/bash
# deploy/tune.sh MODE [--core N] [--state FILE] [--root DIR]
#
#   --dry-run   says what would be written where, and why; the default
#   --apply     writes it, and keeps what was there in --state (/var/lib/pitwall-tune/former)
#   --verify    reads back: a line for each item; exit 1 when one is not as wanted
#   --revert    writes back what --apply found in this boot, and forgets it
#   --core N    the engine's core; without it what is about one core is left out
#   --root DIR  another tree than /, for tests
#
# Every item has its reason beside it, and is read back from the kernel after it was written. What is
# not there on this kernel is said and passed over. It lasts until the next boot: run it from a unit
# that the service comes After=. What was kept in an earlier boot is nothing to go back to: interrupts have
# other numbers now, and the kernel its own values; so the boot's id is kept with it. Three things need the kernel's command line and are only looked at:
# isolcpus, nohz_full, rcu_nocbs.
#
# Not here, because they are folklore: no TCP time stamps, no SACK, no address randomisation. None of
# them makes an order leave sooner; each takes something away that the desk needs (docs/RUNBOOK.md).
set -u
usage() {
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 64
}
mode='' core='' root='' state=/var/lib/pitwall-tune/former
while [ $# -gt 0 ]; do
    case $1 in
    --dry-run | --apply | --verify | --revert) [ -z "$mode" ] || usage && mode=${1#--} ;;
    --core | --state | --root)
        [ -n "${2:-}" ] || usage
        printf -v "${1#--}" %s "$2"
        shift
        ;;
    *) usage ;;
    esac
    shift
done
mode=${mode:-dry-run}
[[ $core =~ ^[0-9]*$ ]] || usage

# ------------------------------------------------------------------------------- values

# What stands in a file: of "always [madvise] never" the chosen one.
now_of() {
    local text
    { text=$(< "$root$1"); } 2> /dev/null || return 1
    [[ $text =~ \[([^]]*)\] ]] && text=${BASH_REMATCH[1]}
    printf '%s' "$text"
}

# A mask like "f,ffffffff" without the engine's core.
mask_without_core() {
    local words word=$((core / 32)) at
    IFS=, read -ra words <<< "$1"
    at=$((${#words[@]} - 1 - word))
    [ "$at" -lt 0 ] || printf -v 'words[at]' '%x' $((16#${words[at]} & ~(1 << core % 32)))
    (IFS=, && printf '%s' "${words[*]}")
}

span() { if [ "$1" = "$2" ]; then printf '%s' "$1"; else printf '%s-%s' "$1" "$2"; fi; }
# A list like "0-3,8" without the engine's core.
list_without_core() {
    local range ranges first last out=()
    IFS=, read -ra ranges <<< "$1"
    for range in "${ranges[@]}"; do
        first=${range%-*} last=${range#*-}
        if [ "$core" -lt "$first" ] || [ "$core" -gt "$last" ]; then
            out+=("$range")
        else
            [ "$core" = "$first" ] || out+=("$(span "$first" $((core - 1)))")
            [ "$core" = "$last" ] || out+=("$(span $((core + 1)) "$last")")
        fi
    done
    (IFS=, && printf '%s' "${out[*]}")
}

# Are two values the same to the kernel? It pads masks with zeros.
plain() {
    sed -E 's/(^|,)0+([0-9a-f])/\1\2/g' <<< "$1"
}

# -------------------------------------------------------------------------------- items

# item PATH WANTED REASON. WANTED `mask` and `list`: what is there, without the engine's core.
item() {
    local path=$1 wanted=$2 was
    if ! was=$(now_of "$path"); then
        echo "absent   $path"
        return
    fi
    case $wanted in
    mask) wanted=$(mask_without_core "$was") ;;
    list) wanted=$(list_without_core "$was") ;;
    esac
    if [ -z "$wanted" ]; then
        echo "kept     $path = $was: the engine's core is the only one in it"
        return
    fi
    case $mode in
    dry-run) say_item "$path" "$wanted" "$was" "$3" ;;
    apply) apply_item "$path" "$wanted" "$was" ;;
    verify) verify_item "$path" "$wanted" "$was" "$3" ;;
    esac
}

items() {
    local at
    for at in "$root"/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor; do
        item "${at#"$root"}" performance 'others begin each burst at a low frequency'
    done
    item /sys/kernel/mm/transparent_hugepage/enabled madvise 'merging pages behind a program stops it; who wants them asks'
    item /sys/kernel/mm/transparent_hugepage/defrag madvise 'a page fault must not wait for compaction'
    item /sys/kernel/mm/ksm/run 0 'merged pages fault when they are written'
    item /proc/sys/vm/compaction_proactiveness 0 'pages that move interrupt every core'
    item /proc/sys/vm/swappiness 1 'a page that comes back from disk costs milliseconds'
    item /proc/sys/vm/stat_interval 10 'its worker wakes on every core, each second by default'
    item /proc/sys/vm/zone_reclaim_mode 0 'a node that is full is swept while a caller waits'
    item /proc/sys/kernel/numa_balancing 0 'it unmaps pages to see who faults on them'
    item /proc/sys/kernel/nmi_watchdog 0 'it interrupts every core, and takes a performance counter'
    item /proc/sys/net/ipv4/tcp_slow_start_after_idle 0 'the first burst after a pause would be sent slowly'
    [ -n "$core" ] || return 0
    for at in "$root"/sys/devices/system/cpu/cpu"$core"/cpuidle/state*/latency; do
        [ "$(< "$at")" -gt 10 ] || continue
        at=${at%latency}disable
        item "${at#"$root"}" 1 'the core takes over 10 us to come back from it'
    done
    item /proc/sys/kernel/watchdog_cpumask list 'its thread wakes on the core'
    item /sys/devices/virtual/workqueue/cpumask mask 'the work of the kernel runs where the engine is not'
    item /proc/irq/default_smp_affinity mask 'devices that come later stay away from the core'
    for at in "$root"/proc/irq/[0-9]*/smp_affinity_list; do
        item "${at#"$root"}" list 'an interrupt stops the engine for microseconds'
    done
}

# -------------------------------------------------------------------------------- modes

failed=0
say_item() {
    if [ "$(plain "$2")" = "$(plain "$3")" ]; then
        echo "as it is $1 = $3"
    else
        echo "would    $1: $3 -> $2   ($4)"
    fi
}

# Managed interrupts and locked knobs are refused; that is the host's to say, and is no half-done work.
write() { # PATH VALUE
    { printf '%s\n' "$2" > "$root$1"; } 2> /dev/null && [ "$(plain "$(now_of "$1")")" = "$(plain "$2")" ]
}

boot=$(now_of /proc/sys/kernel/random/boot_id) || boot=unknown
is_of_this_boot() { [ "$(head -n 1 "$state" 2> /dev/null)" = "boot	$boot" ]; }

# What was there is on disk before anything is changed.
apply_item() {
    [ "$(plain "$2")" != "$(plain "$3")" ] || return 0
    grep -q "^$1	" "$state" || printf '%s\t%s\n' "$1" "$3" >> "$state" || exit 74
    if write "$1" "$2"; then
        echo "wrote    $1: $3 -> $2"
    else
        echo "refused  $1: $3 stays, wanted $2"
        refused=$((refused + 1))
    fi
}

verify_item() {
    if [ "$(plain "$2")" = "$(plain "$3")" ]; then
        echo "ok       $1 = $3"
    else
        echo "differs  $1 = $3, wanted $2: $4"
        failed=1
    fi
}

command_line() {
    local option
    [ -n "$core" ] || return 0
    for option in isolcpus nohz_full rcu_nocbs; do
        grep -qE "(^| )$option=" "$root/proc/cmdline" 2> /dev/null ||
            echo "boot     $option is not on the kernel's command line; it should name core $core"
    done
}

revert() {
    local path value
    if [ ! -s "$state" ]; then
        echo "nothing to revert: $state is not there"
        return
    fi
    if ! is_of_this_boot; then
        echo "nothing to revert: $state is of an earlier boot, and the boot has put everything back"
        rm "$state"
        return
    fi
    while IFS=$'\t' read -r path value; do
        if write "$path" "$value"; then
            echo "restored $path = $value"
        else
            echo "refused  $path: wanted $value back, it is $(now_of "$path")"
            failed=1
        fi
    done < <(tail -n +2 "$state" | tac)
    [ "$failed" = 1 ] || rm "$state"
}

refused=0
shopt -s nullglob
case $mode in
revert) revert ;;
apply)
    mkdir -p "$(dirname "$state")" && touch "$state" || exit 73
    is_of_this_boot || printf 'boot\t%s\n' "$boot" > "$state" || exit 74
    items
    [ "$refused" = 0 ] || echo "$refused refused: interrupts that their driver manages, or knobs of a container's host"
    ;;
*) items ;;
esac
[ "$mode" = revert ] || command_line
exit "$failed"
