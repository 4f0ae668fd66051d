# The commands a contributor types. Each installs what it lacks (deploy/packages.txt); everything
# else is in CMakePresets.json, which works without this file too.
.DEFAULT_GOAL := help
.PHONY: help run test asan tsan differential bench bench-observing deploy-drill build format lint clean image images up down test-containers test-deploy

install = deploy/install-packages.sh
# A build tree is configured once; CMake repeats that by itself when its files change.
configure = test -e build/$(1)/build.ninja || cmake --preset $(1) --log-level=NOTICE $(CONFIGURE)
build     = { $(configure); } && cmake --build --preset $(1)
sources   = find gateway tests bench -name node_modules -prune -o -name '*.[ch]pp' -print
changed   = { git diff --name-only --diff-filter=d HEAD; git ls-files -o --exclude-standard; } | \
            grep '^gateway/.*\.cpp$$'
linted    = $(if $(ALL),find gateway -name '*.cpp',$(changed))

help:
	@echo 'make run      the gateway with two demo upstreams: http://localhost:8080'
	@echo 'make test     build and run every test'
	@echo 'make test-deploy  check what deploys to AWS, against mocks and on a real engine'
	@echo '              (ARGS=short: without what takes minutes)'
	@echo 'make asan     the unit, script and wire tests with AddressSanitizer and UBSan'
	@echo 'make tsan     the same with ThreadSanitizer'
	@echo 'make differential  hostile messages through the gateway, nginx and HAProxy:'
	@echo '              writes tests/differential/report.md'
	@echo 'make fuzz     fuzz each parser and whole sessions, half an hour each (SECONDS=60; TARGETS=session)'
	@echo 'make soak     ten minutes of mixed traffic with AddressSanitizer, then five million requests'
	@echo 'make bench    the gateway against nginx, HAProxy and a bare relay (ARGS=--quick: a short one)'
	@echo 'make bench-observing  what metrics, access log and traces cost together'
	@echo 'make deploy-drill  a deploy under load, with nginx and HAProxy beside it (SECONDS_EACH=10: short)'
	@echo 'make build    the release program: build/release/gateway/gateway'
	@echo 'make format   lay out the C++ files'
	@echo 'make lint     check their layout, and run clang-tidy over what differs from the last commit'
	@echo '              (make lint ALL=1: over every file)'
	@echo 'make image    the container image lauv-gateway:local; make images: the sample shop, too'
	@echo 'make up       the stack with the sample shop: http://localhost:8080'
	@echo '              (DEMO=1: the demo origins instead; MONITORING=1: Prometheus and Grafana, too)'
	@echo 'make down     ends it and keeps its volumes'
	@echo 'make test-containers  the image and the stacks on a real engine'
	@echo '              (ARGS=short: the image and the demo, a few minutes)'
	@echo 'make clean    remove build/'
	@echo
	@echo 'Missing Debian packages are installed first, with sudo if you are not root.'
	@echo 'One test:     ctest --preset dev -R wire.drain'

run: build
	@exec build/release/gateway/gateway demo

build:
	@$(install) build
	@$(call build,release)

test:
	@$(install) build test
	@$(call build,dev)
	@ctest --preset dev

# The wire tests of the everyday build, against the gateway of the sanitizer's build.
asan tsan:
	@$(install) build $(if $(filter asan,$@),fuzz)
	@$(call build,$@)
	@$(call build,dev) --target gateway_wire_tests
	@ctest --preset $@

# Builds and runs nothing: for CI, which builds one tree while it tests another.
.PHONY: build-dev build-asan build-tsan
build-dev build-asan build-tsan:
	@$(install) build $(if $(filter %-asan,$@),fuzz)
	@$(call build,$(@:build-%=%))
	@$(if $(filter %-asan,$@),cmake --build --preset fuzz)

differential: build
	@$(install) bench
	@python3 tests/differential/run.py --gateway build/release/gateway/gateway \
	    --report tests/differential/report.md $(ARGS)

# Two targets at a time, so half an hour each is two hours. What breaks a property is kept in
# build/fuzz/found. `fuzz-short` is what CI runs.
fuzz fuzz-short:
	@$(install) build fuzz
	@{ $(call configure,asan); } && cmake --build --preset fuzz
	@tests/fuzz/run.sh $(if $(SECONDS),$(SECONDS),$(if $(filter fuzz,$@),1800,60)) $(TARGETS)

soak:
	@$(install) build fuzz
	@{ $(call configure,asan); } && cmake --build --preset asan --target gateway
	@tests/soak/soak.py mixed build/asan
	@$(call build,release)
	@tests/soak/soak.py flat build/release

deploy-drill:
	@$(install) build bench
	@$(call build,dev)
	@GATEWAY_DRILL_SECONDS=$(or $(SECONDS_EACH),60) GATEWAY_DRILL_TABLE=bench/results/deploy.md \
		build/dev/tests/gateway_wire_tests '[deploy-table]'
	@cat bench/results/deploy.md

bench: build
	@$(install) bench
	@python3 bench/run.py $(ARGS)

bench-observing: build
	@$(install) bench
	@$(call build,blind)
	@python3 bench/run.py --proxies watched,blind --cases 256b-64c --measure load --rounds 25 \
		--name observing $(ARGS)

format:
	@$(install) lint
	@$(sources) | xargs clang-format-14 -i

lint:
	@$(install) build lint
	@$(sources) | xargs clang-format-14 --dry-run -Werror
	@$(call configure,dev)
	@$(linted) | xargs -r -P 2 -n 4 clang-tidy-14 --quiet -p build/dev

# BuildKit, because the Dockerfiles mount caches. Behind a proxy with a certificate authority of its
# own: make images CA_FILE=/path/to/ca.pem
CA_FILE ?= $(NODE_EXTRA_CA_CERTS)
comma := ,
docker_build = DOCKER_BUILDKIT=1 docker build $(if $(CA_FILE),--secret id=ca$(comma)src=$(CA_FILE))
compose = $$(docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose) \
          $(if $(wildcard deploy/compose/.env),--env-file deploy/compose/.env,-p lauv) \
          -f deploy/compose/compose.yaml $(if $(DEMO),-f deploy/compose/compose.demo.yaml) \
          $(if $(MONITORING),-f deploy/compose/compose.monitoring.yaml)

image:
	@$(docker_build) -t lauv-gateway:local --build-arg REVISION=$$(git rev-parse HEAD) \
	    --build-arg VERSION=$$(sed -n 's/^project(gateway VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt) .

images: image
	@$(docker_build) -t lauv-frontend:local -f deploy/sample/frontend/Dockerfile deploy
	@$(docker_build) -t lauv-backend:local -f deploy/sample/backend/Dockerfile deploy

up: $(if $(DEMO),image,images)
	@$(compose) up -d --no-build
	@echo 'The stack: http://localhost:'$$($(compose) port gateway 80 | sed 's/.*://')

# Monitoring, too, whether it runs or not.
down: MONITORING = 1
down:
	@$(compose) down --remove-orphans

test-containers:
	@if docker info >/dev/null 2>&1; then $(install) test; fi
	@python3 tests/containers/run.py $(ARGS)

clean:
	rm -rf build

test-deploy:
	@$(install) deploy
	@tests/deploy/run.sh $(ARGS)
