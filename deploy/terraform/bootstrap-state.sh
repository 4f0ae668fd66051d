#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the bucket that holds the Terraform state, once an account, and backend.hcl, which names it.
# The lock is a file in the bucket (use_lockfile); no table is needed. Running it again is harmless.
#   bootstrap-state.sh BUCKET [REGION]
set -euo pipefail
cd "$(dirname "$0")"
bucket=${1:?usage: bootstrap-state.sh BUCKET [REGION]} region=${2:-us-east-1}
export AWS_PAGER=

if ! aws s3api head-bucket --bucket "$bucket" 2>/dev/null; then
    where=()
    [ "$region" = us-east-1 ] || where=(--create-bucket-configuration "LocationConstraint=$region")
    aws s3api create-bucket --bucket "$bucket" --region "$region" "${where[@]}" >/dev/null
fi
aws s3api put-bucket-versioning --bucket "$bucket" --versioning-configuration Status=Enabled
aws s3api put-public-access-block --bucket "$bucket" --public-access-block-configuration \
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
aws s3api put-bucket-encryption --bucket "$bucket" --server-side-encryption-configuration \
    '{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": true}]}'
aws s3api put-bucket-policy --bucket "$bucket" --policy "$(cat <<P
{"Version": "2012-10-17", "Statement": [{"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
 "Resource": ["arn:aws:s3:::$bucket", "arn:aws:s3:::$bucket/*"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}
P
)"
printf 'bucket = "%s"\nregion = "%s"\n' "$bucket" "$region" >backend.hcl
echo "The state is kept in $bucket. Next: terraform -chdir=account init -backend-config=../backend.hcl"
