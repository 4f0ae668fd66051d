// SPDX-License-Identifier: Apache-2.0
// Writes JSON (RFC 8259), member by member. Commas come by themselves.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace gateway::admin {

class json_text {
public:
    void begin_object() { open('{'); }
    void end_object() { out_ += '}'; }
    void begin_array() { open('['); }
    void end_array() { out_ += ']'; }

    void key(std::string_view name) {
        value(name);
        out_ += ':';
    }

    void value(std::string_view text);
    void value(char const* text) { value(std::string_view{text}); }
    void value(std::string const& text) { value(std::string_view{text}); }
    void value(bool flag) {
        separate();
        out_ += flag ? "true" : "false";
    }
    // With at most three decimals.
    void value(double number);
    template <std::integral Integer>
    void value(Integer number) {
        separate();
        out_ += std::to_string(number);
    }
    void null() {
        separate();
        out_ += "null";
    }

    template <class Value>
    void member(std::string_view name, Value const& what) {
        key(name);
        value(what);
    }
    void object(std::string_view name) {
        key(name);
        begin_object();
    }
    void array(std::string_view name) {
        key(name);
        begin_array();
    }

    std::string take() { return std::move(out_); }

private:
    void open(char bracket) {
        separate();
        out_ += bracket;
    }
    void separate() {
        bool const first =
            out_.empty() || out_.back() == '{' || out_.back() == '[' || out_.back() == ':';
        if (!first) out_ += ',';
    }

    std::string out_;
};

}  // namespace gateway::admin
