// SPDX-License-Identifier: Apache-2.0
// What is said of wrong upstreams, routes and header edits.
#include "settings_refusals.hpp"

using namespace gateway::testing;

TEST_CASE("upstreams that cannot be are refused", "[unit][settings]") {
    check_table({
        upstream(
            "{}", "2:8",
            std::string{"upstreams.web: found no \"endpoints\", expected that key with a list, "
                        "each item "} +
                (an_endpoint + sizeof "expected")),
        upstream(
            "{endpoints: []}", "2:20",
            "upstreams.web.endpoints: found 0 items, expected from 1 to 256 items"),
        upstream(
            "{endpoints: [\"ftp://a\"]}", "2:21",
            "upstreams.web.endpoints[0]: found \"ftp://a\", expected an endpoint with http://, "
            "https:// or neither"),
        upstream(
            "{endpoints: [a], tls: {verify: off}}", "2:30",
            "upstreams.web.tls: found tls without an https:// endpoint, expected an endpoint that "
            "speaks TLS; write https:// before the endpoint's host"),
        upstream(
            "{endpoints: [\"https://a\"], tls: {key: /k.pem}}", "2:46",
            "upstreams.web.tls: found a key without a certificate, expected both or neither"),
        upstream(
            "{endpoints: [\"https://a\"], tls: {server_name: \"a:443\"}}", "2:54",
            "upstreams.web.tls.server_name: found \"a:443\", expected a host without a port such "
            "as api.example.com or 10.0.0.7; leave the port out"),
        upstream(
            "{endpoints: [\"https://a\"], tls: {ca: \"-----BEGIN CERTIFICATE-----\"}}", "2:45",
            "upstreams.web.tls.ca: found \"-----BEGIN CERTIFICATE-----\", expected the path of a "
            "file; write the text into a file and its path here"),
        upstream(
            "{endpoints: [a, a/b]}", "2:24",
            std::string{"upstreams.web.endpoints[1]: found \"a/b\", "} + an_endpoint +
                "; an endpoint has no path"),
        upstream(
            "{endpoints: [\"a:0\"]}", "2:21",
            "upstreams.web.endpoints[0]: found \"a:0\", expected a port from 1 to 65535"),
        upstream(
            "{endpoints: [\"a:http\"]}", "2:21",
            "upstreams.web.endpoints[0]: found \"a:http\", expected a port from 1 to 65535"),
        upstream(
            "{endpoints: [\"::1\"]}", "2:21",
            std::string{"upstreams.web.endpoints[0]: found \"::1\", "} + an_endpoint +
                "; write an IPv6 address in brackets: [::1]"),
        upstream(
            "{endpoints: [\"[::1\"]}", "2:21",
            std::string{"upstreams.web.endpoints[0]: found \"[::1\", "} + an_endpoint),
        upstream(
            "{endpoints: [10.0.0.256]}", "2:21",
            std::string{"upstreams.web.endpoints[0]: found \"10.0.0.256\", "} + an_endpoint),
        upstream(
            "{endpoints: [\"\"]}", "2:21",
            std::string{"upstreams.web.endpoints[0]: found \"\", "} + an_endpoint),
        upstream(
            "{endpoints: [a], host: \"a b\"}", "2:31",
            "upstreams.web.host: found \"a b\", expected a host such as example.com or "
            "example.com:8080"),
        whole(
            "upstreams: {\"a b\": {endpoints: [a]}, web: {endpoints: [b]}}\n" + std::string{routes},
            "1:13",
            "upstreams.a b: found \"a b\", expected a name of at most 64 letters, digits, dashes, "
            "dots and underscores"),
        whole(
            "upstreams:\n  web: {endpoints: [a]}\n  web: {endpoints: [b]}\n" + std::string{routes},
            "3:3", "found \"web\" twice, expected each key once; the first stands on line 2"),
        whole(
            std::string{routes}, "1:1",
            "found no \"upstreams\", expected that key with a map of names, each to a map with the "
            "key endpoints"),
    });
}

TEST_CASE("routes that cannot be are refused", "[unit][settings]") {
    check_table({
        whole(
            std::string{upstreams}, "1:1",
            "found no \"routes\", expected that key with a list, each item a map with keys such as "
            "prefix and upstream"),
        {"routes: []\n", true, false, "1:9",
         "routes: found 0 items, expected from 1 to 1000 items"},
        route("web", "2:3", "routes[0]: found \"web\", expected a map with keys such as name"),
        route(
            "{prefix: /}", "2:3",
            "routes[0]: found no \"upstream\", expected that key with a name of at most 64 "
            "letters, digits, dashes, dots and underscores"),
        route(
            "{prefix: /, upstream: wbe}", "2:25",
            "routes[0].upstream: found \"wbe\", expected an upstream of this file: one of web and "
            "api; did you mean "
            "\"web\"?"),
        route(
            "{prefix: /, upstream: other}", "2:25",
            "routes[0].upstream: found \"other\", expected an upstream of this file: one of web "
            "and api"),
        route(
            "{prefix: /, upstream: web, split: {web: 1}}", "2:3",
            "routes[0]: found both an upstream and a split, expected one of upstream and split"),
        route(
            "{prefix: /, split: {web: 1, wbe: 2}}", "2:36",
            "routes[0].split: found \"wbe\", expected an upstream of this file: one of web and "
            "api; did you mean "
            "\"web\"?"),
        route(
            "{prefix: /, split: {web: 0}}", "2:22",
            "routes[0].split: found no weight above 0, expected one at least"),
        route(
            "{prefix: /, split: {web: much}}", "2:28",
            "routes[0].split.web: found \"much\", expected a weight from 0 to 1000000"),
        route(
            "{prefix: /, upstream: web, split_by: path}", "2:40",
            "routes[0].split_by: found a key without a split, expected it beside a split"),
        route(
            "{prefix: /, split: {web: 1}, split_by: 'cookie:'}", "2:42",
            "routes[0].split_by: found \"cookie:\", expected a name behind cookie:; as in "
            "cookie:user"),
        route(
            "{prefix: /, upstream: web, fallback: web}", "2:40",
            "routes[0].fallback: found \"web\", expected an upstream other than the route's own"),
        route(
            "{prefix: /, upstream: web, fallback: no}", "2:40",
            "routes[0].fallback: found \"no\", expected an upstream of this file: one of web and "
            "api"),
    });
}

TEST_CASE(
    "what a route does beside its upstream is refused where it cannot be", "[unit][settings]") {
    check_table({
        route(
            "{prefix: /, upstream: web, mirror: {percent: 5}}", "2:38",
            "routes[0].mirror: found no \"upstream\", expected that key with a name of at most 64 "
            "letters, digits, dashes, dots and underscores"),
        route(
            "{prefix: /, upstream: web, mirror: {upstream: apy}}", "2:49",
            "routes[0].mirror.upstream: found \"apy\", expected an upstream of this file: one of "
            "web and api; did you mean "
            "\"api\"?"),
        route(
            "{prefix: /, upstream: web, retries: {on_status: [404]}}", "2:52",
            "routes[0].retries.on_status[0]: found \"404\", expected a status from 500 to 599"),
        route(
            "{upstream: web}", "2:3",
            "routes[0]: found neither a path nor a prefix, expected one of path and prefix"),
        route(
            "{path: /a, prefix: /b, upstream: web}", "2:22",
            "routes[0]: found both a path and a prefix, expected one of path and prefix"),
        route(
            "{prefix: /, upstream: web, timeouts: {request_body: 2h}}", "2:55",
            "routes[0].timeouts.request_body: found \"2h\", expected from 100ms to 1h"),
    });
}

TEST_CASE("routes that match no request are refused", "[unit][settings]") {
    check_table({
        route(
            "{prefix: api/, upstream: web}", "2:12",
            "routes[0].prefix: found \"api/\", expected a path that starts with / such as /api/; "
            "did you mean \"/api/\"?"),
        route(
            "{path: \"http://a/\", upstream: web}", "2:10",
            "routes[0].path: found \"http://a/\", expected a path that starts with / such as "
            "/api/"),
        route(
            "{prefix: \"/a?b=c\", upstream: web}", "2:12",
            "routes[0].prefix: found \"/a?b=c\", expected a path without ?, # or *; a route does "
            "not "
            "look at the query"),
        route(
            "{prefix: /api/*, upstream: web}", "2:12",
            "routes[0].prefix: found \"/api/*\", expected a path without ?, # or *; there are no "
            "patterns: a prefix takes all that begins with it"),
        route(
            "{prefix: /a/../b, upstream: web}", "2:12",
            "routes[0].prefix: found \"/a/../b\", expected a path without empty, \".\" or \"..\" "
            "segments"),
        route(
            "{prefix: /a//b, upstream: web}", "2:12",
            "routes[0].prefix: found \"/a//b\", expected a path without empty, \".\" or \"..\" "
            "segments"),
        route(
            "{prefix: \"/a b\", upstream: web}", "2:12",
            "routes[0].prefix: found \"/a b\", expected a path of visible ASCII characters, others "
            "percent-encoded"),
        route(
            "{prefix: /, upstream: web, host: \"a.b:80\"}", "2:36",
            "routes[0].host: found \"a.b:80\", expected a host without a port such as example.com "
            "or *.example.com; leave the port out: a route matches every port"),
        route(
            "{prefix: /, upstream: web, host: \"*\"}", "2:36",
            "routes[0].host: found \"*\", expected a host without a port such as example.com or "
            "*.example.com; leave the key out to match every host"),
        route(
            "{prefix: /, upstream: web, methods: []}", "2:39",
            "routes[0].methods: found 0 items, expected from 1 to 32 items"),
        route(
            "{prefix: /, upstream: web, methods: [get]}", "2:40",
            "routes[0].methods[0]: found \"get\", expected a method in capitals such as GET or "
            "POST; did you mean \"GET\"?"),
        route(
            "{prefix: /, upstream: web, methods: [\"G T\"]}", "2:40",
            "routes[0].methods[0]: found \"G T\", expected a method in capitals such as GET or "
            "POST"),
        route(
            "{prefix: /, upstream: web, methods: [GET, GET]}", "2:39",
            "routes[0]: found \"GET\" twice, expected each method once"),
        route(
            "{prefix: /, upstream: web, name: \"\"}", "2:36",
            "routes[0].name: found \"\", expected a text of 1 to 128 characters on one line"),
        route(
            "{prefix: /, upstream: web, name: a}\n- {prefix: /b, upstream: web, name: a}", "3:37",
            "routes[1].name: found \"a\", expected a name that no other route has; it is that of "
            "line 2"),
    });
}

TEST_CASE("routes that match the same requests are refused", "[unit][settings]") {
    check_table({
        route(
            "{prefix: /a, upstream: web}\n- {prefix: /a, upstream: api}", "3:12",
            "routes[1]: found \"/a\", expected a route that no other route repeats; it is that of "
            "line 2"),
        route(
            "{path: /a, upstream: web}\n- {path: /a, upstream: web}", "3:10",
            "routes[1]: found \"/a\", expected a route that no other route repeats; it is that of "
            "line 2"),
        route(
            "{path: /a, host: EXAMPLE.com, upstream: web}\n"
            "- {path: /a, host: example.com, upstream: web}",
            "3:10",
            "routes[1]: found \"/a\", expected a route that no other route repeats; it is that of "
            "line 2"),
        route(
            "{path: /a, methods: [GET, PUT], upstream: web}\n"
            "- {path: /a, methods: [POST, PUT], upstream: web}",
            "3:10",
            "routes[1]: found \"/a\", expected a route that no other route repeats; it is that of "
            "line 2"),
    });
    for (std::string const text : {
             "{prefix: /a, upstream: web}\n- {path: /a, upstream: web}",
             "{prefix: /a, upstream: web}\n- {prefix: /a/, upstream: web}",
             "{prefix: /a, upstream: web}\n- {prefix: /a, host: b, upstream: web}",
             "{prefix: /a, upstream: web}\n- {prefix: /a, methods: [GET], upstream: web}",
             "{prefix: /a, methods: [PUT], upstream: web}\n- {prefix: /a, methods: [GET], "
             "upstream: web}",
         }) {
        CAPTURE(text);
        CHECK(load_text("routes:\n- " + text + "\n" + std::string{upstreams}, "g", no_variables)
                  .value);
    }
}

TEST_CASE("header edits that would break a message are refused", "[unit][settings]") {
    auto const edits = [](std::string const& text, std::string place, std::string words) {
        return route(
            "{prefix: /, upstream: web, request_headers: {" + text + "}}", std::move(place),
            "routes[0].request_headers." + std::move(words));
    };
    std::string const a_value =
        "expected a header value without line breaks, control characters or outer blanks";
    std::string const frames = "expected a header that may be edited; it says where a message ends";
    std::string const hop =
        "expected a header that may be edited; it belongs to one connection (RFC 9110 7.6.1)";
    check_table({
        edits(
            "set: {Host: a}", "2:54",
            "set.Host: found \"Host\", expected a header that may be edited; set \"host\" of the "
            "upstream instead"),
        edits(
            "add: {content-length: 1}", "2:54",
            "add.content-length: found \"content-length\", " + frames),
        edits(
            "remove: [Transfer-Encoding]", "2:57",
            "remove[0]: found \"Transfer-Encoding\", " + frames),
        edits(
            "set: {Content_Length: 5}", "2:54",
            "set.Content_Length: found \"Content_Length\", " + frames),
        edits("remove: [Trailer]", "2:57", "remove[0]: found \"Trailer\", " + frames),
        edits("remove: [connection]", "2:57", "remove[0]: found \"connection\", " + hop),
        edits("set: {Keep-Alive: a}", "2:54", "set.Keep-Alive: found \"Keep-Alive\", " + hop),
        edits(
            "set: {Proxy-Connection: a}", "2:54",
            "set.Proxy-Connection: found \"Proxy-Connection\", " + hop),
        edits("set: {TE: a}", "2:54", "set.TE: found \"TE\", " + hop),
        edits("set: {Upgrade: a}", "2:54", "set.Upgrade: found \"Upgrade\", " + hop),
        edits(
            "set: {\"X A\": a}", "2:54",
            "set.X A: found \"X A\", expected a header name such as X-Frame-Options"),
        edits(
            "set: {\"\": a}", "2:54",
            "set.: found \"\", expected a header name such as X-Frame-Options"),
        edits(
            R"(set: {X-A: "b\r\nX-B: c"})", "2:59",
            "set.X-A: found a value not shown here, " + a_value),
        edits(R"(set: {X-A: "b\0c"})", "2:59", "set.X-A: found a value not shown here, " + a_value),
        edits(R"(set: {X-A: " b"})", "2:59", "set.X-A: found a value not shown here, " + a_value),
        edits(
            "set: {X-A: b, x-a: c}", "2:62",
            "set.x-a: found \"x-a\", expected each header name once; it differs from \"X-A\" only "
            "in case"),
        edits("set: {}", "2:53", "set: found 0 items, expected from 1 to 64 items"),
    });
}
