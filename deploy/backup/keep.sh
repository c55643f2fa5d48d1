#!/bin/bash
# deploy/backup/keep.sh FOLDER   removes old backups from FOLDER, and says which. It keeps
#   the newest KEEP_HOURLY (48) of them,
#   the newest of each of the last KEEP_DAILY (14) days that have one,
#   the newest of each of the last KEEP_WEEKLY (8) weeks that have one,
# and in any case the newest one that is verified. A name that is no time stamp is not touched.
set -euo pipefail
folder=${1:?usage: keep.sh FOLDER}
hourly=${KEEP_HOURLY:-48} daily=${KEEP_DAILY:-14} weekly=${KEEP_WEEKLY:-8}
for count in "$hourly" "$daily" "$weekly"; do
    [[ $count =~ ^[0-9]+$ ]] || { echo "keep: '$count' is no number of backups" >&2 && exit 64; }
done

mapfile -t names < <(find "$folder" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' |
    grep -xE '[0-9]{8}T[0-9]{6}Z' | sort -r)

declare -A keep=() days=() weeks=()
at=0
for name in "${names[@]}"; do
    day=${name:0:8}
    week=$(date -u -d "$day" +%G-%V)
    at=$((at + 1))
    [ "$at" -gt "$hourly" ] || keep[$name]=1
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
    rm -rf "${folder:?}/$name"
    echo "keep: removed $name"
done
