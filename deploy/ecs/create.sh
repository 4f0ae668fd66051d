#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Without Terraform: makes, with the plain AWS CLI, what a service needs before deploy.sh can deploy it.
# Running it again is harmless. The network is yours: VPC, subnets, security groups, load balancer.
#
#   VPC=vpc-… SUBNETS=subnet-1,subnet-2 SECURITY_GROUP=sg-… create.sh ENVIRONMENT IMAGES.json SERVICE...
#
# TARGET_GROUP: the gateway's, its health check on /readyz of the admin port. STORAGE_GROUP: the backend's
# mount targets'. Names, roles, log groups and secrets are read from what render.py makes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf '%s\n' "$*" >&2; }
fail() { say "create.sh: $*"; exit 1; }
[ $# -ge 3 ] || fail "usage: create.sh ENVIRONMENT IMAGES.json SERVICE..."
: "${VPC:?the VPC}" "${SUBNETS:?the private subnets, separated by commas}" "${SECURITY_GROUP:?the group of the tasks}"
environment=$1 images=$2
shift 2
value() { python3 -c 'import json, sys; v = json.load(open(sys.argv[1]))
for key in sys.argv[2:]: v = v[key]
print("\n".join(map(" ".join, v.items())) if isinstance(v, dict) else v)' "$here/values.json" "$@"; }
of_containers() { # DEFINITION repositories|secrets: ARNs, a JSON list
    python3 -c 'import json, os, sys
containers = json.load(open(sys.argv[1]))["containerDefinitions"]
registry = "arn:aws:ecr:%s:%s:repository/" % (os.environ["AWS_REGION"], sys.argv[3])
print(json.dumps({"repositories": [registry + c["image"].split("@")[0].split("/", 1)[1] for c in containers],
                  "secrets": [s["valueFrom"] for c in containers for s in c.get("secrets", [])]}[sys.argv[2]]))' "$1" "$2" "$account"
}

AWS_REGION=${AWS_REGION:-$(value region)}
export AWS_REGION AWS_PAGER=
prefix=$(value prefix) namespace=$(value namespace)
value environments "$environment" domain >/dev/null 2>&1 || fail "values.json knows no environment '$environment'"
if [ "$environment" = prod ]; then name=$prefix; else name=$prefix-$environment; fi
cluster=$prefix-$environment-cluster
account=$(aws sts get-caller-identity --query Account --output text)
rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT

there() { [ -n "$1" ] && [ "$1" != None ]; }

find_storage() {
    file_system=$(aws efs describe-file-systems --creation-token "$name-data" --query 'FileSystems[0].FileSystemId' --output text)
    access_point=None
    ! there "$file_system" || access_point=$(aws efs describe-access-points --file-system-id "$file_system" \
        --query 'AccessPoints[0].AccessPointId' --output text)
}

storage() {
    find_storage
    there "$file_system" || file_system=$(aws efs create-file-system --creation-token "$name-data" --encrypted \
        --throughput-mode elastic --backup --tags "Key=Name,Value=$name-data" --query FileSystemId --output text)
    until [ "$(aws efs describe-file-systems --file-system-id "$file_system" --query 'FileSystems[0].LifeCycleState' --output text)" = available ]; do
        ((SECONDS < 300)) || fail "$file_system is not available after five minutes"
        sleep "${POLL_SECONDS:-5}"
    done
    if [ "$(aws efs describe-mount-targets --file-system-id "$file_system" --query 'length(MountTargets)' --output text)" = 0 ]; then
        for subnet in ${SUBNETS//,/ }; do
            aws efs create-mount-target --file-system-id "$file_system" --subnet-id "$subnet" --query MountTargetId --output text \
                --security-groups "${STORAGE_GROUP:?the group of the mount targets}" >/dev/null
        done
    fi
    there "$access_point" || access_point=$(aws efs create-access-point --file-system-id "$file_system" \
        --posix-user Uid=1000,Gid=1000 --query AccessPointId --output text \
        --root-directory 'Path=/backend,CreationInfo={OwnerUid=1000,OwnerGid=1000,Permissions=0750}')
}

role() { # NAME: for tasks of this account
    aws iam get-role --role-name "$1" >/dev/null 2>&1 && return
    aws iam create-role --role-name "$1" --query Role.Arn --output text --assume-role-policy-document "$(printf '{
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:SourceAccount": "%s"}}}]}' "$account")"
}
allow() { # ROLE NAME ACTIONS RESOURCES [CONDITION]: JSON
    aws iam put-role-policy --role-name "$1" --policy-name "$2" --policy-document "$(printf '{"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": %s, "Resource": %s, "Condition": %s}]}' "$3" "$4" "${5:-"{}"}")"
}

roles() { # SERVICE DEFINITION
    local execution=$name-$1-execution-$AWS_REGION task=$name-$1-task-$AWS_REGION secrets
    local efs=arn:aws:elasticfilesystem:$AWS_REGION:$account
    role "$execution"
    role "$task"
    allow "$execution" login '["ecr:GetAuthorizationToken"]' '"*"'
    allow "$execution" pull '["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]' \
        "$(of_containers "$2" repositories)"
    allow "$execution" log '["logs:CreateLogStream", "logs:PutLogEvents"]' "\"arn:aws:logs:$AWS_REGION:$account:log-group:/ecs/$name-$1:*\""
    secrets=$(of_containers "$2" secrets)
    [ "$secrets" = '[]' ] || allow "$execution" secrets '["ssm:GetParameters"]' "$secrets"
    case $1 in
        backend) allow "$task" mount '["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]' \
            "\"$efs:file-system/$file_system\"" \
            "{\"StringEquals\": {\"elasticfilesystem:AccessPointArn\": \"$efs:access-point/$access_point\"}}" ;;
        monitoring) allow "$task" session '["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"]' '"*"' ;;
    esac
}

parameters() { # SERVICE: random values where values.json says `generated`, a reminder where `given`
    local secret kind path text
    while read -r secret kind; do
        [ -n "$secret" ] || continue
        path=/$prefix/$environment/$1/$secret
        aws ssm get-parameter --name "$path" >/dev/null 2>&1 && continue
        text='not set yet: see deploy/runbooks/secrets.md'
        [ "$kind" != generated ] || text=$(openssl rand -hex 20)
        (umask 077; printf %s "$text" >"$rendered/secret")
        aws ssm put-parameter --name "$path" --type SecureString --value "file://$rendered/secret" --query Version --output text >/dev/null
        rm "$rendered/secret"
        say "$1: $path is $kind"
    done < <(value services "$1" secrets)
}

registry_of() { # SERVICE: the ARN of its name in Cloud Map
    local id
    id=$(aws servicediscovery list-services --filters "Name=NAMESPACE_ID,Values=$namespace_id" \
        --query "Services[?Name=='$1-service'].Arn | [0]" --output text)
    there "$id" || id=$(aws servicediscovery create-service --name "$1-service" --namespace-id "$namespace_id" \
        --dns-config 'RoutingPolicy=MULTIVALUE,DnsRecords=[{Type=A,TTL=10}]' \
        --health-check-custom-config FailureThreshold=1 --query Service.Arn --output text)
    printf '%s\n' "$id"
}

service() { # SERVICE
    local definition=$rendered/$1.json tasks registry arn extra=() deployment=minimumHealthyPercent=100,maximumPercent=200
    aws logs create-log-group --log-group-name "/ecs/$name-$1" 2>/dev/null || true
    aws logs put-retention-policy --log-group-name "/ecs/$name-$1" \
        --retention-in-days "$(value environments "$environment" log_retention_days)"
    roles "$1" "$definition"
    parameters "$1"
    registry=$(registry_of "$1")
    if there "$(aws ecs describe-services --cluster "$cluster" --services "$name-$1-service" \
        --query "services[?status=='ACTIVE'].serviceArn | [0]" --output text)"; then
        say "$1: is there already; deploy.sh deploys it"
        return
    fi
    arn=$(aws ecs register-task-definition --cli-input-json "file://$definition" --query taskDefinition.taskDefinitionArn --output text)
    tasks=$(value environments "$environment" tasks "$1")
    if [ "$1" = monitoring ]; then # never two at once; sessions forward its ports
        deployment=minimumHealthyPercent=0,maximumPercent=100
        extra=(--enable-execute-command)
    fi
    [ "$1" != gateway ] || extra=(--health-check-grace-period-seconds 60 --load-balancers
        "targetGroupArn=${TARGET_GROUP:?the target group of the gateway},containerName=gateway,containerPort=$(value services gateway port)")
    aws ecs create-service --cluster "$cluster" --service-name "$name-$1-service" --task-definition "$arn" \
        --desired-count "$tasks" --launch-type FARGATE --platform-version 1.4.0 --enable-ecs-managed-tags --propagate-tags SERVICE \
        --deployment-configuration "deploymentCircuitBreaker={enable=true,rollback=true},$deployment" \
        --network-configuration "awsvpcConfiguration={subnets=[$SUBNETS],securityGroups=[$SECURITY_GROUP],assignPublicIp=DISABLED}" \
        --service-registries "registryArn=$registry" "${extra[@]}" --query service.serviceName --output text
}

aws ecs create-cluster --cluster-name "$cluster" --settings name=containerInsights,value=enabled --query cluster.clusterName --output text
description="Names of the services in $cluster" # each environment has a namespace of that name, in its own VPC
namespace_id=$(aws servicediscovery list-namespaces --query "Namespaces[?Name=='$namespace' && Description=='$description'].Id | [0]" --output text)
if ! there "$namespace_id"; then
    operation=$(aws servicediscovery create-private-dns-namespace --name "$namespace" --vpc "$VPC" \
        --description "$description" --query OperationId --output text)
    until namespace_id=$(aws servicediscovery get-operation --operation-id "$operation" --query 'Operation.Targets.NAMESPACE' --output text) &&
        [ "$(aws servicediscovery get-operation --operation-id "$operation" --query Operation.Status --output text)" = SUCCESS ]; do
        ((SECONDS < 300)) || fail "the namespace $namespace was not made within five minutes"
        sleep "${POLL_SECONDS:-5}"
    done
fi
file_system='' access_point=''
case " $* " in *" backend "*) storage ;; esac
"$here/render.py" --environment "$environment" --account "$account" --images "$images" --file-system "$file_system" \
    --access-point "$access_point" --out "$rendered" "$@" >/dev/null
for each in "$@"; do service "$each"; done
