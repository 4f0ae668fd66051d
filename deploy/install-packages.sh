#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing of the named sections of packages.txt: install-packages.sh build test
# Does nothing, and asks for no password, when nothing is missing. Starts no service.
set -eu

list=$(dirname "$0")/packages.txt
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
made_policy=no

say() { printf '%s\n' "$*" >&2; }
fail() { say "install-packages: $*"; exit 1; }

clean_up() {
    rm -f "$log"
    [ "$made_policy" = no ] || $as_root rm -f "$policy"
}
as_root=
trap clean_up EXIT
trap 'exit 130' INT TERM

# Prints the packages of one section that are not there.
missing_of() {
    grep -qx "\[$1\]" "$list" || fail "packages.txt has no section [$1]"
    sed -e 's/#.*//' -n -e "/^\[$1\]/,/^\[/{/^\[/d;/[^[:space:]]/p}" "$list" |
        while read -r package command; do
            if [ -n "$command" ] && command -v "$command" >/dev/null; then continue; fi
            status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
            [ "$status" = installed ] || echo "$package"
        done
}

# Runs apt-get quietly; what it said is shown only when it fails.
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >"$log" 2>&1 </dev/null
}

[ $# -gt 0 ] || fail "usage: install-packages.sh SECTION..."
# Daemons such as nginx live in sbin, which a user's PATH does not name.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
missing=
for section in "$@"; do
    found=$(missing_of "$section")
    missing="$missing $found"
done
missing=$(printf '%s\n' $missing | sort -u)
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null ||
    fail "this is not Debian; please install what corresponds to: $(echo $missing)"
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
        fail "neither root nor sudo here; as root, run: apt-get install $(echo $missing)"
    as_root=sudo
    sudo -v -p "The gateway needs packages; sudo password for %u: " || fail "sudo was refused"
fi

# A package that brings a service (nginx, haproxy) would start it; invoke-rc.d asks this file first.
if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi

say "Installing: $(echo $missing)"
# The package lists may be absent or old: fetch them only when the first try fails.
if ! apt install --no-install-recommends $missing; then
    say "Fetching the package lists ..."
    apt update || { cat "$log" >&2; fail "apt-get update failed"; }
    say "Installing ..."
    apt install --no-install-recommends $missing ||
        { cat "$log" >&2; fail "apt-get install failed; what it said stands above"; }
fi

# Nor shall it start at the next boot because someone ran the bench here.
for package in $missing; do
    if command -v systemctl >/dev/null && [ -e "/lib/systemd/system/$package.service" ]; then
        $as_root systemctl disable --quiet "$package.service" || say "$package.service stays enabled"
    fi
done
say "Installed."
