#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Asks the public address what a user asks first: smoke.sh https://app.lauv.in [TRIES]
# The page, the API, the redirect from http; each may need a few tries while names settle.
set -euo pipefail
url=${1:?usage: smoke.sh URL [TRIES]} tries=${2:-10}
host=${url#https://}

expect() { # STATUS WHAT CURL-ARGUMENTS...
    local want=$1 what=$2 got=''
    shift 2
    for ((i = 1; i <= tries; i++)); do
        got=$(curl --silent --show-error --max-time 10 --output /dev/null --write-out '%{http_code}' "$@" || true)
        if [ "$got" = "$want" ]; then
            echo "ok: $what: $got"
            return
        fi
        sleep "${POLL_SECONDS:-3}"
    done
    echo "smoke.sh: $what: $got, not $want" >&2
    exit 1
}

expect 200 'the page' "$url/"
expect 200 'the API' "$url/api/health"
expect 301 'http is redirected' "http://$host/"
