#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lays out the image's root: assemble-image.sh PROGRAM CONFIGURATION FOLDER
# For whatever architecture it runs on; the libraries are those that the program names.
set -eu

program=$1
configuration=$2
root=$3

install -D -m 755 "$program" "$root/usr/local/bin/gateway"
strip "$root/usr/local/bin/gateway"

# The loader is listed by its path alone, libraries as "NAME => PATH (ADDRESS)".
ldd "$program" | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' | while read -r library; do
    [ -f "$library" ] || { echo "assemble-image: there is no $library" >&2; exit 1; }
    install -D -m 755 "$(readlink -f "$library")" "$root$library"
done

install -D -m 644 "$configuration" "$root/etc/gateway/gateway.yaml"

# Where OpenSSL looks when nobody says otherwise.
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
mkdir -p "$root/usr/lib/ssl"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"

printf '%s\n' 'root:x:0:0::/:/sbin/nologin' 'gateway:x:10001:10001::/:/sbin/nologin' >"$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'gateway:x:10001:' >"$root/etc/group"
# Without it names in /etc/hosts are not asked first, and a container finds itself there.
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
# For `gateway demo`, which keeps uploads for as long as it runs.
install -d -m 1777 "$root/tmp"

du -sk "$root" | awk '{ printf "The root takes %.1f MB.\n", $1 / 1024 }'
