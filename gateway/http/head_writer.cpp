// SPDX-License-Identifier: Apache-2.0
#include "http/head_writer.hpp"

#include <array>
#include <charconv>

namespace gateway::http {
namespace {

constexpr std::size_t digits_max = 20;  // of 2^64 - 1 in decimal

std::string_view print(std::array<char, digits_max>& digits, std::uint64_t value, int base) {
    char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
    return {digits.data(), static_cast<std::size_t>(end - digits.data())};
}

}  // namespace

head_writer& head_writer::number(std::uint64_t value) noexcept {
    std::array<char, digits_max> digits;
    return append(print(digits, value, 10));
}

head_writer& head_writer::hex(std::uint64_t value) noexcept {
    std::array<char, digits_max> digits;
    return append(print(digits, value, 16));
}

}  // namespace gateway::http
