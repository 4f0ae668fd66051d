#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs the fuzz targets that `cmake --build --preset fuzz` built, two side by side:
#   tests/fuzz/run.sh SECONDS [TARGET...]
# They stand in build/asan. Each begins with its seeds and with what earlier runs found worth keeping
# (build/fuzz/corpus). An input that breaks a property is left in build/fuzz/found and fails the run.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:?usage: tests/fuzz/run.sh SECONDS [TARGET...]}
shift
tree=build/fuzz
mkdir -p "$tree/found" "$tree/logs"

targets=("$@")
if ((${#targets[@]} == 0)); then
    for source in tests/fuzz/*.cpp; do targets+=("$(basename "$source" .cpp)"); done
fi

run_one() {
    local name=$1 seconds=$2 tree=build/fuzz longest=4096 dictionary=tests/fuzz/http.dict
    case $name in
        settings_file) dictionary=tests/fuzz/settings.dict ;;
        target) longest=256 ;;
        session) longest=2048 ;;
    esac
    mkdir -p "$tree/corpus/$name"
    local outcome=passed
    nice -n 19 "build/asan/tests/fuzz_$name" "$tree/corpus/$name" "tests/fuzz/seeds/$name" \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len="$longest" \
        -dict="$dictionary" -artifact_prefix="$tree/found/$name-" -print_final_stats=1 \
        >"$tree/logs/$name" 2>&1 || outcome=FAILED
    printf '%-6s  %-14s %10s runs, %5s a second, %6s edges\n' "$outcome" "$name" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$tree/logs/$name")" \
        "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$tree/logs/$name")" \
        "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$tree/logs/$name" | tail -n 1)"
    [ "$outcome" = passed ] && return
    tail -n 40 "$tree/logs/$name"
    return 1
}
export -f run_one

printf '%s\n' "${targets[@]}" | xargs -P 2 -I {} bash -c 'run_one {} '"$seconds"
