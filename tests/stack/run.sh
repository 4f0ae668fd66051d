#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs of others with the gateway between them. Usage: run.sh [GATEWAY_BINARY [shop|dashboard]]
# Without a second word: Express and Chromium; with it: the sample shop of deploy/sample, or the
# dashboard in Chromium.
# Exits with 77, which ctest knows as "skipped", where Node or the npm registry is missing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
gateway=${1:-$here/../../build/release/gateway/gateway}
what=${2:-}

skip() {
    echo "SKIP  the stack tests: $1" >&2
    exit 77
}

[ -x "$gateway" ] || { echo "FAIL  there is no gateway at $gateway" >&2; exit 1; }
command -v node >/dev/null || skip 'node is not installed'
command -v npm >/dev/null || skip 'npm is not installed'

# npm leaves a copy of the lock file behind; when it is newer than ours, nothing has changed.
install() {
    cd "$1"
    if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
        npm ci --no-audit --no-fund --silent || skip 'the packages could not be installed'
    fi
}

install "$here"
[ "$what" != dashboard ] || exec node dashboard_test.js "$gateway"
[ "$what" = shop ] || exec node stack_test.js "$gateway"

install "$here/../../deploy/sample/backend"
install "$here/../../deploy/sample/frontend"
changed=$(find index.html package-lock.json public src vite.config.js -newer dist/index.html 2>&1 || true)
if [ -n "$changed" ]; then
    npm run --silent build -- --logLevel warn
fi
cd "$here"
exec node shop_test.js "$gateway"
