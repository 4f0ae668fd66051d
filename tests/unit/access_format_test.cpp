// SPDX-License-Identifier: Apache-2.0
#include "observe/access_format.hpp"

#include "observe/log_lane.hpp"
#include "support/json_object.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <map>
#include <string>
#include <vector>

using namespace gateway;
using namespace gateway::observe;
using settings::access_log_mode;
using settings::log_field;

namespace {

exchange_record fine_exchange() {
    exchange_record record;
    record.finished_at =
        std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 23h + 59min + 58s + 7ms;
    record.request_id = "0123456789abcdef";
    record.client_address = "203.0.113.57";
    record.method = "GET";
    record.method_index = method_label::get;
    record.target = "/api/products?page=2";
    record.protocol = "HTTP/1.1";
    record.host = "shop.example.com";
    record.user_agent = "Mozilla/5.0 (X11; Linux)";
    record.route = "/api/";
    record.status = 200;
    record.attempts = 1;
    record.bytes_in = 431;
    record.bytes_out = 5'123;
    record.duration = std::chrono::nanoseconds{12'034'999};
    return record;
}

settings::logging logging_as(access_log_mode mode) {
    settings::logging wanted;
    wanted.access = mode;
    return wanted;
}

std::string line_of(settings::logging const& wanted, exchange_record const& record) {
    access_format format{wanted};
    std::string out(line_bytes_max, '\0');
    auto const weight = format.weight_of(record);
    out.resize(static_cast<std::size_t>(format.write(record, weight, out.data()) - out.data()));
    return out;
}

// Reads a logfmt line the way its readers do: key=value, values with blanks in quotes.
std::map<std::string, std::string> parse_logfmt(std::string const& line) {
    std::map<std::string, std::string> found;
    std::size_t at = 0;
    while (at < line.size() && line[at] != '\n') {
        auto const equals = line.find('=', at);
        REQUIRE(equals != std::string::npos);
        std::string const key = line.substr(at, equals - at);
        std::string value;
        at = equals + 1;
        if (line[at] == '"') {
            for (++at; line.at(at) != '"'; ++at) {
                if (line[at] == '\\') value += line[at++];
                value += line.at(at);
            }
            ++at;
        } else {
            auto const end = line.find_first_of(" \n", at);
            value = line.substr(at, end - at);
            at = end;
        }
        REQUIRE(found.emplace(key, value).second);
        if (line.at(at) == ' ') ++at;
    }
    return found;
}

}  // namespace

TEST_CASE("a logfmt line holds method, path, status and a duration in ms", "[unit][log]") {
    auto const line = line_of(logging_as(access_log_mode::logfmt), fine_exchange());
    auto const fields = parse_logfmt(line);
    CHECK(
        line.find("method=GET host=shop.example.com path=\"/api/products?page=2\" status=200") !=
        std::string::npos);
    CHECK(fields.at("time") == "2026-01-31T23:59:58.007Z");
    CHECK(fields.at("path") == "/api/products?page=2");
    CHECK(fields.at("duration") == "12.034");
    CHECK(fields.at("user_agent") == "Mozilla/5.0 (X11; Linux)");
    CHECK(line.back() == '\n');
}

TEST_CASE("a logfmt value cannot make a second field or line", "[unit][log]") {
    auto record = fine_exchange();
    record.user_agent = "a\" status=500\nb";
    auto const line = line_of(logging_as(access_log_mode::logfmt), record);
    auto const fields = parse_logfmt(line);
    CHECK(fields.at("status") == "200");
    CHECK(fields.at("user_agent") == R"(a\" status=500\nb)");
    CHECK(line.find('\n') == line.size() - 1);
}

TEST_CASE("a combined line is that of nginx", "[unit][log]") {
    auto record = fine_exchange();
    CHECK(
        line_of(logging_as(access_log_mode::combined), record) ==
        "203.0.113.57 - - [31/Jan/2026:23:59:58 +0000] \"GET /api/products?page=2 HTTP/1.1\" 200 "
        "5123 \"-\" \"Mozilla/5.0 (X11; Linux)\"\n");
    record.user_agent = "a\"b\\c\x01\xff";
    record.referer = "http://r/";
    record.method = {};
    record.client_address = {};
    CHECK(
        line_of(logging_as(access_log_mode::combined), record) ==
        "- - - [31/Jan/2026:23:59:58 +0000] \"-\" 200 5123 \"http://r/\" "
        "\"a\\x22b\\x5Cc\\x01\\xFF\"\n");
}

TEST_CASE("a line holds the fields that were chosen", "[unit][log]") {
    auto wanted = logging_as(access_log_mode::json);
    wanted.access_fields = {log_field::status, log_field::duration};
    CHECK(line_of(wanted, fine_exchange()) == "{\"status\":200,\"duration_ms\":12.034}\n");
    wanted.access = access_log_mode::logfmt;
    CHECK(line_of(wanted, fine_exchange()) == "status=200 duration=12.034\n");
    wanted.access = access_log_mode::json;
    wanted.access_fields = {log_field::cause};
    CHECK(line_of(wanted, fine_exchange()) == "{}\n");
}

TEST_CASE("secrets in queries do not reach the log", "[unit][log]") {
    using row = std::pair<std::string, std::string>;
    auto const& [url, shown] = GENERATE(values<row>({
        {"/a?token=s3cret", "/a?token=***"},
        {"/a?x=1&Access_Token=s3cret&y=2", "/a?x=1&Access_Token=***&y=2"},
        {"/a?%74oken=s3cret", "/a?%74oken=***"},
        {"/a?token=", "/a?token=***"},
        {"/a?token=a=b&c=d", "/a?token=***&c=d"},
        {"/a?x-amz-signature=abc;sig=def", "/a?x-amz-signature=***;sig=***"},
        {"/cb#access_token=kept", "/cb#access_token=kept"},
        {"/cb?x=1#access_token=s3cret", "/cb?x=1#access_token=***"},
        {"/a?tokens=5&mytoken=6&token", "/a?tokens=5&mytoken=6&token"},
        {"/token=1", "/token=1"},
        {"/a?", "/a?"},
        {"", ""},
    }));
    CAPTURE(url);
    redaction hidden{settings::logging{}.redacted_parameters};
    CHECK(hidden.hide(url) == shown);
    CHECK(redaction{{}}.hide(url) == url);
    auto record = fine_exchange();
    record.target = url;
    record.referer = url;
    for (auto const mode :
         {access_log_mode::json, access_log_mode::logfmt, access_log_mode::combined}) {
        CHECK(line_of(logging_as(mode), record).find("s3cret") == std::string::npos);
    }
}

TEST_CASE("a long target is cut, marked and still without its secret", "[unit][log]") {
    std::string const target = "/a?pad=" + std::string(3'000, 'x') + "&token=s3cret";
    auto record = fine_exchange();
    record.target = target;
    auto const line = line_of(logging_as(access_log_mode::json), record);
    CHECK(line.find("s3cret") == std::string::npos);
    CHECK(line.find("\"truncated\":true") != std::string::npos);
    std::string const masked = "/a?token=s3cret&pad=" + std::string(3'000, 'x');
    record.target = masked;
    CHECK(
        line_of(logging_as(access_log_mode::json), record).find("\"truncated\":true") !=
        std::string::npos);
}

TEST_CASE("sampling keeps errors, retries and slow exchanges and weighs the rest", "[unit][log]") {
    auto wanted = logging_as(access_log_mode::json);
    wanted.access_sample = 10;
    access_format format{wanted};
    auto const fine = fine_exchange();
    std::uint64_t stood_for = 0;
    int lines = 0;
    for (int i = 0; i < 1'000; ++i) {
        auto const weight = format.weight_of(fine);
        stood_for += weight;
        lines += weight != line_thinned_out ? 1 : 0;
    }
    CHECK(stood_for == 1'000);
    CHECK(lines == 100);
    auto failed = fine;
    failed.status = 404;
    auto retried = fine;
    retried.attempts = 2;
    auto slow = fine;
    slow.duration = 1s;
    auto cut = fine;
    cut.why = cause::response_truncated;
    for (auto const& each : {failed, retried, slow, cut}) {
        for (int i = 0; i < 20; ++i) CHECK(format.weight_of(each) == 1);
    }
    std::string out(line_bytes_max, '\0');
    out.resize(static_cast<std::size_t>(format.write(fine, 10, out.data()) - out.data()));
    CHECK(out.find("\"sample_weight\":10") != std::string::npos);
}

TEST_CASE("health probes that are well get no line unless asked for", "[unit][log]") {
    auto record = fine_exchange();
    auto wanted = logging_as(access_log_mode::json);
    for (auto const agent : {"ELB-HealthChecker/2.0", "kube-probe/1.30", "GoogleHC/1.0"}) {
        record.user_agent = agent;
        CHECK(access_format{wanted}.weight_of(record) == line_of_a_probe);
    }
    auto const weight_of = [&](auto const& change) {
        auto other = record;
        change(other);
        return access_format{wanted}.weight_of(other);
    };
    // A probe that fails is news; one that came through a load balancer is somebody else.
    CHECK(weight_of([](auto& one) { one.status = 503; }) == 1);
    CHECK(weight_of([](auto& one) { one.forwarded = true; }) == 1);
    CHECK(weight_of([](auto& one) { one.method_index = method_label::post; }) == 1);
    wanted.access_probes = true;
    CHECK(access_format{wanted}.weight_of(record) == 1);
    record.user_agent = "curl (not ELB-HealthChecker/)";
    wanted.access_probes = false;
    CHECK(access_format{wanted}.weight_of(record) == 1);
}

TEST_CASE("a wait for an endpoint and a retry are told, with its reason", "[unit][access_log]") {
    exchange_record record = fine_exchange();
    record.attempts = 2;
    record.parked_duration = 1'500ms;
    record.retry = retry_reason::connection_lost;
    std::string const line = line_of(logging_as(access_log_mode::json), record);
    CHECK(line.find(R"("parked_ms":1500.000,"retry":"connection_lost")") != std::string::npos);
    CHECK(
        line_of(logging_as(access_log_mode::json), fine_exchange()).find("parked") ==
        std::string::npos);
}

TEST_CASE("a failure's connection is told where there was one", "[unit][log]") {
    exchange_record record = fine_exchange();
    record.why = cause::upstream_closed;
    record.connection_uses = 17;
    record.connection_age = 62'500ms;
    record.connection_idle = 61'004ms;
    CHECK(
        line_of(logging_as(access_log_mode::json), record)
            .find(R"("cause":"upstream_closed","connection_age_ms":62500.000,)"
                  R"("connection_uses":17,"connection_idle_ms":61004.000)") != std::string::npos);
    auto chosen = logging_as(access_log_mode::logfmt);
    chosen.access_fields = {
        log_field::cause, log_field::connection_age, log_field::connection_idle};
    CHECK(
        line_of(chosen, record) ==
        "cause=upstream_closed connection_age=62500.000 connection_idle=61004.000\n");
    record.connection_uses = 0;
    CHECK(line_of(chosen, record) == "cause=upstream_closed\n");
}

TEST_CASE("what is not known is left out of the line", "[unit][log]") {
    exchange_record record;
    record.why = cause::malformed_request_line;
    support::json_object const line{line_of(logging_as(access_log_mode::json), record)};
    CHECK(line.text("cause") == "malformed_request_line");
    for (auto const* name :
         {"request_id",
          "client",
          "method",
          "host",
          "path",
          "upstream",
          "endpoint",
          "upstream_status",
          "upstream_ms",
          "attempts",
          "reused",
          "parked_ms",
          "retry",
          "route",
          "protocol",
          "user_agent",
          "referer",
          "truncated",
          "connection_age_ms",
          "connection_uses",
          "connection_idle_ms",
          "trace_id",
          "span_id"}) {
        CAPTURE(name);
        CHECK_FALSE(line.has(name));
    }
}
