// SPDX-License-Identifier: Apache-2.0
// Parses test bytes, whole or piece by piece, and says what came of it in words that print.
#pragma once

#include "base/error.hpp"
#include "http/head_parser.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace gateway::http {

// "complete", "incomplete" or the cause of the refusal.
inline std::string_view verdict_word(parse_step step, cause why) {
    if (step == parse_step::refused) return word_of(why);
    return step == parse_step::complete ? "complete" : "incomplete";
}

template <class Parser, class Head>
struct parsed {
    std::string text;
    Head head;
    std::string_view verdict;
    std::size_t seen = 0;  // bytes the parser had when it gave its verdict
};

using parsed_request = parsed<request_parser, request_head>;
using parsed_response = parsed<response_parser, response_head>;

// On the heap, because heads are large and hold a pointer into the text beside them.
template <class Parsed>
using parsed_ptr = std::unique_ptr<Parsed>;

template <class Parser, class Head>
void parse_whole(parsed<Parser, Head>& out, head_limits const& limits) {
    Parser parser;
    auto const step = parser.parse(out.text, limits, out.head);
    out.verdict = verdict_word(step, parser.why());
    out.seen = out.text.size();
}

// In pieces of `piece` bytes, each time in a fresh buffer of exactly that size, so that a read
// beyond what came or a pointer into the old buffer shows under the address sanitizer.
template <class Parser, class Head>
void parse_in_pieces(parsed<Parser, Head>& out, head_limits const& limits, std::size_t piece) {
    Parser parser;
    auto step = parse_step::incomplete;
    for (std::size_t size = 0; step == parse_step::incomplete && size < out.text.size();) {
        size = std::min(size + piece, out.text.size());
        auto const moved = std::make_unique<char[]>(size);
        std::memcpy(moved.get(), out.text.data(), size);
        step = parser.parse({moved.get(), size}, limits, out.head);
        out.seen = size;
        out.head.rebase(out.text.data());
    }
    out.verdict = verdict_word(step, parser.why());
}

inline parsed_ptr<parsed_request> request_of(std::string_view text, head_limits limits = {}) {
    auto out = std::make_unique<parsed_request>();
    out->text = text;
    parse_whole(*out, limits);
    return out;
}

inline parsed_ptr<parsed_response> response_of(std::string_view text, head_limits limits = {}) {
    auto out = std::make_unique<parsed_response>();
    out->text = text;
    parse_whole(*out, limits);
    return out;
}

// A request whose head must be fine; the test is about what its fields mean.
inline parsed_ptr<parsed_request> good_request(std::string_view text) {
    auto out = request_of(text);
    REQUIRE(out->verdict == "complete");
    return out;
}

inline parsed_ptr<parsed_response> good_response(std::string_view text) {
    auto out = response_of(text);
    REQUIRE(out->verdict == "complete");
    return out;
}

// All that a head says, as text: two heads that say the same are the same.
inline std::string said_by(head const& message) {
    std::string out = "1." + std::to_string(message.minor_version) + " size " +
                      std::to_string(message.size()) + '\n';
    for (auto const& f : message.fields()) {
        out.append(message.name(f)).append("=[").append(message.value(f)).append("] ");
        out.append(std::to_string(static_cast<int>(f.id))).append("\n");
    }
    return out;
}

inline std::string said_by(request_head const& request) {
    auto out = std::string{request.method_text()} + ' ' + std::string{request.target()} + ' ';
    return out + said_by(static_cast<head const&>(request));
}

inline std::string said_by(response_head const& response) {
    auto out = std::to_string(response.status) + " [" + std::string{response.reason()} + "] ";
    return out + said_by(static_cast<head const&>(response));
}

}  // namespace gateway::http
