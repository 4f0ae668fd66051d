// SPDX-License-Identifier: Apache-2.0
#include "demo/answers.hpp"

#include "demo/json.hpp"
#include "http/error_reply.hpp"

namespace gateway::demo {
namespace {

std::string problem_text(unsigned status, std::string_view detail) {
    return "{\"error\":" + json_string(http::reason_phrase(status)) +
           ",\"detail\":" + json_string(detail) + "}\n";
}

}  // namespace

awaitable<void> reply_json(connection& client, unsigned status, std::string_view body) {
    response answer;
    answer.status = status;
    answer.set("Content-Type", "application/json").set("Cache-Control", "no-store");
    co_await client.reply(answer, body);
}

awaitable<void> reply_problem(connection& client, unsigned status, std::string detail) {
    auto const body = problem_text(status, detail);
    co_await reply_json(client, status, body);
}

awaitable<void> reply_method_not_allowed(connection& client, std::string allowed) {
    response answer;
    answer.status = 405;
    answer.set("Allow", allowed).set("Content-Type", "application/json");
    auto const body = problem_text(405, "this resource takes " + allowed);
    co_await client.reply(answer, body);
}

}  // namespace gateway::demo
