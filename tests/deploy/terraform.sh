#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The prod root applied to the mock AWS, looked at, planned again, and destroyed; the other roots
# validated. Prints ok and FAIL lines. TF_PLUGIN_DIR: a mirror of the provider (else the registry).
set -euo pipefail
exec </dev/null # a terminal would stop what `timeout` puts into the background
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mock=''
trap '[ -z "$mock" ] || kill "$mock" 2>/dev/null || true; rm -rf "$work"' EXIT
plugins=${TF_PLUGIN_DIR:-/opt/tf-plugins}
from=()
[ ! -d "$plugins" ] || from=("-plugin-dir=$plugins")
unset TF_CLI_CONFIG_FILE
export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_INPUT=0 TF_CLI_ARGS=-no-color AWS_PAGER=
failed=0
step() { # WORDS COMMAND...
    local words=$1
    shift
    if "$@" >"$work/out" 2>&1; then echo "ok    $words"; else
        echo "FAIL  $words"; tail -40 "$work/out"; failed=1
    fi
}

step 'terraform files are laid out' terraform fmt -check -recursive "$here/../../deploy/terraform"
cp -a "$here/../../deploy" "$work/"
roots=$work/deploy/terraform
for root in account environments/staging environments/prod; do
    rm -rf "$roots/$root/.terraform"
    printf 'terraform {\n  backend "local" {}\n}\n' >"$roots/$root/backend_override.tf"
done
prod=$roots/environments/prod
step 'the provider is there' terraform -chdir="$prod" init "${from[@]}"
for root in account environments/staging; do
    mkdir -p "$roots/$root/.terraform"
    cp -a "$prod/.terraform/providers" "$roots/$root/.terraform/"
    cp "$prod/.terraform.lock.hcl" "$roots/$root/"
    step "$root: modules" terraform -chdir="$roots/$root" get
    cp "$prod/.terraform/terraform.tfstate" "$roots/$root/.terraform/" 2>/dev/null || true
done
for root in account environments/staging environments/prod; do
    step "$root is valid" terraform -chdir="$roots/$root" validate
done

mkfifo "$work/stop"
python3 "$here/mock_aws.py" <"$work/stop" >"$work/port" 2>"$work/mock.log" &
mock=$!
exec 9>"$work/stop"
for _ in {1..480}; do [ -s "$work/port" ] && break; sleep 0.25; done
[ -s "$work/port" ] || { echo "FAIL  the mock AWS did not start"; cat "$work/mock.log"; exit 1; }
AWS_ENDPOINT_URL=http://127.0.0.1:$(cat "$work/port")
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=mock AWS_SECRET_ACCESS_KEY=mock AWS_REGION=us-east-1 \
    AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
aws route53 create-hosted-zone --name lauv.in --caller-reference test >/dev/null
python3 -c 'import json
images = {c: f"123456789012.dkr.ecr.us-east-1.amazonaws.com/lauv-{c}@sha256:" + "0" * 64
          for c in ("gateway", "frontend", "backend", "prometheus", "grafana")}
json.dump(images, open("'"$work"'/images.json", "w"))
json.dump({"images": images, "alarm_emails": ["ops@example.com"], "deletion_protection": False},
          open("'"$prod"'/test.auto.tfvars.json", "w"))'

step 'prod: applied' timeout 600 terraform -chdir="$prod" apply -auto-approve -parallelism=20
step 'prod: planned again' timeout 300 terraform -chdir="$prod" plan -out="$work/again"
terraform -chdir="$prod" show -json "$work/again" >"$work/again.json"
step 'prod: the second plan is empty but for what the mock forgets' \
    python3 "$here/second_plan.py" <"$work/again.json"
terraform -chdir="$prod" output -json stack >"$work/stack.json"
read -r file_system access_point < <(python3 -c 'import json, sys
s = json.load(sys.stdin)["storage"]
print(s["file_system"], s["access_point"])' <"$work/stack.json")
"$work/deploy/ecs/render.py" --environment prod --account 123456789012 --images "$work/images.json" \
    --file-system "$file_system" --access-point "$access_point" --out "$work/rendered" >/dev/null
python3 "$here/estate.py" "$work/rendered" || failed=1
python3 "$here/runbooks.py" || failed=1
step 'prod: destroyed' timeout 400 terraform -chdir="$prod" destroy -auto-approve -parallelism=20
exit $failed
