// SPDX-License-Identifier: Apache-2.0
// Appends JSON text to memory whose room the caller has checked once for the whole line. What comes
// out is valid JSON and valid UTF-8 whatever bytes go in.
#pragma once

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace gateway::observe {

// Appends `text` to [out, limit) as the inside of a JSON string. Control bytes, quotes, backslashes
// and bytes that are not valid UTF-8 become escapes (the last as \u00XX, one for each byte), so no
// byte is lost. Stops before the first character that no longer fits and then sets `truncated`.
char* append_escaped(char* out, char* limit, std::string_view text, bool& truncated) noexcept;

class json_line {
public:
    explicit json_line(char* out) noexcept : out_{out} {}

    template <std::size_t Size>
    void literal(char const (&text)[Size]) noexcept {
        std::memcpy(out_, text, Size - 1);
        out_ += Size - 1;
    }

    void raw(std::string_view text) noexcept {
        std::memcpy(out_, text.data(), text.size());
        out_ += text.size();
    }

    // Writes at most `size_max` bytes; the quotes are the caller's.
    void escaped(std::string_view text, std::size_t size_max) noexcept {
        out_ = append_escaped(out_, out_ + size_max, text, truncated_);
    }

    void number(std::uint64_t value) noexcept {
        out_ = std::to_chars(out_, out_ + number_bytes_max, value).ptr;
    }

    // 0 to 999, with leading zeros.
    void three_digits(unsigned value) noexcept {
        out_[0] = static_cast<char>('0' + value / 100);
        out_[1] = static_cast<char>('0' + value / 10 % 10);
        out_[2] = static_cast<char>('0' + value % 10);
        out_ += 3;
    }

    // In milliseconds with three decimals. A clock that ran backwards shows as zero.
    void duration(std::chrono::nanoseconds value) noexcept;

    char* end() const noexcept { return out_; }
    bool truncated() const noexcept { return truncated_; }

private:
    static constexpr std::size_t number_bytes_max = 20;

    char* out_;
    bool truncated_ = false;
};

}  // namespace gateway::observe
