// SPDX-License-Identifier: Apache-2.0
#include "demo/echo.hpp"

#include "base/ascii.hpp"
#include "demo/answers.hpp"
#include "demo/json.hpp"

#include <vector>

namespace gateway::demo {
namespace {

// One member a field, in order; values of the same name joined as RFC 9110 5.3 joins them.
std::string fields_text(request const& asked) {
    std::vector<std::pair<std::string_view, std::string>> joined;
    for (auto const& [name, value] : asked.fields) {
        auto known = joined.begin();
        while (known != joined.end() && !ascii::equal_ignoring_case(known->first, name)) ++known;
        if (known == joined.end()) {
            joined.emplace_back(name, value);
        } else {
            known->second.append(", ").append(value);
        }
    }
    std::string out;
    for (auto const& [name, value] : joined) {
        if (!out.empty()) out += ',';
        out += json_string(name) + ':' + json_string(value);
    }
    return '{' + out + '}';
}

std::string head_as_json(request const& asked) {
    return "{\"method\":" + json_string(asked.method) + ",\"target\":" + json_string(asked.target) +
           ",\"protocol\":\"HTTP/1." + std::to_string(asked.minor_version) +
           "\",\"headers\":" + fields_text(asked) + "}\n";
}

}  // namespace

awaitable<void> answer_echo(connection& client) {
    auto const& asked = client.request();
    if (!asked.has_body()) {
        auto const body = head_as_json(asked);
        co_await reply_json(client, 200, body);
        co_return;
    }
    response answer;
    auto const type = asked.find("Content-Type");
    answer.set("Content-Type", type.empty() ? "application/octet-stream" : type)
        .set("Cache-Control", "no-store");
    // After the final head, 100 Continue would come too late.
    co_await client.invite_body();
    co_await client.begin(answer, asked.length);
    std::vector<char> room(piece_bytes);
    for (;;) {
        auto const size = co_await client.read_body(room);
        if (size == 0) break;
        co_await client.write({room.data(), size});
    }
    co_await client.end();
}

}  // namespace gateway::demo
