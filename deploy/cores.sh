#!/bin/bash
# deploy/cores.sh LIST [--root DIR]   gives Pitwall the cores of LIST, as 2-5: the first is the engine's alone.
#
# The one place that is told: what follows from the list is written here. For the kernel's command line the
# machine must be started again.
#
#   pitwall.service.d/cores.conf   CPUAffinity= and AllowedCPUs= of the service: the whole list
#   default/grub.d/50-pitwall.cfg  isolcpus, nohz_full, rcu_nocbs: the engine's core. Not the others': the kernel does
#                                  not move threads between isolated cores, so all that serve the desk would sit on one
#   default/irqbalance             no interrupt on any of the list
#
# The configuration names no core (engine.core: -1 takes the isolated one of those that the unit allows), and
# deploy/preflight.sh says whether it is that one. --root DIR is another tree than /, for tests.
set -euo pipefail
list=${1:-} root=''
[ "${2:-}" != --root ] || root=${3:?}
if ! [[ $list =~ ^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$ ]]; then
    sed -n '2s/^# //p' "$0" >&2
    exit 64
fi
engine=${list%%[-,]*}

mkdir -p "$root/etc/systemd/system/pitwall.service.d" "$root/etc/default/grub.d"
cat > "$root/etc/systemd/system/pitwall.service.d/cores.conf" << END
# Written by deploy/cores.sh $list; core $engine is the engine's.
# CPUAffinity: the kernel leaves isolated cores out of everybody's mask, and the engine may only be pinned to
# a core of its own mask. AllowedCPUs: the same as a cpuset, which nothing in the service can widen.
[Service]
CPUAffinity=$list
AllowedCPUs=$list
END
cat > "$root/etc/default/grub.d/50-pitwall.cfg" << END
# Written by deploy/cores.sh $list.
GRUB_CMDLINE_LINUX="\$GRUB_CMDLINE_LINUX isolcpus=domain,managed_irq,$engine nohz_full=$engine rcu_nocbs=$engine \
intel_idle.max_cstate=1"
END
# Not switched off: AWS advises against, and the system's cores need it.
echo "IRQBALANCE_BANNED_CPULIST=$list" > "$root/etc/default/irqbalance"
update-grub
echo "cores: $list are Pitwall's, $engine is the engine's; after the next boot"
