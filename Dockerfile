# The image of the gateway: a build stage that compiles and tests, and a small one that runs.
FROM debian:bookworm-slim AS build
WORKDIR /source
COPY deploy/packages.txt deploy/install-packages.sh deploy/
RUN deploy/install-packages.sh build
COPY . .
RUN cmake --preset release -D GATEWAY_TESTS=ON -D GATEWAY_BENCH=OFF
RUN cmake --build --preset release --target gateway gateway_unit_tests \
    && ctest --test-dir build/release -L '^unit$' --output-on-failure --no-tests=error \
    && strip build/release/gateway/gateway

FROM debian:bookworm-slim
RUN --mount=type=bind,source=deploy,target=/deploy \
    /deploy/install-packages.sh run \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt /var/log/dpkg.log
COPY --from=build /source/build/release/gateway/gateway /usr/local/bin/gateway
# A user of its own, by number, so that an orchestrator can see that it is not root.
USER 10001:10001
# 80: traffic. 9113: metrics and health, for the operator's network only.
EXPOSE 80 9113
# Drains: what runs is finished, nothing new is accepted.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/gateway"]
CMD ["run"]
