// SPDX-License-Identifier: Apache-2.0
// The three ways to lay out an access-log line, over memory whose room the caller has checked once
// for the whole line. json_fields and logfmt_line have one shape, for one list of fields.
#pragma once

#include "observe/json_line.hpp"

#include <cstddef>
#include <string_view>

namespace gateway::observe {

// {"time":"...","status":200}
class json_fields {
public:
    explicit json_fields(char* out) noexcept : line_{out} {}

    static constexpr char duration_key[] = "duration_ms";
    static constexpr char upstream_duration_key[] = "upstream_ms";
    static constexpr char parked_key[] = "parked_ms";
    static constexpr char connection_age_key[] = "connection_age_ms";
    static constexpr char connection_idle_key[] = "connection_idle_ms";

    template <std::size_t Size>
    void time(char const (&key)[Size], std::string_view second, unsigned ms) noexcept {
        begin(key);
        line_.literal("\"");
        line_.raw(second);
        line_.three_digits(ms);
        line_.literal("Z\"");
    }
    template <std::size_t Size>
    void text(char const (&key)[Size], std::string_view value, std::size_t size_max) noexcept {
        begin(key);
        line_.literal("\"");
        line_.escaped(value, size_max);
        line_.literal("\"");
    }
    template <std::size_t Size>
    void number(char const (&key)[Size], std::uint64_t value) noexcept {
        begin(key);
        line_.number(value);
    }
    template <std::size_t Size>
    void duration(char const (&key)[Size], std::chrono::nanoseconds value) noexcept {
        begin(key);
        line_.duration(value);
    }
    template <std::size_t Size>
    void flag(char const (&key)[Size], bool value) noexcept {
        begin(key);
        line_.raw(value ? "true" : "false");
    }
    bool truncated() const noexcept { return line_.truncated(); }
    char* finish() noexcept {
        if (first_) line_.literal("{");
        line_.literal("}\n");
        return line_.end();
    }

private:
    template <std::size_t Size>
    void begin(char const (&key)[Size]) noexcept {
        line_.raw(first_ ? "{\"" : ",\"");
        first_ = false;
        line_.literal(key);
        line_.literal("\":");
    }

    json_line line_;
    bool first_ = true;
};

// time=... status=200: a value that holds more than plain characters stands in quotes, escaped as
// in JSON. Durations are in milliseconds.
class logfmt_line {
public:
    explicit logfmt_line(char* out) noexcept : line_{out} {}

    static constexpr char duration_key[] = "duration";
    static constexpr char upstream_duration_key[] = "upstream_duration";
    static constexpr char parked_key[] = "parked";
    static constexpr char connection_age_key[] = "connection_age";
    static constexpr char connection_idle_key[] = "connection_idle";

    template <std::size_t Size>
    void time(char const (&key)[Size], std::string_view second, unsigned ms) noexcept {
        begin(key);
        line_.raw(second);
        line_.three_digits(ms);
        line_.literal("Z");
    }
    template <std::size_t Size>
    void text(char const (&key)[Size], std::string_view value, std::size_t size_max) noexcept {
        begin(key);
        if (is_plain(value)) {
            line_.escaped(value, size_max);
            return;
        }
        line_.literal("\"");
        line_.escaped(value, size_max);
        line_.literal("\"");
    }
    template <std::size_t Size>
    void number(char const (&key)[Size], std::uint64_t value) noexcept {
        begin(key);
        line_.number(value);
    }
    template <std::size_t Size>
    void duration(char const (&key)[Size], std::chrono::nanoseconds value) noexcept {
        begin(key);
        line_.duration(value);
    }
    template <std::size_t Size>
    void flag(char const (&key)[Size], bool value) noexcept {
        begin(key);
        line_.raw(value ? "true" : "false");
    }
    bool truncated() const noexcept { return line_.truncated(); }
    char* finish() noexcept {
        line_.literal("\n");
        return line_.end();
    }

private:
    static bool is_plain(std::string_view value) noexcept;

    template <std::size_t Size>
    void begin(char const (&key)[Size]) noexcept {
        if (!first_) line_.literal(" ");
        first_ = false;
        line_.literal(key);
        line_.literal("=");
    }

    json_line line_;
    bool first_ = true;
};

// Bytes that would end a quoted part or a line are written as \xHH, as nginx does.
class combined_line {
public:
    explicit combined_line(char* out) noexcept : line_{out} {}

    void plain(std::string_view text) noexcept { line_.raw(text); }
    void number(std::uint64_t value) noexcept { line_.number(value); }
    // Stops before the first character that no longer fits.
    void escaped(std::string_view text, std::size_t size_max) noexcept;
    // A blank and the text in quotes, "-" when there is none.
    void quoted(std::string_view text, std::size_t size_max) noexcept;
    char* end() const noexcept { return line_.end(); }

private:
    json_line line_;
};

}  // namespace gateway::observe
