// SPDX-License-Identifier: Apache-2.0
// A request's head: one verdict however it is cut; what is accepted goes upstream as the same
// request with exactly one framing. The first byte says how the gateway is set up.
#include "harness/growing_buffer.hpp"
#include "harness/judged_request.hpp"
#include "harness/plain_message.hpp"

#include <algorithm>

namespace gateway::fuzz {
namespace {

struct verdict {
    http::parse_step step = http::parse_step::incomplete;
    cause why = cause::none;

    bool operator==(verdict const&) const = default;
};

std::string said_by(http::request_head const& head) {
    std::string out{head.method_text()};
    out.append("|").append(head.target()).append("|").append(std::to_string(head.minor_version));
    out.append("|").append(std::to_string(head.size()));
    for (auto const& f : head.fields()) {
        out.append("\n").append(head.name(f)).append("=").append(head.value(f));
        out.append("#").append(std::to_string(static_cast<int>(f.id)));
    }
    return out;
}

verdict parse_cut(
    std::string_view text, http::head_limits const& limits, std::size_t first, std::size_t step) {
    auto head = std::make_unique<http::request_head>();
    growing_buffer bytes{text};
    http::request_parser parser;
    verdict result;
    for (std::size_t size = std::min(first, text.size());;
         size = std::min(size + step, text.size())) {
        result.step = parser.parse(bytes.show(size), limits, *head);
        if (result.step != http::parse_step::incomplete || size == text.size()) break;
    }
    if (result.step == http::parse_step::refused) result.why = parser.why();
    return result;
}

void check_splits(std::string_view text, http::head_limits const& limits, verdict const& whole) {
    GATEWAY_CHECK(parse_cut(text, limits, 0, 1) == whole);
    for_each_split(text.size(), [&](std::size_t at) {
        GATEWAY_CHECK(parse_cut(text, limits, at, text.size()) == whole);
    });
}

// What the plain reader makes of the bytes that our parser accepted.
void check_reading(http::request_head const& head) {
    std::string_view text = head.text();
    if (text.starts_with("\r\n")) text.remove_prefix(2);
    plain_head plain;
    GATEWAY_CHECK(read_head(text, plain) && text.empty());
    GATEWAY_CHECK(plain.word(0) == head.method_text() && plain.word(1) == head.target());
    GATEWAY_CHECK(plain.word(2) == (head.minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1"));
    GATEWAY_CHECK(plain.fields.size() == head.fields().size());
    for (std::size_t i = 0; i < plain.fields.size(); ++i) {
        GATEWAY_CHECK(plain.fields[i].first == head.name(head.fields()[i]));
        GATEWAY_CHECK(plain.fields[i].second == head.value(head.fields()[i]));
    }
}

bool names_of_connection(judged_request const& in, std::string_view name) {
    for (auto const& f : in.head.fields()) {
        if (f.id != http::field_id::connection) continue;
        std::string list{in.head.value(f)};
        list += ',';
        for (std::size_t comma = 0; (comma = list.find(',')) != list.npos;
             list.erase(0, comma + 1)) {
            auto const begin = list.find_first_not_of(" \t");
            auto const end = list.find_last_not_of(" \t", comma - 1);
            if (comma == 0 || begin >= comma || end == list.npos) continue;
            if (same_name(list.substr(begin, end - begin + 1), name)) return true;
        }
    }
    return false;
}

// Fields without a rule of ours travel in their order, unchanged; others do not travel at all.
void check_fields(judged_request const& in, plain_head const& out) {
    std::size_t at = 0;
    for (auto const& f : in.head.fields()) {
        if (f.id != http::field_id::other || names_of_connection(in, in.head.name(f))) continue;
        std::pair<std::string, std::string> const wanted{in.head.name(f), in.head.value(f)};
        while (at < out.fields.size() && out.fields[at] != wanted) ++at;
        GATEWAY_CHECK(at < out.fields.size());
        ++at;
    }
    for (auto const& [name, value] : out.fields) {
        bool const from_us = same_name(name, "Connection") || same_name(name, "TE") ||
                             same_name(name, "Upgrade") || same_name(name, "Transfer-Encoding");
        bool const hop = http::is_hop_by_hop(http::id_of(name));
        GATEWAY_CHECK(from_us || !hop);
        GATEWAY_CHECK(http::id_of(name) != http::field_id::alias);
    }
}

void check_written(judged_request const& in, bool trusted) {
    settings::route const route;
    std::string const text = in.written(route, trusted);
    std::string_view rest = text;
    plain_head out;
    GATEWAY_CHECK(read_head(rest, out) && rest.empty());
    GATEWAY_CHECK(out.word(0) == in.head.method_text() && out.word(2) == "HTTP/1.1");
    GATEWAY_CHECK(out.count("Host") == 1);
    plain_framing const framing = request_framing(out);
    GATEWAY_CHECK(static_cast<int>(framing.kind) == static_cast<int>(in.body.kind));
    GATEWAY_CHECK(framing.length == in.body.length);
    GATEWAY_CHECK(out.count("Upgrade") == (in.upgrades() ? 1U : 0U));
    check_fields(in, out);

    // The gateway itself reads the same request, and writing that again changes its hop's marks
    // only.
    auto const again = parse_request(text, wide_limits);
    GATEWAY_CHECK(again && again->judge() == cause::none);
    GATEWAY_CHECK(again->target.path_and_query == in.target.path_and_query);
    GATEWAY_CHECK(again->target.normalised_path == in.target.normalised_path);
    GATEWAY_CHECK(again->body.kind == in.body.kind && again->body.length == in.body.length);
    GATEWAY_CHECK(again->upgrades() == in.upgrades());
    if (in.target.form == http::target_form::absolute) {
        GATEWAY_CHECK(out.value("Host") == in.target.authority);
    }
}

void run(std::string_view input) {
    if (input.empty()) return;
    auto const flags = static_cast<unsigned char>(input[0]);
    std::string_view const text = input.substr(1);
    http::head_limits limits;
    if ((flags & 1) != 0) limits = {.bytes_max = 200, .line_bytes_max = 60, .fields_max = 4};

    auto request = std::make_unique<judged_request>();
    http::request_parser parser;
    verdict whole{parser.parse(text, limits, request->head), cause::none};
    if (whole.step == http::parse_step::refused) whole.why = parser.why();
    check_splits(text, limits, whole);
    if (whole.step != http::parse_step::complete) return;
    GATEWAY_CHECK(request->head.size() <= limits.bytes_max);
    GATEWAY_CHECK(request->head.fields().size() <= limits.fields_max);
    check_reading(request->head);
    std::string const first = said_by(request->head);
    if (request->judge() != cause::none || request->head.method_id == http::method::connect) return;
    GATEWAY_CHECK(said_by(request->head) == first);
    check_written(*request, (flags & 2) != 0);
}

}  // namespace
}  // namespace gateway::fuzz

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    gateway::fuzz::run({reinterpret_cast<char const*>(data), size});
    return 0;
}
