// SPDX-License-Identifier: Apache-2.0
#include "observe/json_line.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace gateway::observe {
namespace {

// GCC's portable vectors: SSE2 on x86-64, NEON on AArch64. Sixteen bytes at a time made a line
// about a third cheaper than eight bytes in a general register.
using block [[gnu::vector_size(16)]] = signed char;
using halves [[gnu::vector_size(16)]] = std::uint64_t;
static_assert(std::endian::native == std::endian::little, "first_special counts from byte 0 up");

constexpr std::ptrdiff_t block_bytes = sizeof(block);
constexpr std::ptrdiff_t all_clean = block_bytes;

template <class Word>
Word load(char const* from) noexcept {
    Word value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class Word>
void store(char* to, Word const& value) noexcept {
    std::memcpy(to, &value, sizeof value);
}

// Where the first byte stands that cannot be copied as it is. Bytes from 0x80 up are negative here,
// so one comparison finds them together with the control bytes.
std::ptrdiff_t first_special(block bytes) noexcept {
    auto const found =
        std::bit_cast<halves>((bytes < 0x20) | (bytes == '"') | (bytes == '\\') | (bytes == 0x7f));
    if ((found[0] | found[1]) == 0) return all_clean;
    return found[0] != 0 ? std::countr_zero(found[0]) / 8 : 8 + std::countr_zero(found[1]) / 8;
}

// The same question for eight bytes in one register, answered with yes or no. A borrow can only
// mark a byte above one that is truly special, so the answer is exact.
bool has_special(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101;
    constexpr std::uint64_t tops = 0x8080808080808080;
    auto const zero_in = [](std::uint64_t word) { return (word - ones) & ~word; };
    auto const control = (bytes - ones * 0x20) & ~bytes;
    auto const found = bytes | control | zero_in(bytes ^ (ones * '"')) |
                       zero_in(bytes ^ (ones * '\\')) | zero_in(bytes ^ (ones * 0x7f));
    return (found & tops) != 0;
}

// Copies the last `size` (4..15) bytes when none is special, with two stores that overlap.
bool copy_clean_tail(char* out, char const* in, std::ptrdiff_t size) noexcept {
    if (size >= 8) {
        auto const first = load<std::uint64_t>(in);
        auto const second = load<std::uint64_t>(in + size - 8);
        if (has_special(first) || has_special(second)) return false;
        store(out, first);
        store(out + size - 8, second);
        return true;
    }
    auto const first = load<std::uint32_t>(in);
    auto const second = load<std::uint32_t>(in + size - 4);
    if (has_special(std::uint64_t{second} << 32 | first)) return false;
    store(out, first);
    store(out + size - 4, second);
    return true;
}

// Length of the well-formed UTF-8 sequence at `in`, 0 if there is none (RFC 3629 section 4: no
// overlong forms, no surrogates, nothing above U+10FFFF).
std::ptrdiff_t utf8_sequence(char const* in, char const* last) noexcept {
    auto const at = [&](std::ptrdiff_t i) { return static_cast<unsigned char>(in[i]); };
    auto const continues = [&](std::ptrdiff_t i) { return (at(i) & 0xc0) == 0x80; };
    auto const lead = at(0);
    auto const left = last - in;
    if (lead >= 0xc2 && lead <= 0xdf) return left >= 2 && continues(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        if (left < 3 || !continues(1) || !continues(2)) return 0;
        if (lead == 0xe0 && at(1) < 0xa0) return 0;
        if (lead == 0xed && at(1) > 0x9f) return 0;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (left < 4 || !continues(1) || !continues(2) || !continues(3)) return 0;
        if (lead == 0xf0 && at(1) < 0x90) return 0;
        if (lead == 0xf4 && at(1) > 0x8f) return 0;
        return 4;
    }
    return 0;
}

struct step {
    std::ptrdiff_t read;
    std::ptrdiff_t written;  // 0 when it did not fit
};

step append_escape(char* out, char* limit, unsigned char byte) noexcept {
    constexpr std::string_view digits = "0123456789abcdef";
    char short_form = 0;
    switch (byte) {
        case '"': short_form = '"'; break;
        case '\\': short_form = '\\'; break;
        case '\n': short_form = 'n'; break;
        case '\r': short_form = 'r'; break;
        case '\t': short_form = 't'; break;
        default: break;
    }
    if (short_form != 0) {
        if (limit - out < 2) return {1, 0};
        out[0] = '\\';
        out[1] = short_form;
        return {1, 2};
    }
    if (limit - out < 6) return {1, 0};
    std::memcpy(out, "\\u00", 4);
    out[4] = digits[byte >> 4];
    out[5] = digits[byte & 0x0f];
    return {1, 6};
}

// One character, whatever it is.
step append_character(char* out, char* limit, char const* in, char const* last) noexcept {
    auto const byte = static_cast<unsigned char>(*in);
    if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
        if (limit == out) return {1, 0};
        *out = *in;
        return {1, 1};
    }
    auto const length = byte >= 0x80 ? utf8_sequence(in, last) : 0;
    if (length == 0) return append_escape(out, limit, byte);
    if (limit - out < length) return {length, 0};
    std::memcpy(out, in, static_cast<std::size_t>(length));
    return {length, length};
}

}  // namespace

char* append_escaped(char* out, char* limit, std::string_view text, bool& truncated) noexcept {
    auto const* in = text.data();
    auto const* const last = in + text.size();
    while (in != last) {
        auto const room = std::min(last - in, limit - out);
        if (room >= block_bytes) {
            // The whole block is stored, also past a special byte: what follows overwrites it.
            auto const bytes = load<block>(in);
            store(out, bytes);
            auto const clean = first_special(bytes);
            in += clean;
            out += clean;
            if (clean == all_clean) continue;
        } else if (room == last - in && room >= 4 && copy_clean_tail(out, in, room)) {
            return out + room;
        }
        auto const taken = append_character(out, limit, in, last);
        if (taken.written == 0) {
            truncated = true;
            return out;
        }
        in += taken.read;
        out += taken.written;
    }
    return out;
}

void json_line::duration(std::chrono::nanoseconds value) noexcept {
    auto const ns = std::max<std::chrono::nanoseconds::rep>(value.count(), 0);
    auto const us = static_cast<std::uint64_t>(ns) / 1'000;
    number(us / 1'000);
    literal(".");
    three_digits(static_cast<unsigned>(us % 1'000));
}

}  // namespace gateway::observe
