// SPDX-License-Identifier: Apache-2.0
#include "demo/backend.hpp"

#include "base/ascii.hpp"
#include "demo/answers.hpp"
#include "demo/echo.hpp"
#include "demo/json.hpp"
#include "http/error_reply.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace gateway::demo {
namespace {

constexpr std::uint64_t slow_ms_max = 600'000;  // ten minutes
constexpr milliseconds event_gap = 1s;

constexpr std::string_view products = R"([
  {"id":1,"name":"Walnut desk organiser","price":34.00,"currency":"EUR","in_stock":12},
  {"id":2,"name":"Linen notebook","price":18.50,"currency":"EUR","in_stock":40},
  {"id":3,"name":"Brass bookmark","price":9.00,"currency":"EUR","in_stock":0},
  {"id":4,"name":"Ceramic pour-over","price":42.00,"currency":"EUR","in_stock":7},
  {"id":5,"name":"Wool throw","price":89.00,"currency":"EUR","in_stock":3},
  {"id":6,"name":"Cedar pencil set","price":12.00,"currency":"EUR","in_stock":64}
]
)";

std::optional<std::uint64_t> number_of(std::string_view text, std::uint64_t max) {
    std::uint64_t out = 0;
    if (!ascii::parse_decimal(text, max, out)) return std::nullopt;
    return out;
}

awaitable<void> answer_slow(connection& client) {
    auto const asked = query_value(client.request().query(), "ms");
    auto const wait = number_of(asked.value_or("1000"), slow_ms_max);
    if (!wait) {
        co_await reply_problem(client, 400, "ms takes 0 to 600000");
        co_return;
    }
    co_await client.pause(milliseconds(*wait));
    auto const body = "{\"waited_ms\":" + std::to_string(*wait) + "}\n";
    co_await reply_json(client, 200, body);
}

// What a status may not be sent without.
void add_required_fields(response& answer) {
    switch (answer.status) {
        // RFC 9110 11.6.1; a scheme that no browser asks a password for.
        case 401: answer.set("WWW-Authenticate", "Demo"); break;
        case 405: answer.set("Allow", "GET, HEAD"); break;          // RFC 9110 15.5.6
        case 407: answer.set("Proxy-Authenticate", "Demo"); break;  // RFC 9110 11.7.1
        case 426: answer.set("Upgrade", "websocket"); break;        // RFC 9110 15.5.22
        default: break;
    }
}

awaitable<void> answer_status(connection& client, std::string_view text) {
    auto const asked = number_of(text, 599);
    // 101 is an answer to an upgrade only (RFC 9110 15.2.2).
    if (!asked || *asked < 100 || *asked == 101) {
        co_await reply_problem(client, 400, "a status is 100 to 599, 101 excepted");
        co_return;
    }
    auto const status = static_cast<unsigned>(*asked);
    response answer;
    answer.status = status;
    if (status < 200) {
        co_await client.interim(answer);
        answer.status = 200;
    }
    add_required_fields(answer);
    // These have no content (RFC 9110 15.3.5, 15.3.6, 15.4.5).
    if (status == 204 || status == 205 || status == 304) {
        co_await client.reply(answer);
        co_return;
    }
    answer.set("Content-Type", "application/json").set("Cache-Control", "no-store");
    auto const body = "{\"status\":" + std::to_string(status) +
                      ",\"reason\":" + json_string(http::reason_phrase(status)) + "}\n";
    co_await client.reply(answer, body);
}

awaitable<void> answer_products(connection& client) { co_await reply_json(client, 200, products); }

awaitable<void> answer_not_found(connection& client) {
    co_await reply_problem(client, 404, "the backend serves /api/ and /uploads/");
}

}  // namespace

awaitable<void> backend::answer(connection& client) {
    ++answered_;
    auto const path = client.request().path();
    constexpr std::string_view status = "/api/status/";
    if (path == "/api/echo") return answer_echo(client);
    if (path.starts_with("/uploads/")) return uploads_.answer(client);
    if (path.starts_with(status)) return answer_status(client, path.substr(status.size()));
    if (path == "/api/slow") return answer_slow(client);
    auto const method = client.request().method;
    auto const reads = method == "GET" || method == "HEAD";
    auto const known = path == "/api/health" || path == "/api/products" || path == "/api/events" ||
                       path == "/api/ws";
    if (known && !reads) return reply_method_not_allowed(client, "GET, HEAD");
    if (path == "/api/health") return answer_health(client);
    if (path == "/api/products") return answer_products(client);
    if (path == "/api/events") return answer_events(client);
    if (path == "/api/ws") return answer_web_socket(client);
    return answer_not_found(client);
}

awaitable<void> backend::answer_health(connection& client) {
    auto const up = std::chrono::duration_cast<milliseconds>(clock::now() - started_).count();
    auto const body = R"({"status":")" + std::string(ending_ ? "draining" : "ok") +
                      R"(","origin":"backend","instance":)" + json_string(instance_) +
                      ",\"uptime_ms\":" + std::to_string(up) +
                      ",\"requests\":" + std::to_string(answered_) + "}\n";
    co_await reply_json(client, ending_ ? 503 : 200, body);
}

// Server-sent events (HTML 9.2), one a second until the client goes. A client that comes back says
// which event it saw last and continues after it.
awaitable<void> backend::answer_events(connection& client) {
    response answer;
    answer.set("Content-Type", "text/event-stream").set("Cache-Control", "no-store");
    constexpr std::uint64_t id_max = 1'000'000'000;
    auto id = number_of(client.request().find("Last-Event-ID"), id_max).value_or(0);
    auto const wants_body = client.request().method != "HEAD";
    co_await client.begin(answer);
    auto next = clock::now();
    while (wants_body) {
        ++id;
        auto const up = std::chrono::duration_cast<milliseconds>(clock::now() - started_).count();
        auto const event = "id: " + std::to_string(id) + "\ndata: {\"id\":" + std::to_string(id) +
                           ",\"uptime_ms\":" + std::to_string(up) + "}\n\n";
        co_await client.write(event);
        // Kept in step with the first event, not with the last write.
        next += event_gap;
        auto const gap = std::chrono::ceil<milliseconds>(next - clock::now());
        co_await client.pause(std::max(gap, milliseconds(0)));
    }
    co_await client.end();
}

}  // namespace gateway::demo
