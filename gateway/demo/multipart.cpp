// SPDX-License-Identifier: Apache-2.0
#include "demo/multipart.hpp"

#include "base/ascii.hpp"

#include <algorithm>

namespace gateway::demo::multipart {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::size_t boundary_bytes_max = 70;  // RFC 2046 5.1.1

// Takes a quoted string off the front of `rest`, which begins with its quote.
std::string take_quoted(std::string_view& rest) {
    std::string out;
    std::size_t at = 1;
    while (at < rest.size() && rest[at] != '"') {
        // Only a quote or a backslash is ever escaped: a lone backslash is part of an old
        // browser's Windows path.
        if (rest[at] == '\\' && at + 1 < rest.size() &&
            (rest[at + 1] == '"' || rest[at + 1] == '\\')) {
            ++at;
        }
        out += rest[at++];
    }
    rest.remove_prefix(std::min(at + 1, rest.size()));
    return out;
}

}  // namespace

std::string_view word_of(problem value) noexcept {
    switch (value) {
        case problem::none: return "none";
        case problem::malformed_delimiter: return "malformed_delimiter";
        case problem::malformed_head: return "malformed_head";
        case problem::head_too_large: return "head_too_large";
        case problem::too_many_parts: return "too_many_parts";
        case problem::truncated: return "truncated";
    }
    return "unknown";
}

// The input is read as if a line's end came before it, so that a boundary at its very beginning is
// found by the same search as all others.
parser::parser(std::string_view boundary, sink& receiver)
    : delimiter_("\r\n--" + std::string(boundary)), receiver_(receiver), held_(line_end) {}

problem parser::feed(std::string_view bytes) {
    if (state_ == state::epilogue || state_ == state::failed) return problem_;
    held_ += bytes;
    while (step()) {}
    held_.erase(0, at_);
    at_ = 0;
    return problem_;
}

problem parser::finish() const noexcept {
    if (problem_ != problem::none) return problem_;
    return state_ == state::epilogue ? problem::none : problem::truncated;
}

bool parser::step() {
    switch (state_) {
        case state::preamble: return skip_preamble();
        case state::delimiter_end: return end_delimiter();
        case state::head: return read_head_line();
        case state::blank_line: return pass_blank_line();
        case state::bytes: return pass_bytes();
        case state::epilogue:
        case state::failed: at_ = held_.size(); return false;
    }
    return false;
}

bool parser::skip_preamble() {
    auto const found = held_.find(delimiter_, at_);
    if (found == std::string::npos) {
        at_ = std::max(at_, held_.size() - std::min(held_.size(), delimiter_.size() - 1));
        return false;
    }
    at_ = found + delimiter_.size();
    state_ = state::delimiter_end;
    return true;
}

// A boundary's line may end in blanks (RFC 2046 5.1.1, transport padding). Any other rest is an
// error, not content: content must not hold the delimiter, not even as a line's beginning.
bool parser::end_delimiter() {
    auto const rest = std::string_view(held_).substr(at_);
    if (rest.size() < 2) return false;
    if (rest.starts_with("--")) {
        state_ = state::epilogue;
        return true;
    }
    auto const text = rest.find_first_not_of(" \t");
    if (text == std::string_view::npos || text + 1 == rest.size()) {
        return rest.size() > part_head_bytes_max ? fail(problem::malformed_delimiter) : false;
    }
    if (rest.substr(text, 2) != line_end) return fail(problem::malformed_delimiter);
    if (++parts_ > parts_max) return fail(problem::too_many_parts);
    at_ += text + 2;
    head_ = {};
    head_bytes_ = 0;
    state_ = state::head;
    return true;
}

bool parser::read_head_line() {
    auto const end = held_.find(line_end, at_);
    auto const seen = std::min(end, held_.size()) - at_;
    if (head_bytes_ + seen > part_head_bytes_max) return fail(problem::head_too_large);
    if (end == std::string::npos) return false;
    auto const line = std::string_view(held_).substr(at_, seen);
    head_bytes_ += seen + 2;
    if (line.empty()) {
        at_ = end;
        receiver_.part_begins(head_);
        state_ = state::blank_line;
        return true;
    }
    if (!take_field(line)) return fail(problem::malformed_head);
    at_ = end + 2;
    return true;
}

bool parser::take_field(std::string_view line) {
    auto const colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    auto const name = line.substr(0, colon);
    auto const value = ascii::trim(line.substr(colon + 1));
    if (ascii::equal_ignoring_case(name, "Content-Disposition")) {
        head_.name = parameter_of(value, "name").value_or("");
        head_.filename = parameter_of(value, "filename");
    } else if (ascii::equal_ignoring_case(name, "Content-Type")) {
        head_.content_type = value;
    }
    return true;
}

// A part may lack content altogether; then the blank line's CRLF is its delimiter's first two bytes
// (RFC 2046 5.1.1, body-part).
bool parser::pass_blank_line() {
    auto const rest = std::string_view(held_).substr(at_);
    if (rest.size() < delimiter_.size()) return false;
    if (!rest.starts_with(delimiter_)) at_ += line_end.size();
    state_ = state::bytes;
    return true;
}

bool parser::pass_bytes() {
    auto const found = held_.find(delimiter_, at_);
    // Without a delimiter, the tail may still be the beginning of one.
    auto const sure = found != std::string::npos
                          ? found
                          : held_.size() - std::min(held_.size(), delimiter_.size() - 1);
    if (sure > at_) {
        receiver_.part_bytes(std::string_view(held_).substr(at_, sure - at_));
        at_ = sure;
    }
    if (found == std::string::npos) return false;
    receiver_.part_ends();
    at_ = found + delimiter_.size();
    state_ = state::delimiter_end;
    return true;
}

bool parser::fail(problem what) {
    problem_ = what;
    state_ = state::failed;
    return true;
}

std::optional<std::string> boundary_of(std::string_view content_type) {
    auto const type = content_type.substr(0, content_type.find(';'));
    if (!ascii::equal_ignoring_case(ascii::trim(type), "multipart/form-data")) return std::nullopt;
    auto boundary = parameter_of(content_type, "boundary");
    if (!boundary || boundary->empty() || boundary->size() > boundary_bytes_max) {
        return std::nullopt;
    }
    return boundary;
}

std::optional<std::string> parameter_of(std::string_view value, std::string_view name) {
    auto rest = value.substr(std::min(value.find(';'), value.size()));
    while (!rest.empty()) {
        rest.remove_prefix(1);  // the semicolon
        auto const end_of_name = rest.find_first_of("=;");
        auto const key = ascii::trim(rest.substr(0, end_of_name));
        if (end_of_name == std::string_view::npos) return std::nullopt;
        auto const assigns = rest[end_of_name] == '=';
        rest.remove_prefix(end_of_name + (assigns ? 1 : 0));
        if (!assigns) continue;
        std::string text;
        if (rest.starts_with('"')) {
            text = take_quoted(rest);
            rest.remove_prefix(std::min(rest.find(';'), rest.size()));
        } else {
            auto const end = std::min(rest.find(';'), rest.size());
            text = ascii::trim(rest.substr(0, end));
            rest.remove_prefix(end);
        }
        if (ascii::equal_ignoring_case(key, name)) return text;
    }
    return std::nullopt;
}

}  // namespace gateway::demo::multipart
