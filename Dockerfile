# The image of the gateway: the program, the shared libraries it names, certificates of the public
# authorities, the default configuration, a user. No shell, no package manager.
#   docker build -t gateway .        (or: make image, which adds version and revision)
# A broken unit test makes no image: the last stage copies from one that copies from `test`.

FROM debian:bookworm-slim AS tools
WORKDIR /source
COPY deploy/packages.txt deploy/install-packages.sh deploy/
RUN deploy/install-packages.sh build run image && rm -rf /var/lib/apt/lists/*
ENV CCACHE_DIR=/ccache CCACHE_MAXSIZE=2G

FROM tools AS build
COPY CMakeLists.txt CMakePresets.json ./
COPY config/gateway.yaml config/
COPY gateway gateway
RUN --mount=type=cache,target=/ccache \
    cmake --preset release --log-level=NOTICE \
    && cmake --build --preset release --target gateway

# The tests run what is shipped: the same objects, built with the same options.
FROM build AS test
COPY tests/CMakeLists.txt tests/
COPY tests/support tests/support
COPY tests/unit tests/unit
RUN --mount=type=cache,target=/ccache \
    cmake --preset release -D GATEWAY_TESTS=ON --log-level=NOTICE \
    && cmake --build --preset release --target gateway_unit_tests
# The settings that readers are shown must load.
COPY README.md ./
COPY config config
RUN ctest --test-dir build/release -L '^unit$' --output-on-failure --no-tests=error \
    && touch /unit-tests-passed

FROM build AS root
COPY --from=test /unit-tests-passed /
COPY deploy/assemble-image.sh deploy/
RUN deploy/assemble-image.sh build/release/gateway/gateway config/gateway.yaml /root-of-image

FROM scratch
COPY --from=root /root-of-image /
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gateway" \
      org.opencontainers.image.description="A fast HTTP reverse proxy for an application's front door" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="scratch" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
# 80: traffic. 9113: metrics and health, for the operator's network only.
EXPOSE 80 9113
# Drains: what runs is finished, nothing new is accepted.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s --retries=3 \
    CMD ["/usr/local/bin/gateway", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/gateway"]
CMD ["run"]
