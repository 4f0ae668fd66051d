#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Express and Chromium with the gateway between them. Usage: run.sh [GATEWAY_BINARY]
# Exits with 77, which ctest knows as "skipped", where Node or the npm registry is missing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
gateway=${1:-$here/../../build/release/gateway/gateway}

skip() {
    echo "SKIP  the stack tests: $1" >&2
    exit 77
}

[ -x "$gateway" ] || { echo "FAIL  there is no gateway at $gateway" >&2; exit 1; }
command -v node >/dev/null || skip 'node is not installed'
command -v npm >/dev/null || skip 'npm is not installed'

# npm leaves a copy of the lock file behind; when it is newer than ours, nothing has changed.
cd "$here"
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
    npm ci --no-audit --no-fund --silent || skip 'the packages could not be installed'
fi
exec node stack_test.js "$gateway"
