#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes Prometheus's configuration from the task's environment and starts it. With --print it only
# writes it to standard output, which is how it is tested.
set -eu
rules=${RULES:-/etc/gateway-prometheus}
state=${STATE:-/prometheus}

configuration() {
    cat <<C
global:
  scrape_interval: 15s
  evaluation_interval: 15s
  external_labels: { environment: "${ENVIRONMENT:-local}", region: "${REGION:-local}" }
rule_files:
  - $rules/rules/*.yml
scrape_configs:
  - job_name: gateway
    dns_sd_configs: [{ names: ["${GATEWAY_TARGET%:*}"], type: A, port: ${GATEWAY_TARGET##*:}, refresh_interval: 10s }]
  - job_name: backend
    dns_sd_configs: [{ names: ["${BACKEND_TARGET%:*}"], type: A, port: ${BACKEND_TARGET##*:}, refresh_interval: 10s }]
  - job_name: prometheus
    static_configs: [{ targets: ["127.0.0.1:9090"] }]
C
    [ "${REMOTE_WRITE_URL:-off}" = off ] || cat <<C
remote_write:
  - url: "$REMOTE_WRITE_URL"
    sigv4: { region: "$REGION" }
C
}

: "${GATEWAY_TARGET:?host:port of the admin listener}"
: "${BACKEND_TARGET:?host:port of its metrics}"
if [ "${1-}" = --print ]; then
    configuration
    exit
fi
mkdir -p "$state/data"
configuration >"$state/prometheus.yml"
exec prometheus --config.file="$state/prometheus.yml" --storage.tsdb.path="$state/data" \
    --storage.tsdb.retention.time="${RETENTION:-15d}" \
    --storage.tsdb.retention.size="${RETENTION_SIZE:-40GB}" "$@"
