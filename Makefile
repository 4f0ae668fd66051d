# The commands a contributor types. Each installs what it lacks (deploy/packages.txt); everything
# else is in CMakePresets.json, which works without this file too.
.DEFAULT_GOAL := help
.PHONY: help run test asan tsan bench build format lint clean fuzz fuzz-short soak

install = deploy/install-packages.sh
# A build tree is configured once; CMake repeats that by itself when its files change.
configure = test -e build/$(1)/build.ninja || cmake --preset $(1) --log-level=NOTICE
build     = { $(configure); } && cmake --build --preset $(1)
sources   = find gateway tests bench -name node_modules -prune -o -name '*.[ch]pp' -print
changed   = { git diff --name-only --diff-filter=d HEAD; git ls-files -o --exclude-standard; } | \
            grep '^gateway/.*\.cpp$$'
linted    = $(if $(ALL),find gateway -name '*.cpp',$(changed))

help:
	@echo 'make run      the gateway with two demo upstreams: http://localhost:8080'
	@echo 'make test     build and run every test'
	@echo 'make asan     the unit, script and wire tests with AddressSanitizer and UBSan'
	@echo 'make tsan     the same with ThreadSanitizer'
	@echo 'make fuzz     fuzz each parser and whole sessions, half an hour each (SECONDS=60; TARGETS=session)'
	@echo 'make soak     ten minutes of mixed traffic with AddressSanitizer, then five million requests'
	@echo 'make bench    the gateway against nginx, HAProxy and a bare relay (ARGS=--quick: a short one)'
	@echo 'make build    the release program: build/release/gateway/gateway'
	@echo 'make format   lay out the C++ files'
	@echo 'make lint     check their layout, and run clang-tidy over what differs from the last commit'
	@echo '              (make lint ALL=1: over every file)'
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

asan tsan:
	@$(install) build
	@$(call build,$@)
	@ctest --preset $@

# Two targets at a time, so half an hour each is two hours. What breaks a property is kept in
# build/fuzz/found. `fuzz-short` is what CI runs.
fuzz fuzz-short:
	@$(install) build fuzz
	@$(call build,fuzz)
	@tests/fuzz/run.sh $(if $(SECONDS),$(SECONDS),$(if $(filter fuzz,$@),1800,60)) $(TARGETS)

soak:
	@$(install) build
	@{ $(call configure,asan); } && cmake --build --preset asan --target gateway
	@tests/soak/soak.py mixed build/asan
	@$(call build,release)
	@tests/soak/soak.py flat build/release

bench: build
	@$(install) bench
	@python3 bench/run.py $(ARGS)

format:
	@$(install) lint
	@$(sources) | xargs clang-format-14 -i

lint:
	@$(install) build lint
	@$(sources) | xargs clang-format-14 --dry-run -Werror
	@$(call configure,dev)
	@$(linted) | xargs -r -P 2 -n 4 clang-tidy-14 --quiet -p build/dev

clean:
	rm -rf build
