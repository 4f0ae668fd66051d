#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the images of this repository, pushes them to ECR, and writes their digests.
#   TAG=… images.sh build                       # gateway:TAG, prometheus:TAG, grafana:TAG
#   TAG=… AWS_ACCOUNT=… images.sh push IMAGES.json
# IMAGES="gateway prometheus grafana frontend backend": with the sample shop as the application.
# Tags are immutable in our registry; a digest already there is taken as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."
tag=${TAG:?a tag, such as the commit}
read -ra images <<<"${IMAGES:-gateway prometheus grafana}"
value() { python3 -c 'import json, sys; print(json.load(open("deploy/ecs/values.json"))[sys.argv[1]])' "$1"; }

case ${1-} in
    build)
        export DOCKER_BUILDKIT=1 # the Dockerfiles mount caches; engines before 23 must be told
        for image in "${images[@]}"; do
            case $image in
                gateway)
                    version=$(sed -n 's/^project(gateway VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
                    where=(--build-arg "VERSION=$version" --build-arg "REVISION=$tag" .)
                    ;;
                prometheus | grafana) where=(--target "$image" --file deploy/monitoring/Dockerfile deploy) ;;
                frontend | backend) where=(--file "deploy/sample/$image/Dockerfile" deploy) ;;
                *) echo "images.sh: there is no image $image" >&2; exit 2 ;;
            esac
            docker build --tag "$image:$tag" "${where[@]}"
        done
        ;;
    push)
        out=${2:?usage: images.sh push IMAGES.json}
        region=$(value region) prefix=$(value prefix)
        registry=${AWS_ACCOUNT:?the AWS account}.dkr.ecr.$region.amazonaws.com
        aws ecr get-login-password --region "$region" |
            docker login --username AWS --password-stdin "$registry"
        entries=()
        for image in "${images[@]}"; do
            repository=$prefix-$image
            digest() {
                aws ecr describe-images --region "$region" --repository-name "$repository" \
                    --image-ids "imageTag=$tag" --query 'imageDetails[0].imageDigest' --output text
            }
            if ! found=$(digest 2>/dev/null); then
                docker tag "$image:$tag" "$registry/$repository:$tag"
                docker push --quiet "$registry/$repository:$tag" >&2
                found=$(digest)
            fi
            entries+=("\"$image\": \"$registry/$repository@$found\"")
        done
        printf '{%s}\n' "$(IFS=,; echo "${entries[*]}")" >"$out"
        cat "$out"
        ;;
    *) echo "usage: images.sh build | push IMAGES.json" >&2; exit 2 ;;
esac
