#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Plans a root for a pull request, against the state but without reading a resource:
#   STATE_BUCKET=… REPOSITORY=owner/name plan.sh account|environments/staging|environments/prod
# The images of running services belong to deployments, so any digest does.
set -euo pipefail
cd "$(dirname "$0")/${1:?usage: plan.sh ROOT}"
: "${STATE_BUCKET:?the bucket of the Terraform state}"

digest=$(printf '0%.0s' {1..64})
images=''
for container in gateway frontend backend prometheus grafana; do
    images+="\"$container\": \"planned@sha256:$digest\","
done
case $1 in
    account) variables=(-var "repository=${REPOSITORY:?owner/name}" -var "state_bucket=$STATE_BUCKET") ;;
    *) variables=(-var "images={${images%,}}") ;;
esac

terraform init -input=false -no-color -lockfile=readonly -backend-config="bucket=$STATE_BUCKET" \
    -backend-config="region=${AWS_REGION:-us-east-1}" >/dev/null
terraform plan -input=false -no-color -refresh=false -lock=false "${variables[@]}"
