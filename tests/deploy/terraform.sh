#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Terraform, in parts that may run side by side: terraform.sh modules|prod|options|newcomer
#   modules  layout, descriptions, every root valid, the modules' own tests with a mock provider
#   prod     the state's bucket, the account and prod applied to the mock AWS, looked at through its
#            CLI, planned again, the runbooks' commands run, a pull request planned, all destroyed
#   options  staging with every option applied, looked at, planned again, destroyed
#   newcomer what the READMEs of deploy/terraform and deploy/ecs say, to the letter
# Prints ok and FAIL lines. TF_PLUGIN_DIR: a mirror of the provider (else the registry).
set -euo pipefail
exec </dev/null # a terminal would stop what `timeout` puts into the background
part=${1:?usage: terraform.sh modules|prod|options|newcomer}
here=$(cd "$(dirname "$0")" && pwd)
# A version manager's shims cost more than what they start, and put their own `aws` before ours.
PATH=$(dirname "$(python3 -c 'import sys; print(sys.executable)')"):$PATH
work=$(mktemp -d)
mock=''
server=''
trap '[ -z "$mock$server" ] || kill $mock $server 2>/dev/null || true; rm -rf "$work"' EXIT
plugins=${TF_PLUGIN_DIR:-/opt/tf-plugins}
unset TF_CLI_CONFIG_FILE
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_INPUT=0 TF_CLI_ARGS=-no-color AWS_PAGER=
[ ! -d "$plugins" ] || export TF_CLI_ARGS_init="-plugin-dir=$plugins"
# --foreground below: what ends this script ends Terraform, too.
failed=0
step() { # WORDS COMMAND...
    local words=$1
    shift
    if "$@" >"$work/out" 2>&1; then echo "ok    $words"; else
        echo "FAIL  $words"; tail -40 "$work/out"; failed=1
    fi
}
claims() { python3 "$here/$1.py" "${@:2}" || failed=1; }

cp -a "$here/../../deploy" "$here/../../CMakeLists.txt" "$work/"
roots=$work/deploy/terraform
find "$roots" -name .terraform -prune -exec rm -rf {} +

if [ "$part" = modules ]; then
    step 'terraform files are laid out' terraform fmt -check -recursive "$roots"
    step 'every variable and output says what it is' python3 "$here/terraform_words.py" "$roots"
    for root in account environments/staging environments/prod; do
        step "$root: begins" terraform -chdir="$roots/$root" init -backend=false -lockfile=readonly
        step "$root: is valid" terraform -chdir="$roots/$root" validate
        rm -rf "$roots/$root/.terraform"
    done
    step 'the tests begin' terraform -chdir="$roots/tests" init
    timeout --foreground 1500 terraform -chdir="$roots/tests" test >"$work/tests" 2>&1 || { failed=1; cat "$work/tests"; }
    sed -n 's/^  run "\(.*\)"\.\.\. pass$/ok    module test: \1/p; s/^  run "\(.*\)"\.\.\. \(fail\|skip\)$/FAIL  module test: \1/p' \
        "$work/tests" | sed '/^[okFAIL]* *module test/s/_/ /g'
    exit $failed
fi

mkfifo "$work/stop"
export MOCK_CALLS=$work/calls
python3 "$here/mock_aws.py" <"$work/stop" >"$work/port" 2>"$work/mock.log" &
mock=$!
exec 9>"$work/stop"
mkfifo "$work/end"
python3 "$here/aws_server.py" "$work" <"$work/end" >"$work/ready" &
server=$!
exec 8>"$work/end"
for _ in {1..1200}; do if [ -s "$work/ready" ] || ! kill -0 $server 2>/dev/null; then break; fi; sleep 0.1; done
[ ! -s "$work/ready" ] || PATH=$work/bin:$PATH # else the CLI as it is, which is slower
for _ in {1..480}; do [ -s "$work/port" ] && break; sleep 0.25; done
[ -s "$work/port" ] || { echo "FAIL  the mock AWS did not start"; cat "$work/mock.log"; exit 1; }
AWS_ENDPOINT_URL=http://127.0.0.1:$(cat "$work/port")
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=mock AWS_SECRET_ACCESS_KEY=mock AWS_REGION=us-east-1 \
    AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
aws route53 create-hosted-zone --name lauv.in --caller-reference test >/dev/null
python3 -c 'import json, sys
images = {c: f"123456789012.dkr.ecr.us-east-1.amazonaws.com/lauv-{c}@sha256:" + "0" * 64
          for c in ("gateway", "frontend", "backend", "prometheus", "grafana")}
json.dump(images, open(sys.argv[1] + "/images.json", "w"))
json.dump({"images": images, "alarm_emails": ["ops@example.com"], "deletion_protection": False},
          open(sys.argv[1] + "/variables.tfvars.json", "w"))' "$work"

# The mock's buckets have no host names of their own.
sed -i 's/^    encrypt      = true$/&\n    use_path_style = true/' "$roots"/account/main.tf "$roots"/environments/*/main.tf
if [ "$part" = newcomer ]; then
    claims newcomer "$work"
    exit $failed
fi
step 'the state has a bucket' "$roots/bootstrap-state.sh" lauv-terraform-state
step 'making it again is harmless' "$roots/bootstrap-state.sh" lauv-terraform-state

apply_twice() { # WORDS ROOT VARIABLES...
    local words=$1 root=$roots/$2
    shift 2
    step "$words: begins, its state in the bucket" terraform -chdir="$root" init -backend-config="$roots/backend.hcl" -lockfile=readonly
    step "$words: applied" timeout --foreground 1800 terraform -chdir="$root" apply -auto-approve -parallelism=20 "$@"
    rm -f "$work/again"
    step "$words: planned again" timeout --foreground 1800 terraform -chdir="$root" plan -out="$work/again" "$@"
    terraform -chdir="$root" show -json "$work/again" >"$work/again.json" || true
    step "$words: the second plan is empty but for what the mock forgets" python3 "$here/second_plan.py" <"$work/again.json"
}
# shellcheck disable=SC2317 # step calls it
serves() { # REVISION SERVICE...
    local revision=$1 now
    shift
    for service in "$@"; do
        now=$(aws ecs describe-services --cluster lauv-prod-cluster --services "lauv-$service-service" \
            --query 'services[0].taskDefinition' --output text)
        [ "${now##*:}" = "$revision" ] || { echo "$service runs $now"; return 1; }
    done
}
destroy() { # WORDS ROOT VARIABLES...
    local words=$1 root=$roots/$2
    shift 2
    step "$words: destroyed" timeout --foreground 1800 terraform -chdir="$root" destroy -auto-approve -parallelism=20 "$@"
    step "$words: nothing is left in its state" sh -c "! terraform -chdir='$root' state list | grep ."
}

if [ "$part" = prod ]; then
    account=(-var repository=owner/name -var state_bucket=lauv-terraform-state)
    variables=(-var-file="$work/variables.tfvars.json")
    apply_twice account account "${account[@]}"
    claims estate_account
    apply_twice prod environments/prod "${variables[@]}"
    terraform -chdir="$roots/environments/prod" output -json stack >"$work/stack.json"
    read -r file_system access_point < <(python3 -c 'import json, sys
s = json.load(sys.stdin)["storage"]
print(s["file_system"], s["access_point"])' <"$work/stack.json")
    "$work/deploy/ecs/render.py" --environment prod --account 123456789012 --images "$work/images.json" \
        --file-system "$file_system" --access-point "$access_point" --out "$work/rendered" >/dev/null
    claims estate "$work/rendered"
    # Stubs take any words; here the CLI and the mock judge those of deploy.sh.
    export POLL_SECONDS=0.1
    step 'deploy.sh: all four services, in the words of the CLI' env VERIFY=true AWS_ACCESS_KEY_ID=deployer \
        "$work/deploy/ecs/deploy.sh" prod "$work/images.json" gateway frontend backend monitoring
    step 'deploy.sh: each runs its second revision' serves 2 gateway frontend backend monitoring
    step 'deploy.sh: a verification that fails' sh -c "! AWS_ACCESS_KEY_ID=deployer VERIFY=false '$work/deploy/ecs/deploy.sh' prod '$work/images.json' gateway"
    step 'deploy.sh: the second revision is back, the third deregistered' serves 2 gateway
    step 'deploy.sh: a rollback' env AWS_ACCESS_KEY_ID=deployer "$work/deploy/ecs/deploy.sh" --rollback prod gateway
    step 'deploy.sh: the first revision is back' serves 1 gateway
    claims estate_calls "$MOCK_CALLS" deployer lauv-github-deploy-prod
    claims runbooks "$work/images.json"
    step 'prod: a pull request is planned against the state' env AWS_ACCESS_KEY_ID=planner STATE_BUCKET=lauv-terraform-state REPOSITORY=owner/name \
        timeout --foreground 1800 "$roots/plan.sh" environments/prod
    claims estate_calls "$MOCK_CALLS" planner lauv-github-plan
    # deploy/runbooks/region.md, with the first region still there: whatever AWS has once only must not collide.
    cp -a "$work/deploy" "$work/other"
    rm -rf "$work"/other/terraform/*/.terraform "$work"/other/terraform/environments/*/.terraform
    sed -i 's/"region": "us-east-1"/"region": "us-west-2"/' "$work/other/ecs/values.json"
    first=$roots roots=$work/other/terraform
    step 'another region: its state has a bucket' "$roots/bootstrap-state.sh" lauv-terraform-state-us-west-2 us-west-2
    step 'another region: begins' terraform -chdir="$roots/environments/prod" init -backend-config="$roots/backend.hcl" -lockfile=readonly
    step 'another region: applied beside the first' timeout --foreground 1800 terraform -chdir="$roots/environments/prod" apply \
        -auto-approve -parallelism=20 "${variables[@]}"
    claims estate_region us-west-2
    destroy 'another region' environments/prod "${variables[@]}"
    roots=$first
    destroy prod environments/prod "${variables[@]}"
    destroy account account "${account[@]}"
else
    variables=(-var-file="$work/variables.tfvars.json" -var waf=true -var cloudfront=true -var blue_green=true
        -var managed_prometheus=true -var 'interface_endpoints=["ecr.api", "ecr.dkr", "logs", "ssm"]')
    apply_twice 'staging with every option' environments/staging "${variables[@]}"
    claims estate_options
    destroy 'staging with every option' environments/staging "${variables[@]}"
fi
exit $failed
