#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Registers a service's task definition and moves the service to it, with the plain AWS CLI. Waits;
# when the new revision does not become stable, goes back to the old one and fails.
#
#   deploy.sh ENVIRONMENT IMAGES.json SERVICE...      # a roll out
#   deploy.sh --rollback ENVIRONMENT SERVICE [REVISION]   # to the revision before, or to this one
#
# IMAGES.json: container to image by digest, for the containers of the named services.
# VERIFY: a command that must succeed when all are stable; else each goes back to what served before.
# A revision that failed is deregistered, so that no rollback ends there.
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
        state=$(of_service "$1" "[length(deployments), deployments[?status=='PRIMARY'] | [0].rolloutState, deployments[?status=='PRIMARY'] | [0].taskDefinition]" || true)
        if [ -z "$state" ]; then # AWS did not answer: that says nothing about the service
            sleep "${POLL_SECONDS:-10}"
            continue
        fi
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
        --deployment-group-name "$1" --revision "$spec" --query deploymentId --output text) || return 1
    say "$1: CodeDeploy $deployment"
    aws deploy wait deployment-successful --deployment-id "$deployment" && return
    say "--- what CodeDeploy said"
    aws deploy get-deployment --deployment-id "$deployment" --output text \
        --query 'deploymentInfo.errorInformation.[code, message]' >&2 || true
    return 1
}

# Succeeds when the service runs that definition and is stable; else the one before serves.
roll_out() { # SERVICE TASK_DEFINITION BEFORE
    say "$1: ${3##*/} -> ${2##*/}"
    if [ "$(of_service "$1" 'deploymentController.type')" = CODE_DEPLOY ]; then
        if blue_green "$1" "$2" "$(value services "$1" port)"; then
            say "$1: stable"
            return
        fi
    elif move "$1" "$2" && wait_for "$1" "$2"; then
        say "$1: stable"
        return
    fi
    explain "$1"
    if [ "$(of_service "$1" taskDefinition)" = "$2" ] && [ "$3" != "$2" ]; then
        say "$1: back to ${3##*/}"
        move "$1" "$3"
        wait_for "$1" "$3" || say "$1: not stable there either"
    fi
    say "$1: ${2##*/} did not become stable; ${3##*/} serves"
    return 1
}

retire() { # TASK_DEFINITION
    aws ecs deregister-task-definition --task-definition "$1" --query taskDefinition.status --output text >/dev/null ||
        say "could not deregister $1: a rollback may end there"
}

# The newest revision below the given one that nobody deregistered.
revision_before() { # TASK_DEFINITION
    aws ecs list-task-definitions --family-prefix "$(basename "${1%:*}")" --status ACTIVE --sort DESC --max-items 100 \
        --query taskDefinitionArns --output text | tr '\t' '\n' |
        awk -F: -v now="${1##*:}" -v family="${1%:*}" '
            { revision = $NF + 0; sub(/:[0-9]+$/, "") }
            $0 == family && revision < now + 0 && revision > best { best = revision }
            END { if (best) print best }'
}

if [ "${1-}" = --rollback ]; then
    [ $# -ge 3 ] || fail "usage: deploy.sh --rollback ENVIRONMENT SERVICE [REVISION]"
    names_of "$2"
    now=$(of_service "$3" taskDefinition)
    case $now in '' | None) fail "there is no $name-$3-service in $cluster" ;; esac
    revision=${4:-$(revision_before "$now")}
    [ -n "$revision" ] || fail "$3: there is no revision before ${now##*/}"
    roll_out "$3" "${now%:*}:$revision" "$now" || fail "$3: the rollback failed"
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
moved=()
for service in "$@"; do
    before=$(of_service "$service" taskDefinition)
    case $before in '' | None) fail "there is no $name-$service-service in $cluster: Terraform or create.sh makes it" ;; esac
    definition=$(aws ecs register-task-definition --cli-input-json "file://$rendered/$service.json" \
        --query taskDefinition.taskDefinitionArn --output text)
    if ! roll_out "$service" "$definition" "$before"; then
        retire "$definition"
        fail "$service was not deployed"
    fi
    moved+=("$service $definition $before")
done

if [ -n "${VERIFY-}" ] && ! bash -c "$VERIFY"; then
    say "--- the verification failed; what served before comes back"
    for ((i = ${#moved[@]} - 1; i >= 0; i--)); do
        read -r service definition before <<<"${moved[i]}"
        roll_out "$service" "$before" "$definition" || true
        retire "$definition"
    done
    fail 'the verification failed'
fi
