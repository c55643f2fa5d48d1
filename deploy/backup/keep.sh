#!/bin/bash
# deploy/backup/keep.sh FOLDER   removes old backups from FOLDER, and says which. It keeps
#   the newest KEEP_HOURLY of them,
#   the newest of each of the last KEEP_DAILY days that have one,
#   the newest of each of the last KEEP_WEEKLY weeks that have one,
# and in any case the newest one that is verified, and one that somebody reads or sends (its file BUSY is locked).
# On a disk of their own that is 48, 14 and 8; beside the data, whose journal needs the room, 2, 0 and 0.
# What the bucket has (a file SENT) counts for no day and no week: the bucket keeps those.
# A name that is no time stamp, or of a time to come, is not touched.
set -euo pipefail
folder=${1:?usage: keep.sh FOLDER}
data=${PITWALL_DATA:-/var/lib/pitwall}
if [ -d "$data" ] && [ "$(stat -c %d "$folder")" = "$(stat -c %d "$data")" ]; then
    set -- 2 0 0
else
    set -- 48 14 8
fi
hourly=${KEEP_HOURLY:-$1} daily=${KEEP_DAILY:-$2} weekly=${KEEP_WEEKLY:-$3}
for count in "$hourly" "$daily" "$weekly"; do
    [[ $count =~ ^[0-9]+$ ]] || { echo "keep: '$count' is no number of backups" >&2 && exit 64; }
done

now=$(date -u +%Y%m%dT%H%M%SZ)
mapfile -t names < <(find "$folder" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' |
    grep -xE '[0-9]{8}T[0-9]{6}Z' | sort -r |
    while read -r name; do
        [[ $name > $now ]] || ! date -u -d "${name:0:8}" > /dev/null 2>&1 || echo "$name"
    done)

declare -A keep=() days=() weeks=()
at=0
for name in "${names[@]}"; do
    day=${name:0:8}
    week=$(date -u -d "$day" +%G-%V)
    at=$((at + 1))
    [ "$at" -gt "$hourly" ] || keep[$name]=1
    [ ! -e "$folder/$name/SENT" ] || continue
    if [ -z "${days[$day]:-}" ] && [ "${#days[@]}" -lt "$daily" ]; then
        days[$day]=1 keep[$name]=1
    fi
    if [ -z "${weeks[$week]:-}" ] && [ "${#weeks[@]}" -lt "$weekly" ]; then
        weeks[$week]=1 keep[$name]=1
    fi
done
for name in "${names[@]}"; do
    [ ! -e "$folder/$name/VERIFIED" ] || { keep[$name]=1 && break; }
done
for name in "${names[@]}"; do
    [ -z "${keep[$name]:-}" ] || continue
    if [ -e "$folder/$name/BUSY" ] && ! flock -n "$folder/$name/BUSY" true; then
        echo "keep: $name is being read, and stays"
        continue
    fi
    # Ended half-way it must not look like a backup: a call of `backup` removes what is .partial.
    rm -rf "${folder:?}/$name.partial"
    mv "$folder/$name" "$folder/$name.partial"
    rm -rf "${folder:?}/$name.partial"
    echo "keep: removed $name"
done
