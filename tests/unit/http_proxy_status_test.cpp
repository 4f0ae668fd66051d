// SPDX-License-Identifier: Apache-2.0
// What the gateway says of its own replies in Proxy-Status (RFC 9209).
#include "http/error_reply.hpp"
#include "http/proxy_status.hpp"
#include "unit/http_parse.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace gateway::http {
namespace {

// RFC 9209 2.3.
constexpr std::array<std::string_view, 32> registered{
    "dns_timeout",
    "dns_error",
    "destination_not_found",
    "destination_unavailable",
    "destination_ip_prohibited",
    "destination_ip_unroutable",
    "connection_refused",
    "connection_terminated",
    "connection_timeout",
    "connection_read_timeout",
    "connection_write_timeout",
    "connection_limit_reached",
    "tls_protocol_error",
    "tls_certificate_error",
    "tls_alert_received",
    "http_request_error",
    "http_request_denied",
    "http_response_incomplete",
    "http_response_header_section_size",
    "http_response_header_size",
    "http_response_body_size",
    "http_response_trailer_section_size",
    "http_response_trailer_size",
    "http_response_transfer_coding",
    "http_response_content_coding",
    "http_response_timeout",
    "http_upgrade_failed",
    "http_protocol_error",
    "proxy_internal_response",
    "proxy_internal_error",
    "proxy_configuration_error",
    "proxy_loop_detected"};

std::string status_field(cause why, std::uint16_t received = 0) {
    std::string out;
    append_proxy_status(out, why, received);
    return out;
}

TEST_CASE("every cause has an error type that RFC 9209 registers", "[unit][http]") {
    for (std::size_t i = 1; i < cause_count; ++i) {
        auto const why = static_cast<cause>(i);
        CAPTURE(word_of(why));
        auto const type = proxy_error_of(why);
        CHECK(std::find(registered.begin(), registered.end(), type) != registered.end());
        // Whoever is to blame, the type says the same.
        bool const of_client = type == "http_request_error" || type == "http_request_denied";
        if (facts_of(why).fault == source::upstream) CHECK_FALSE(of_client);
        if (of_client) CHECK(facts_of(why).fault == source::downstream);
    }
}

TEST_CASE("Proxy-Status names the gateway, the type and our word", "[unit][http]") {
    CHECK(
        status_field(cause::connect_refused) ==
        "gateway; error=connection_refused; details=\"connect_refused\"");
    CHECK(
        status_field(cause::response_malformed, 200) ==
        "gateway; error=http_protocol_error; details=\"response_malformed\"; received-status=200");
    CHECK(status_field(cause::none) == "gateway");
}

TEST_CASE("every reply of the gateway's own has one Proxy-Status", "[unit][http]") {
    for (std::size_t i = 1; i < cause_count; ++i) {
        auto const why = static_cast<cause>(i);
        if (status_of(why) == 499) continue;  // never sent
        CAPTURE(word_of(why));
        std::string text;
        append_error_reply(text, {.why = why, .received = 204});
        auto const reply = good_response(text);
        CHECK(reply->head.count(field_id::proxy_status) == 1);
        CHECK(reply->head.value_of(field_id::proxy_status) == status_field(why, 204));
    }
    std::string text;
    append_own_answer(text, {.received = 204}, {}, {});
    auto const answer = good_response(text);
    CHECK(answer->head.status == 200);
    CHECK(answer->head.value_of(field_id::proxy_status) == "gateway");
    CHECK(answer->head.value_of(field_id::content_length) == "0");
    CHECK_FALSE(answer->head.has(field_id::content_type));
}

}  // namespace
}  // namespace gateway::http
