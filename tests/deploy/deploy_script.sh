#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# deploy/ecs/deploy.sh against stubs/aws, which plays a service: each scenario says in which revision
# the service ends and whether the script succeeds.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH=$root/tests/deploy/stubs:$PATH STATE=$work CALLS=$work/calls POLL_SECONDS=0.01 AWS_REGION=us-east-1
printf '{"gateway": "r/lauv-gateway@sha256:%064d"}\n' 0 >"$work/images.json"
failed=0

scenario() { # OUTCOME EXPECTED-REVISION EXPECTED-STATUS WORDS -- COMMAND
    local outcome=$1 revision=$2 want=$3 words=$4 status=0
    shift 5
    echo "${BEGIN:-7}" >"$STATE/revision"
    # shellcheck disable=SC2086
    printf '%s\n' ${RETIRED-} >"$STATE/retired"
    : >"$CALLS"
    OUTCOME=$outcome timeout 100 "$root/deploy/ecs/deploy.sh" "$@" >"$work/out" 2>&1 || status=$?
    if [ "$(cat "$STATE/revision")" = "$revision" ] && [ "$status" = "$want" ]; then
        echo "ok    deploy.sh: $words"
    else
        echo "FAIL  deploy.sh: $words: revision $(cat "$STATE/revision"), status $status"; cat "$work/out"
        failed=1
    fi
}
said() { # WORDS PATTERN FILE
    if grep -qe "$2" "$3"; then echo "ok    deploy.sh: $1"; else
        echo "FAIL  deploy.sh: $1: no $2 in"; cat "$3"
        failed=1
    fi
}
scenario good 8 0 'a good revision serves' -- prod "$work/images.json" gateway
scenario broken 7 1 'a broken one is taken back, and the script fails' -- prod "$work/images.json" gateway
said 'it says why the last task stopped' EssentialContainerExited "$work/out"
said 'it deregisters it, so that no rollback ends there' '^8$' "$STATE/retired"
scenario breaker 7 1 "ECS's own way back is a failure too" -- prod "$work/images.json" gateway
export WAIT_MINUTES=0
scenario slow 7 1 'one that never settles is taken back' -- prod "$work/images.json" gateway
unset WAIT_MINUTES
scenario good 6 0 'a rollback goes one revision back' -- --rollback prod gateway
BEGIN=8 RETIRED='7 6' scenario good 5 0 'it passes over those that failed' -- --rollback prod gateway
BEGIN=3 scenario good 3 1 'without an older one it says so' -- --rollback prod gateway
scenario good 3 0 'or to the one that is named' -- --rollback prod gateway 3
VERIFY=true scenario good 8 0 'a verified revision stays' -- prod "$work/images.json" gateway
BEGIN=5 VERIFY=false scenario good 5 1 'one that fails its verification gives way to what served before' -- prod "$work/images.json" gateway
scenario good 7 1 'an unknown environment is refused' -- nowhere "$work/images.json" gateway
[ ! -s "$CALLS" ] || { echo 'FAIL  deploy.sh: it called AWS for it'; cat "$CALLS"; failed=1; }
scenario missing 7 1 'a service that is not there gets no revision' -- prod "$work/images.json" gateway
said 'it says who makes it' 'create.sh makes it' "$work/out"
if grep -q register-task "$CALLS"; then echo 'FAIL  deploy.sh: it registered one'; failed=1; fi
scenario missing 7 1 'nor a way back' -- --rollback prod gateway
export CONTROLLER=CODE_DEPLOY
scenario good 8 0 'blue/green: CodeDeploy is given the new revision' -- prod "$work/images.json" gateway
said "blue/green: its container and port are the load balancer's" \
    'create-deployment --application-name lauv-gateway --deployment-group-name gateway .*gateway:8.*ContainerName.*gateway.*ContainerPort.*: 80' "$CALLS"
scenario broken 7 1 'blue/green: what CodeDeploy took back is a failure' -- prod "$work/images.json" gateway
said 'blue/green: it says why CodeDeploy went back' ALARM_ACTIVE "$work/out"
scenario good 6 0 'blue/green: a rollback is a deployment too' -- --rollback prod gateway
unset CONTROLLER
printf '{"gateway": "r/lauv-gateway:latest"}\n' >"$work/images.json"
scenario good 7 1 'a tag instead of a digest is refused' -- prod "$work/images.json" gateway
exit $failed
