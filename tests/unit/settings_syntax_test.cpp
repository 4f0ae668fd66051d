// SPDX-License-Identifier: Apache-2.0
// How values are written: what each syntax reads, refuses and writes back.
#include "settings/syntax.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace gateway::settings;
using namespace gateway::literals;
using namespace std::chrono_literals;
using gateway::milliseconds;

template <class Syntax>
std::optional<typename Syntax::value> parsed(std::string_view text) {
    refusal unused;
    return Syntax::parse(text, unused);
}

template <class Syntax>
void check_refused(std::vector<std::string> const& texts) {
    for (std::string const& text : texts) {
        CAPTURE(text);
        CHECK_FALSE(parsed<Syntax>(text));
    }
}

// Each text is taken as it is.
template <class Syntax>
void check_kept(std::vector<std::string> const& texts) {
    for (std::string const& text : texts) {
        CAPTURE(text);
        CHECK(parsed<Syntax>(text) == text);
    }
}

// The second column is how the value is written back, and reads as the same value.
template <class Syntax>
void check_written_back(std::vector<std::pair<std::string, std::string>> const& table) {
    for (auto const& [text, back] : table) {
        CAPTURE(text);
        auto const value = parsed<Syntax>(text);
        REQUIRE(value);
        CHECK(Syntax::text(*value) == back);
        CHECK(parsed<Syntax>(back) == value);
    }
}

}  // namespace

TEST_CASE("durations need a unit and saturate", "[unit][settings]") {
    CHECK(parsed<duration>("500ms") == 500ms);
    CHECK(parsed<duration>("10s") == 10s);
    CHECK(parsed<duration>("1m") == 1min);
    CHECK(parsed<duration>("1h") == 1h);
    CHECK(parsed<duration>("0") == 0ms);
    CHECK(parsed<duration>("0s") == 0ms);
    CHECK(parsed<duration>("18446744073709551615h") == milliseconds::max());
    CHECK(parsed<duration>("99999999999999999999999ms") == milliseconds::max());
    check_refused<duration>(
        {"", "s", "10", "1.5s", "-1s", "+1s", " 1s", "1s ", "1 s", "1S", "1d", "1m30s", "0x1s",
         "1us"});
    check_written_back<duration>(
        {{"0s", "0"},
         {"1ms", "1ms"},
         {"1000ms", "1s"},
         {"90s", "90s"},
         {"120s", "2m"},
         {"3600s", "1h"}});
}

TEST_CASE("sizes are bytes or binary units and saturate", "[unit][settings]") {
    CHECK(parsed<size>("0") == 0);
    CHECK(parsed<size>("4096") == 4096);
    CHECK(parsed<size>("64KiB") == 64_KiB);
    CHECK(parsed<size>("10MiB") == 10_MiB);
    CHECK(parsed<size>("1GiB") == 1_GiB);
    CHECK(parsed<size>("99999999999GiB") == std::numeric_limits<gateway::byte_count>::max());
    check_refused<size>(
        {"", "KiB", "64K", "64KB", "64kib", "1TiB", "-1", "1.5MiB", "1 KiB", "1KiB "});
    check_written_back<size>({{"0", "0"}, {"1000", "1000"}, {"1024", "1KiB"}, {"3072KiB", "3MiB"}});
}

TEST_CASE("numbers are whole and not negative", "[unit][settings]") {
    CHECK(parsed<count>("0") == 0U);
    CHECK(parsed<count>("10000") == 10'000U);
    CHECK(parsed<count>("99999999999") == std::numeric_limits<std::uint32_t>::max());
    check_refused<count>({"", "-1", "1.0", "1e3", "ten", "1k", "0x10", "1_000"});
    CHECK(parsed<thread_count>("auto") == 0U);
    CHECK(parsed<thread_count>("4") == 4U);
    check_written_back<thread_count>({{"auto", "auto"}, {"0", "auto"}, {"2", "2"}});
}

TEST_CASE("booleans have three spellings", "[unit][settings]") {
    for (std::string_view const text : {"true", "on", "yes", "True", "ON"}) {
        CHECK(parsed<flag>(text) == true);
    }
    for (std::string_view const text : {"false", "off", "no", "False", "NO"}) {
        CHECK(parsed<flag>(text) == false);
    }
    check_refused<flag>({"", "1", "0", "y", "enabled"});
    check_written_back<flag>({{"on", "true"}, {"no", "false"}});
}

TEST_CASE("log levels and access-log modes are words", "[unit][settings]") {
    check_written_back<level_name>(
        {{"trace", "trace"},
         {"debug", "debug"},
         {"INFO", "info"},
         {"warn", "warn"},
         {"error", "error"}});
    check_refused<level_name>({"", "warning", "1"});
    check_written_back<access_mode_name>(
        {{"json", "json"}, {"off", "off"}, {"logfmt", "logfmt"}, {"combined", "combined"}});
    check_refused<access_mode_name>({"", "on", "text"});
}

TEST_CASE("addresses to listen on are literal and have a port", "[unit][settings]") {
    CHECK(parsed<listen_address>("0.0.0.0:80") == host_port{"0.0.0.0", 80});
    CHECK(parsed<listen_address>("8080") == host_port{"0.0.0.0", 8080});
    CHECK(parsed<listen_address>(":8080") == host_port{"0.0.0.0", 8080});
    CHECK(parsed<listen_address>("*:8080") == host_port{"0.0.0.0", 8080});
    CHECK(parsed<listen_address>("0") == host_port{"0.0.0.0", 0});
    CHECK(parsed<listen_address>("127.0.0.1:0") == host_port{"127.0.0.1", 0});
    CHECK(parsed<listen_address>("[::]:80") == host_port{"::", 80});
    CHECK(parsed<listen_address>("[::1]:65535") == host_port{"::1", 65535});
    check_refused<listen_address>(
        {"", ":", "0.0.0.0", "0.0.0.0:", "0.0.0.0:65536", "70000", "::1", "[::1]", "[]:80",
         "[127.0.0.1]:80", "[::1:80", "[::1]80", "localhost:80", "a:80", "1.2.3:80", "1.2.3.4:8o",
         "1.2.3.4:-1", std::string("1.2.3.4\0:80", 11), std::string("[::1\0]:80", 9)});
    check_written_back<listen_address>({{"80", "0.0.0.0:80"}, {"[::1]:80", "[::1]:80"}});
}

TEST_CASE("endpoints are hosts with or without a port", "[unit][settings]") {
    CHECK(parsed<endpoint_address>("web") == endpoint{{"web", 80}});
    CHECK(parsed<endpoint_address>("web:5000") == endpoint{{"web", 5000}});
    CHECK(
        parsed<endpoint_address>("web.svc.cluster.local.:1") ==
        endpoint{{"web.svc.cluster.local.", 1}});
    CHECK(parsed<endpoint_address>("my_web-1:1") == endpoint{{"my_web-1", 1}});
    CHECK(parsed<endpoint_address>("10.0.0.7") == endpoint{{"10.0.0.7", 80}});
    CHECK(parsed<endpoint_address>("[fd00::7]") == endpoint{{"fd00::7", 80}});
    CHECK(parsed<endpoint_address>("[fd00::7]:5000") == endpoint{{"fd00::7", 5000}});
    CHECK(parsed<endpoint_address>("http://web") == endpoint{{"web", 80}});
    CHECK(parsed<endpoint_address>("http://web:5000/") == endpoint{{"web", 5000}});
    check_refused<endpoint_address>(
        {"",
         ":80",
         "80",
         "web:",
         "web:0",
         "web:65536",
         "web:80:80",
         "https://",
         "https://web/a",
         "https://web:0",
         "https://http://web",
         "ftp://web",
         "web/",
         "http://web/a",
         "http://",
         "we b",
         "-web",
         "web-",
         "a..b",
         ".",
         "10.0.0.300",
         "fd00::7",
         "[web]:80",
         "user@web",
         std::string(64, 'a'),
         std::string("web\0", 4)});
    CHECK(
        parsed<endpoint_address>("https://web") == endpoint{.address = {"web", 443}, .tls = true});
    CHECK(
        parsed<endpoint_address>("https://web/") == endpoint{.address = {"web", 443}, .tls = true});
    CHECK(
        parsed<endpoint_address>("https://10.0.0.7:8443") ==
        endpoint{.address = {"10.0.0.7", 8443}, .tls = true});
    CHECK(
        parsed<endpoint_address>("https://[fd00::7]") ==
        endpoint{.address = {"fd00::7", 443}, .tls = true});
    check_written_back<endpoint_address>({{"https://web", "https://web:443"}});
    check_written_back<endpoint_address>({{"web", "web:80"}, {"[fd00::7]:1", "[fd00::7]:1"}});
}

TEST_CASE("address ranges hold nothing past their prefix", "[unit][settings]") {
    CHECK(parsed<network>("10.0.0.0/8") == ipv4_range({10, 0, 0, 0}, 8));
    CHECK(parsed<network>("0.0.0.0/0") == ipv4_range({0, 0, 0, 0}, 0));
    CHECK(parsed<network>("192.0.2.7") == ipv4_range({192, 0, 2, 7}, 32));
    CHECK(parsed<network>("fc00::/7") == address_range{{0xfc}, 7});
    CHECK(parsed<network>("::/0") == address_range{{}, 0});
    CHECK(
        parsed<network>("fe80::1") ==
        address_range{{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128});
    check_refused<network>(
        {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.1/8", "10/8", "::/129", "fd00::1/8",
         "web", "10.0.0.0/8/8", "[::1]", std::string("::1\0", 4)});
    for (address_range const& range : private_ranges) {
        CHECK(parsed<network>(network::text(range)) == range);
    }
    check_written_back<network>(
        {{"10.0.0.0/8", "10.0.0.0/8"},
         {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
         {"192.0.2.7/32", "192.0.2.7"},
         {"::1/128", "::1"}});
}

TEST_CASE("hosts of routes are lower case and have no port", "[unit][settings]") {
    check_kept<host_pattern>({"example.com", "*.example.com", "localhost", "10.0.0.1", "[::1]"});
    CHECK(parsed<host_pattern>("*.EXAMPLE.com") == "*.example.com");
    check_refused<host_pattern>({"", "*", "*.", "a.*", "*a.b", "a:80", "[::1]:80", "a b", "a/b"});
    check_kept<host_field>({"example.com", "example.com:8080", "10.0.0.1:1", "[::1]:80"});
    check_refused<host_field>({"", "a:b", "*.a", "a b", "a\r\nB: c", "http://a"});
}

TEST_CASE("names that servers prove have no port and no wildcard", "[unit][settings]") {
    check_kept<server_name>({"example.com", "a", "10.0.0.1"});
    CHECK(parsed<server_name>("API.example.com") == "api.example.com");
    CHECK(parsed<server_name>("[fd00::7]") == "fd00::7");
    check_refused<server_name>({"", "*", "*.example.com", "a:443", "https://a", "a b"});
    check_kept<pem_file>({"/etc/ssl/ca.pem", "ca.pem", "/with blank/\xc3\xa4"});
    check_refused<pem_file>({"", "a\nb", std::string("a\0", 2), std::string(4096, 'a')});
}

TEST_CASE("paths are absolute, visible and normalised", "[unit][settings]") {
    check_kept<url_path>(
        {"/", "/api", "/api/", "/a/b.c/~d", "/a%20b", "/.well-known/", "/a..b", "/..."});
    check_refused<url_path>(
        {"", "api", "/a b", "/a?b", "/a#b", "/*", "//", "/a//b", "/a//", "/./a", "/a/.", "/a/..",
         "/../a", "/\xc3\xa4", "/a\n"});
}

TEST_CASE("names and methods are words", "[unit][settings]") {
    check_kept<upstream_name>({"web", "Web-1_a.b", std::string(64, 'a')});
    check_refused<upstream_name>({"", "a b", "a/b", "a\"b", "\xc3\xa4", std::string(65, 'a')});
    check_kept<label>({"a", "reads of /api", "\xc3\xa4"});
    check_refused<label>({"", "a\nb", std::string("\0", 1), std::string(129, 'a')});
    check_kept<method>({"GET", "M-SEARCH", "PURGE"});
    check_refused<method>({"", "get", "Get", "G T", "GET/", "GET\n", std::string(33, 'A')});
}

TEST_CASE("header names and values cannot break a message", "[unit][settings]") {
    check_kept<field_name>({"X-A", "x_b", "Via", "Authorization", "X-Forwarded-For"});
    check_refused<field_name>(
        {"", "X A", "X:", "X\r\n", "\xc3\xa4", "Host", "host", "CONTENT-LENGTH",
         "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
         "Upgrade", std::string(129, 'a')});
    check_kept<field_value>({"", "a", "a b", "a\tb", "\xc3\xa4", std::string(8192, 'a')});
    check_refused<field_value>(
        {"a\r\nB: c", "a\n", "a\rb", " a", "a\t", std::string("a\0b", 3), "\x7f",
         std::string(8193, 'a')});
}
