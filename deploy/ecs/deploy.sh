#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Registers a service's task definition and moves the service to it, with the plain AWS CLI. Waits;
# when the new revision does not become stable, goes back to the old one and fails.
#
#   deploy.sh ENVIRONMENT IMAGES.json SERVICE...      # a roll out
#   deploy.sh --rollback ENVIRONMENT SERVICE [REVISION]   # to the revision before, or to this one
#
# IMAGES.json: container to image by digest, for the containers of the named services.
# WAIT_MINUTES (15): how long a service may take. FILE_SYSTEM, ACCESS_POINT: the backend's storage;
# found by the file system's name when unset. REMOTE_WRITE_URL: as render.py's.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf '%s\n' "$*" >&2; }
fail() { say "deploy.sh: $*"; exit 1; }
value() { python3 -c 'import json, sys; v = json.load(open(sys.argv[1]))
for key in sys.argv[2:]: v = v[key]
print(v)' "$here/values.json" "$@"; }

prefix=$(value prefix)
AWS_REGION=${AWS_REGION:-$(value region)}
export AWS_REGION AWS_PAGER=
wait_minutes=${WAIT_MINUTES:-15}

names_of() { # ENVIRONMENT: sets name and cluster
    value environments "$1" domain >/dev/null 2>&1 || fail "values.json knows no environment '$1'"
    cluster=$prefix-$1-cluster
    if [ "$1" = prod ]; then name=$prefix; else name=$prefix-$1; fi
}

of_service() { # SERVICE QUERY
    aws ecs describe-services --cluster "$cluster" --services "$name-$1-service" \
        --query "services[0].$2" --output text
}

# Stable: one deployment is left, it is ours, and all its tasks run. ECS's circuit breaker may have
# gone back to the old revision meanwhile, which `aws ecs wait services-stable` takes for success.
wait_for() { # SERVICE TASK_DEFINITION
    local until=$((SECONDS + wait_minutes * 60)) state
    while ((SECONDS < until)); do
        state=$(of_service "$1" "[length(deployments), deployments[?status=='PRIMARY'] | [0].rolloutState, deployments[?status=='PRIMARY'] | [0].taskDefinition]")
        # shellcheck disable=SC2086
        set -- "$1" "$2" $state
        if [ "$5" != "$2" ]; then
            say "$1: ECS went back to ${5##*/}"
            return 1
        fi
        case $4 in
            COMPLETED) [ "$3" = 1 ] && return 0 ;;
            FAILED) return 1 ;;
        esac
        set -- "$1" "$2"
        sleep "${POLL_SECONDS:-10}"
    done
    say "$1: not stable after $wait_minutes minutes"
    return 1
}

explain() { # SERVICE: what ECS said, and why its last tasks stopped
    local task
    say "--- the service's last events"
    of_service "$1" 'events[:8].[message]' >&2 || true
    task=$(aws ecs list-tasks --cluster "$cluster" --service-name "$name-$1-service" \
        --desired-status STOPPED --query 'taskArns[0]' --output text || true)
    if [ -n "$task" ] && [ "$task" != None ]; then
        say "--- the last task that stopped"
        aws ecs describe-tasks --cluster "$cluster" --tasks "$task" --output json \
            --query 'tasks[0].{code: stopCode, reason: stoppedReason, containers: containers[].[name, exitCode, reason]}' >&2 || true
    fi
}

move() { # SERVICE TASK_DEFINITION
    aws ecs update-service --cluster "$cluster" --service "$name-$1-service" \
        --task-definition "$2" --query service.serviceArn --output text >/dev/null
}

# CodeDeploy starts the new tasks, moves the traffic and goes back by itself.
blue_green() { # SERVICE TASK_DEFINITION PORT
    local spec deployment
    spec=$(python3 -c 'import json, sys
definition, container, port = sys.argv[1:]
spec = {"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
    "TaskDefinition": definition,
    "LoadBalancerInfo": {"ContainerName": container, "ContainerPort": int(port)}}}}]}
print(json.dumps({"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(spec)}}))' \
        "$2" "$1" "$3")
    deployment=$(aws deploy create-deployment --application-name "$name-$1" \
        --deployment-group-name "$1" --revision "$spec" --query deploymentId --output text)
    say "$1: CodeDeploy $deployment"
    aws deploy wait deployment-successful --deployment-id "$deployment"
}

roll_out() { # SERVICE TASK_DEFINITION
    local before
    if [ "$(of_service "$1" 'deploymentController.type')" = CODE_DEPLOY ]; then
        blue_green "$1" "$2" "$(value services "$1" port)"
        return
    fi
    before=$(of_service "$1" taskDefinition)
    say "$1: ${before##*/} -> ${2##*/}"
    move "$1" "$2"
    if wait_for "$1" "$2"; then
        say "$1: stable"
        return
    fi
    explain "$1"
    if [ "$(of_service "$1" taskDefinition)" = "$2" ] && [ "$before" != "$2" ]; then
        say "$1: back to ${before##*/}"
        move "$1" "$before"
        wait_for "$1" "$before" || say "$1: not stable there either"
    fi
    fail "$1: ${2##*/} did not become stable; ${before##*/} serves"
}

if [ "${1-}" = --rollback ]; then
    [ $# -ge 3 ] || fail "usage: deploy.sh --rollback ENVIRONMENT SERVICE [REVISION]"
    names_of "$2"
    now=$(of_service "$3" taskDefinition)
    revision=${4:-$((${now##*:} - 1))}
    [ "$revision" -ge 1 ] || fail "$3: there is no revision before ${now##*/}"
    roll_out "$3" "${now%:*}:$revision"
    exit
fi

[ $# -ge 3 ] || fail "usage: deploy.sh ENVIRONMENT IMAGES.json SERVICE..."
environment=$1 images=$2
shift 2
names_of "$environment"
account=$(aws sts get-caller-identity --query Account --output text)
rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT

storage=()
case " $* " in *" backend "*)
    FILE_SYSTEM=${FILE_SYSTEM:-$(aws efs describe-file-systems --creation-token "$name-data" \
        --query 'FileSystems[0].FileSystemId' --output text)}
    ACCESS_POINT=${ACCESS_POINT:-$(aws efs describe-access-points --file-system-id "$FILE_SYSTEM" \
        --query 'AccessPoints[0].AccessPointId' --output text)}
    storage=(--file-system "$FILE_SYSTEM" --access-point "$ACCESS_POINT") ;;
esac

"$here/render.py" --environment "$environment" --account "$account" --images "$images" \
    --remote-write-url "${REMOTE_WRITE_URL:-off}" "${storage[@]}" --out "$rendered" "$@" >/dev/null
for service in "$@"; do
    definition=$(aws ecs register-task-definition --cli-input-json "file://$rendered/$service.json" \
        --query taskDefinition.taskDefinitionArn --output text)
    roll_out "$service" "$definition"
done
