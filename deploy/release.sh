#!/bin/bash
# deploy/release.sh MODE [--root DIR]
#
#   install FOLDER  puts a build (FOLDER/pitwall and web, or FOLDER/build/.., with docs and deploy) beside those that
#                   are here, under the version that it says itself; nothing that runs is touched
#   use VERSION     makes it the one that starts: /opt/pitwall is a link to it, and its units are in place
#   back            makes the one before the last `use` that again
#   list            what is here; * is in use, - the one that `back` goes to
#   --root DIR      another tree than /, for tests
#
# Each may be run again, also after it was cut off: `install` of what is here and `use` of what is in use change
# nothing, and a second `back` finds nothing to go back to. `use` and `back` are refused while the service runs.
# A plain folder /opt/pitwall, as images and earlier hosts have it, becomes the release that it is.
set -euo pipefail
umask 022
usage() {
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 64
}
mode=${1:-} what='' root=''
[ $# = 0 ] || shift
while [ $# -gt 0 ]; do
    case $1 in
    --root) root=${2:?} && shift ;;
    *) [ -z "$what" ] || usage && what=$1 ;;
    esac
    shift
done
case $mode in
install | use) [ -n "$what" ] || usage ;;
back | list) [ -z "$what" ] || usage ;;
*) usage ;;
esac
link=$root/opt/pitwall releases=$root/opt/pitwall-releases units=$root/etc/systemd/system

refuse() { # CODE WHY
    echo "release: $2" >&2
    exit "$1"
}

version_of() { # PROGRAM   a name that is a folder's too
    local said
    said=$("$1" version) || refuse 65 "$1 does not say its version"
    said=${said#pitwall }
    [[ $said =~ ^[A-Za-z0-9][A-Za-z0-9._+-]*$ && $said != before ]] || refuse 65 "'$said' is no version"
    printf '%s' "$said"
}

in_use() { [ ! -L "$link" ] || basename "$(readlink "$link")"; }
before() { [ ! -L "$releases/before" ] || readlink "$releases/before"; }

# In one step: there is no moment without a program.
point() { # LINK TARGET
    ln -sfn "$2" "$1.new"
    mv -Tf "$1.new" "$1"
}

install_release() { # FOLDER
    local built=$1 version new
    [ -x "$built/pitwall" ] || built=$1/build
    [ -x "$built/pitwall" ] || refuse 66 "$1 has no pitwall, nor has $1/build"
    version=$(version_of "$built/pitwall")
    mkdir -p "$releases"
    rm -rf "$releases"/.new.* # of an install that was cut off
    new=$releases/.new.$version
    mkdir "$new"
    install -m 0755 "$built/pitwall" "$new/pitwall"
    cp -r "$built/web" "$1/docs" "$1/deploy" "$new/"
    # All may read a release, so what deploy/docker/make-secrets has made stays behind.
    rm -rf "$new/deploy/docker/secrets"
    chmod -R go-w,a+rX "$new"
    if [ ! -e "$releases/$version" ]; then
        mv -T "$new" "$releases/$version"
        sync -f "$releases"
        echo "release: $version is in $releases"
    elif diff -rq "$new" "$releases/$version" > /dev/null; then
        rm -rf "$new"
        echo "release: $version is here already"
    else
        rm -rf "$new"
        refuse 73 "another build calls itself $version and is here already: $releases/$version"
    fi
}

adopt_folder() {
    local name
    [ -d "$link" ] && [ ! -L "$link" ] || return 0
    name=$(version_of "$link/pitwall")
    mkdir -p "$releases"
    while [ -e "$releases/$name" ]; do name=$name.was; done
    mv -T "$link" "$releases/$name"
    point "$link" "pitwall-releases/$name"
    echo "release: what was in $link is $name now"
}

has_one_of() { # FOLDER   of its units
    local file
    for file in "$1"/*.{service,timer,mount}; do
        [ ! -e "$units/${file##*/}" ] || return 0
    done
    return 1
}

# The service's own files always; those for AWS and for backups where the host has one of them, and then all: a
# new one may be named by those that were there.
place_units() { # RELEASE
    local folder file
    mkdir -p "$units" "$root/etc/sysusers.d" "$root/etc/tmpfiles.d" "$root/etc/logrotate.d"
    for folder in "$1"/deploy/{systemd,aws,backup}; do
        [ "${folder##*/}" = systemd ] || has_one_of "$folder" || continue
        for file in "$folder"/*.{service,timer,mount}; do
            [ ! -e "$file" ] || install -m 0644 "$file" "$units/${file##*/}"
        done
    done
    for file in sysusers tmpfiles; do
        [ ! -e "$1/deploy/systemd/pitwall.$file" ] ||
            install -m 0644 "$1/deploy/systemd/pitwall.$file" "$root/etc/$file.d/pitwall.conf"
    done
    [ ! -e "$1/deploy/logrotate/pitwall" ] ||
        install -m 0644 "$1/deploy/logrotate/pitwall" "$root/etc/logrotate.d/pitwall"
}

use_release() { # VERSION
    [ -x "$releases/$1/pitwall" ] || refuse 66 "$releases has no release $1"
    place_units "$releases/$1"
    point "$link" "pitwall-releases/$1"
    sync -f "$root/opt"
    systemctl daemon-reload
    echo "release: $1 is in use"
}

case $mode in
install) install_release "$what" ;;
use | back)
    ! systemctl is-active --quiet pitwall || refuse 75 'the service runs: systemctl stop pitwall first'
    adopt_folder
    ;;&
use)
    # On record before anything changes: whatever is cut off, there is a way back.
    now=$(in_use)
    [ -x "$releases/$what/pitwall" ] || refuse 66 "$releases has no release $what"
    [ -z "$now" ] || [ "$now" = "$what" ] || point "$releases/before" "$now"
    use_release "$what"
    ;;
back)
    was=$(before)
    [ -n "$was" ] || refuse 69 "no release before $(in_use) is on record; \`list\` names those that are here"
    use_release "$was"
    rm "$releases/before"
    ;;
list)
    for program in "$releases"/*/pitwall; do
        [ -x "$program" ] || continue
        name=$(basename "$(dirname "$program")")
        [ "$name" != before ] || continue
        mark=' '
        [ "$name" != "$(before)" ] || mark=-
        [ "$name" != "$(in_use)" ] || mark='*'
        echo "$mark $name"
    done
    ;;
esac
