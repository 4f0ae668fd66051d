// SPDX-License-Identifier: Apache-2.0
// Is a text exactly one JSON value in valid UTF-8? Strict by RFC 8259 and RFC 3629, written apart
// from what it checks: it shares no code and no table with the gateway.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::support {

class json_check {
public:
    static bool valid(std::string_view text) {
        json_check check{text};
        return check.value(0) && check.rest_.empty();
    }

private:
    explicit json_check(std::string_view text) : rest_{text} {}

    bool take(std::string_view expected) {
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(expected.size());
        return true;
    }
    bool at(std::string_view any) const {
        return !rest_.empty() && any.find(rest_.front()) != any.npos;
    }
    void space() {
        while (at(" \t\r\n")) rest_.remove_prefix(1);
    }
    bool digits() {
        if (!at("0123456789")) return false;
        while (at("0123456789")) rest_.remove_prefix(1);
        return true;
    }

    bool value(int depth) {
        if (depth > 32 || rest_.empty()) return false;
        if (at("{")) return members(depth, '}');
        if (at("[")) return members(depth, ']');
        if (at("\"")) return string();
        if (at("-0123456789")) return number();
        return take("true") || take("false") || take("null");
    }

    bool members(int depth, char close) {
        rest_.remove_prefix(1);
        std::string_view const closing{&close, 1};
        space();
        if (take(closing)) return true;
        do {
            space();
            if (close == '}') {
                if (!string()) return false;
                space();
                if (!take(":")) return false;
                space();
            }
            if (!value(depth + 1)) return false;
            space();
        } while (take(","));
        return take(closing);
    }

    bool number() {
        take("-");
        if (!take("0") && !digits()) return false;
        if (take(".") && !digits()) return false;
        if (at("eE")) {
            rest_.remove_prefix(1);
            if (at("+-")) rest_.remove_prefix(1);
            return digits();
        }
        return true;
    }

    bool string() {
        if (!take("\"")) return false;
        while (!take("\"")) {
            if (!(at("\\") ? escape() : character())) return false;
        }
        return true;
    }

    bool escape() {
        rest_.remove_prefix(1);
        if (at("\"\\/bfnrt")) {
            rest_.remove_prefix(1);
            return true;
        }
        if (!take("u")) return false;
        for (int i = 0; i < 4; ++i) {
            if (!at("0123456789abcdefABCDEF")) return false;
            rest_.remove_prefix(1);
        }
        return true;
    }

    // One code point that may stand in a string as it is.
    bool character() {
        if (rest_.empty()) return false;
        auto const lead = static_cast<unsigned char>(rest_.front());
        if (lead < 0x80) {
            rest_.remove_prefix(1);
            return lead >= 0x20;
        }
        std::size_t const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        if (lead < 0xc0 || lead > 0xf7 || rest_.size() < size) return false;
        std::uint32_t code = lead & (0xffu >> (size + 1));
        for (std::size_t i = 1; i < size; ++i) {
            auto const next = static_cast<unsigned char>(rest_[i]);
            if ((next & 0xc0) != 0x80) return false;
            code = code << 6 | (next & 0x3fu);
        }
        rest_.remove_prefix(size);
        std::uint32_t const least = size == 4 ? 0x10000 : size == 3 ? 0x800 : 0x80;
        bool const surrogate = code >= 0xd800 && code <= 0xdfff;
        return code >= least && code <= 0x10ffff && !surrogate;
    }

    std::string_view rest_;
};

}  // namespace gateway::support
