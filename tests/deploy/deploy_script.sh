#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# deploy/ecs/deploy.sh against a stub of aws that records calls and plays a service: each scenario
# says in which revision the service ends and whether the script succeeds.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
cat >"$work/bin/aws" <<'S'
#!/usr/bin/env bash
# The service's state is in $STATE: current revision. $OUTCOME: what becomes of revision 8.
echo "$*" >>"$CALLS"
arn=arn:aws:ecs:us-east-1:123456789012:task-definition/lauv-gateway
case "$1 $2" in
    "sts get-caller-identity") echo 123456789012 ;;
    "ecs register-task-definition") echo "$arn:8" ;;
    "ecs update-service")
        while [ $# -gt 0 ]; do [ "$1" != --task-definition ] || echo "$2" >"$STATE"; shift; done ;;
    "ecs describe-services")
        now=$(cat "$STATE")
        case "$*" in
            *deploymentController*) echo ECS ;;
            *rolloutState*)
                case "$OUTCOME ${now##*:}" in
                    "good "* | *" 7") echo "1 COMPLETED $now" ;;
                    "broken 8") echo "2 FAILED $now" ;;
                    "breaker 8") echo "$arn:7" >"$STATE"; echo "1 COMPLETED $arn:7" ;;
                    "slow 8") echo "2 IN_PROGRESS $now" ;;
                esac ;;
            *events*) echo 'service lauv-gateway-service is unable to place a task' ;;
            *) echo "$now" ;;
        esac ;;
    "ecs list-tasks") echo arn:aws:ecs:us-east-1:123456789012:task/x/1 ;;
    "ecs describe-tasks") echo '{"code": "EssentialContainerExited"}' ;;
    *) echo "stub: unexpected: $*" >&2; exit 99 ;;
esac
S
chmod +x "$work/bin/aws"
export PATH=$work/bin:$PATH STATE=$work/state CALLS=$work/calls POLL_SECONDS=0.01 AWS_REGION=us-east-1
printf '{"gateway": "r/lauv-gateway@sha256:%064d"}\n' 0 >"$work/images.json"
failed=0

scenario() { # OUTCOME EXPECTED-REVISION EXPECTED-STATUS WORDS -- COMMAND
    local outcome=$1 revision=$2 want=$3 words=$4 status=0
    shift 5
    echo arn:aws:ecs:us-east-1:123456789012:task-definition/lauv-gateway:7 >"$STATE"
    : >"$CALLS"
    OUTCOME=$outcome timeout 20 "$root/deploy/ecs/deploy.sh" "$@" >"$work/out" 2>&1 || status=$?
    if [ "$(sed 's/.*://' "$STATE")" = "$revision" ] && [ "$status" = "$want" ]; then
        echo "ok    $words"
    else
        echo "FAIL  $words: revision $(cat "$STATE"), status $status"; cat "$work/out"
        failed=1
    fi
}
scenario good 8 0 'a good revision serves' -- prod "$work/images.json" gateway
scenario broken 7 1 'a broken one is taken back, and the script fails' -- prod "$work/images.json" gateway
scenario breaker 7 1 "ECS's own way back is a failure too" -- prod "$work/images.json" gateway
export WAIT_MINUTES=0
scenario slow 7 1 'one that never settles is taken back' -- prod "$work/images.json" gateway
unset WAIT_MINUTES
scenario good 6 0 'a rollback goes one revision back' -- --rollback prod gateway
scenario good 3 0 'or to the one that is named' -- --rollback prod gateway 3
scenario good 7 1 'an unknown environment stops before any call' -- nowhere "$work/images.json" gateway
printf '{"gateway": "r/lauv-gateway:latest"}\n' >"$work/images.json"
scenario good 7 1 'a tag instead of a digest is refused' -- prod "$work/images.json" gateway
exit $failed
