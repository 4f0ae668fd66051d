// SPDX-License-Identifier: Apache-2.0
// One request over plain HTTP, for start-up, for commands that end with the answer and for threads
// that have nothing else to do: it blocks.
#pragma once

#include "base/units.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace gateway::net {

struct plain_answer {
    unsigned status = 0;  // 0: there was none, and `failure` says why
    std::string body;
    std::string failure;
    std::string head{};  // status line and fields
};

// A field's value in the head of an answer, without its blanks; empty when there is none.
std::string_view field_in(std::string_view head, std::string_view name) noexcept;

// Asks an "http://HOST[:PORT][/PATH]" address; an IPv6 host stands in brackets. Blocks for `limit`
// at most. An answer that has not ended by then counts with what has arrived of it, unless it said
// that it is longer.
plain_answer plain_get(std::string_view url, milliseconds limit);

// The same with a body; `fields` are whole lines. Gives up early, within a tenth of a second, once
// `given_up` says so.
plain_answer plain_post(
    std::string_view url,
    std::string_view fields,
    std::string_view body,
    milliseconds limit,
    std::function<bool()> const& given_up);

}  // namespace gateway::net
