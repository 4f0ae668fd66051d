// SPDX-License-Identifier: Apache-2.0
// What is said of unknown keys, wrong values, listeners and text that is no configuration.
#include "settings_refusals.hpp"

using namespace gateway::testing;

TEST_CASE("unknown keys are refused with the keys there are and the nearest", "[unit][settings]") {
    check_table({
        setting(
            "tiemouts: {}", "1:1",
            "found \"tiemouts\", expected one of listeners, admin, upstreams, routes, timeouts, "
            "alb, limits, logging, forwarding, runtime, dns, metrics, tracing and tests; did you "
            "mean "
            "\"timeouts\"?"),
        setting(
            "zebra: 1", "1:1",
            "found \"zebra\", expected one of listeners, admin, upstreams, routes, timeouts, "
            "alb, limits, logging, forwarding, runtime, dns, metrics, tracing and tests"),
        setting(
            "body: 1", "1:1",
            "found \"body\", expected one of listeners, admin, upstreams, routes, timeouts, "
            "alb, limits, logging, forwarding, runtime, dns, metrics, tracing and tests; it "
            "belongs "
            "under \"routes[].mirror\" or \"routes[].limits\" or \"limits\""),
        setting(
            "admin:\n  adress: 1", "2:3",
            "admin: found \"adress\", expected one of address, token, ready and "
            "public_readiness; did you mean \"address\"?"),
        setting(
            "logging:\n  level: info\n  acess: off", "3:3",
            "logging: found \"acess\", expected one of level, access, access_file, "
            "access_fields, access_sample, access_slow, access_probes, redact and access_buffer; "
            "did you "
            "mean \"access\"?"),
        setting(
            "runtime: {timeouts: {}}", "1:11",
            "runtime: found \"timeouts\", expected one of threads, zone and reload_on_change; it "
            "belongs under "
            "\"routes[]\" or the top level"),
        upstream(
            "{endpoints: [a], hots: b}", "2:25",
            "upstreams.web: found \"hots\", expected one of endpoints, host, fail_open, "
            "health_check, ejection, slow_start, endpoint_limits, balance, retries, queue, "
            "keep_alive and tls; did you mean \"host\"?"),
        route(
            "{prefix: /, upstream: web, timeouts: {connect: 1s}}", "2:41",
            "routes[0].timeouts: found \"connect\", expected one of request_body, response_head "
            "and response_body; it belongs under \"timeouts\""),
        route(
            "{prefix: /, upstream: web, request_headers: {append: {}}}", "2:48",
            "routes[0].request_headers: found \"append\", expected one of add, set and remove"),
    });
}

TEST_CASE("values of the wrong kind are refused", "[unit][settings]") {
    check_table({
        setting(
            "timeouts: 10s", "1:11",
            "timeouts: found \"10s\", expected a map with keys such as request_head"),
        setting(
            "timeouts: [10s]", "1:11",
            "timeouts: found a list, expected a map with keys such as request_head"),
        setting(
            "timeouts: {connect: [1s]}", "1:21",
            std::string{"timeouts.connect: found a list, "} + a_duration),
        setting(
            "timeouts: {connect: {a: 1s}}", "1:21",
            std::string{"timeouts.connect: found a map, "} + a_duration),
        setting(
            "timeouts:\n  connect:\n  write: 1s", "2:3",
            std::string{"timeouts.connect: found nothing, "} + a_duration),
        setting(
            "timeouts: {connect: ~}", "1:12",
            std::string{"timeouts.connect: found nothing, "} + a_duration),
        setting(
            "listeners: 80", "1:12",
            "listeners: found \"80\", expected a list, each item a map with the key address; "
            "write it in brackets: [80]"),
        setting(
            "listeners: [80]", "1:13",
            "listeners[0]: found \"80\", expected a map with keys such as address; write "
            "{ address: 80 }"),
        setting(
            "forwarding: {trusted_proxies: 10.0.0.0/8}", "1:31",
            "forwarding.trusted_proxies: found \"10.0.0.0/8\", expected a list, each item an "
            "address range such as 10.0.0.0/8, 192.0.2.7 or fd00::/8; write it in brackets: "
            "[10.0.0.0/8]"),
        route(
            "{prefix: /, upstream: web, methods: GET}", "2:39",
            "routes[0].methods: found \"GET\", expected a list, each item a method in capitals "
            "such as GET or POST; write it in brackets: [GET]"),
        route(
            "{prefix: /, upstream: web, response_headers: {set: [X-A]}}", "2:54",
            "routes[0].response_headers.set: found a list, expected a map of names, each to a "
            "header value without line breaks, control characters or outer blanks"),
        upstream(
            "[a:80]", "2:8",
            "upstreams.web: found a list, expected a map with keys such as endpoints"),
    });
}

TEST_CASE("quantities that are malformed or out of bounds are refused", "[unit][settings]") {
    check_table({
        setting(
            "timeouts: {connect: 10}", "1:21",
            std::string{"timeouts.connect: found \"10\", "} + a_duration +
                "; did you mean \"10s\"?"),
        setting(
            "timeouts: {connect: 5 s}", "1:21",
            std::string{"timeouts.connect: found \"5 s\", "} + a_duration +
                "; did you mean \"5s\"?"),
        setting(
            "timeouts: {connect: -5s}", "1:21",
            std::string{"timeouts.connect: found \"-5s\", "} + a_duration),
        setting(
            "timeouts: {connect: 1ms}", "1:21",
            "timeouts.connect: found \"1ms\", expected from 10ms to 1m"),
        setting(
            "timeouts: {connect: 2m}", "1:21",
            "timeouts.connect: found \"2m\", expected from 10ms to 1m"),
        setting(
            "timeouts: {connect: 0}", "1:21",
            "timeouts.connect: found \"0\", expected from 10ms to 1m"),
        setting(
            "timeouts: {write: 99999999999999999999h}", "1:19",
            "timeouts.write: found \"99999999999999999999h\", expected from 100ms to 1h"),
        setting(
            "timeouts: {write: 9999999999999999h}", "1:19",
            "timeouts.write: found \"9999999999999999h\", expected from 100ms to 1h"),
        setting(
            "limits: {body: 64K}", "1:16",
            std::string{"limits.body: found \"64K\", "} + a_size + "; did you mean \"64KiB\"?"),
        setting(
            "limits: {body: 10mb}", "1:16",
            std::string{"limits.body: found \"10mb\", "} + a_size + "; did you mean \"10MiB\"?"),
        setting(
            "limits: {body: 2048GiB}", "1:16",
            "limits.body: found \"2048GiB\", expected from 0 to 1024GiB"),
        setting(
            "limits: {header: 10}", "1:18",
            "limits.header: found \"10\", expected from 1KiB to 1MiB"),
        setting(
            "limits: {header_fields: many}", "1:25",
            "limits.header_fields: found \"many\", expected a whole number"),
        setting(
            "limits: {connections: 0}", "1:23",
            "limits.connections: found \"0\", expected from 1 to 1000000"),
        setting(
            "limits: {connections: 5000000000}", "1:23",
            "limits.connections: found \"5000000000\", expected from 1 to 1000000"),
        setting(
            "limits: {header: 8KiB, header_line: 16KiB}", "1:37",
            "limits.header_line: found \"16KiB\", expected at most limits.header, which is 8KiB"),
    });
}

TEST_CASE("words and ranges that mean nothing are refused", "[unit][settings]") {
    check_table({
        setting(
            "logging: {level: warning}", "1:18",
            "logging.level: found \"warning\", expected one of trace, debug, info, warn and "
            "error; did you mean \"warn\"?"),
        setting(
            "logging: {access: text}", "1:19",
            "logging.access: found \"text\", expected one of json, logfmt, combined and off"),
        setting(
            "forwarding: {via: ture}", "1:19",
            "forwarding.via: found \"ture\", expected true or false (on and off, yes and no do "
            "as well); did you mean \"true\"?"),
        setting(
            "forwarding: {trusted_proxies: [10.0.0.1/8]}", "1:32",
            "forwarding.trusted_proxies[0]: found \"10.0.0.1/8\", expected an address range with "
            "nothing set past its prefix; did you mean \"10.0.0.0/8\"?"),
        setting(
            "forwarding: {trusted_proxies: [10.0.0.0/33]}", "1:32",
            "forwarding.trusted_proxies[0]: found \"10.0.0.0/33\", expected a prefix length from "
            "0 to 32 after the /"),
        setting(
            "forwarding: {trusted_proxies: [alb]}", "1:32",
            "forwarding.trusted_proxies[0]: found \"alb\", expected an address range such as "
            "10.0.0.0/8, 192.0.2.7 or fd00::/8"),
        setting(
            "runtime: {threads: atuo}", "1:20",
            "runtime.threads: found \"atuo\", expected auto or a number of threads; did you mean "
            "\"auto\"?"),
        setting(
            "runtime: {threads: 9999}", "1:20",
            "runtime.threads: found \"9999\", expected from 1 to 1024"),
    });
}

TEST_CASE("listeners that cannot be are refused", "[unit][settings]") {
    check_table({
        setting("listeners: []", "1:12", "listeners: found 0 items, expected from 1 to 64 items"),
        setting(
            "listeners: [{}]", "1:13",
            std::string{"listeners[0]: found no \"address\", expected that key with "} +
                (a_listen_address + sizeof "expected")),
        setting(
            "listeners: [{address: \"localhost:80\"}]", "1:23",
            "listeners[0].address: found \"localhost:80\", expected an address, not a name, to "
            "listen on; did you mean \"127.0.0.1:80\"?"),
        setting(
            "listeners: [{address: \"0.0.0.0\"}]", "1:23",
            "listeners[0].address: found \"0.0.0.0\", expected an address with a port; did you "
            "mean \"0.0.0.0:80\"?"),
        setting(
            "listeners: [{address: 0.0.0.0:65536}]", "1:23",
            "listeners[0].address: found \"0.0.0.0:65536\", expected a port from 0 to 65535"),
        setting(
            "listeners: [{address: 99999}]", "1:23",
            "listeners[0].address: found \"99999\", expected a port from 0 to 65535"),
        setting(
            "listeners: [{address: \"1.2.3:80\"}]", "1:23",
            std::string{"listeners[0].address: found \"1.2.3:80\", "} + a_listen_address),
        setting(
            "listeners: [{address: \"fd00::1\"}]", "1:23",
            std::string{"listeners[0].address: found \"fd00::1\", "} + a_listen_address +
                "; write an IPv6 address in brackets, with a port: [fd00::1]:80"),
        setting(
            "listeners:\n- address: 8080\n- address: 0.0.0.0:8080", "3:12",
            "listeners[1].address: found \"0.0.0.0:8080\", expected an address that no other "
            "listener has; it is that of line 2"),
        setting(
            "listeners: [{address: 9113}]", "1:23",
            "listeners[0].address: found \"0.0.0.0:9113\", expected an address other than that "
            "of admin"),
    });
}

TEST_CASE("text that is no configuration is refused with one problem", "[unit][settings]") {
    std::string const no_map = ", expected a map with keys such as upstreams and routes";
    check_table({
        whole("", "1:1", "found an empty file" + no_map),
        whole("# nothing\n\n", "1:1", "found an empty file" + no_map),
        whole("---\n", "2:1", "found an empty file" + no_map),
        whole("gateway\n", "1:1", "found \"gateway\"" + no_map),
        whole("- a\n", "1:1", "found a list" + no_map),
        whole(
            "a: [1\n", "2:1",
            "found the end of the text, expected well-formed YAML (end of sequence flow not "
            "found); a [ or a quote before it is not closed"),
        whole(
            "timeouts:\n\tconnect: 1s\n", "2:9",
            "found \"\\tconnect: 1s\", expected well-formed YAML (illegal map value); indent with "
            "blanks, not with tabs"),
        whole(
            "a: b: c\n", "1:5",
            "found \"a: b: c\", expected well-formed YAML (illegal map value); put a value that "
            "holds a colon and a blank in quotes"),
        whole(
            "a: *b\n", "1:4",
            "found \"a: *b\", expected well-formed YAML (the referenced anchor is not defined)"),
        whole(
            "a: &b [*b]\n", "1:8",
            "found \"a: &b [*b]\", expected an alias outside of what it stands for"),
        whole("a: !env B\n", "1:4", "found \"a: !env B\", expected a value without the tag !env"),
        whole("[a]: b\n", "1:1", "found \"[a]: b\", expected a word as the key"),
        whole("a: 1\n---\nb: 2\n", "2:1", "found \"---\", expected one document"),
        whole(
            std::string("a: \0b\n", 6), "1:4",
            "found byte 0, expected text in UTF-8 without control characters"),
        whole(
            "\xff\xfe"
            "a",
            "1:1", "found byte 255, expected text in UTF-8 without control characters"),
    });
}
