// SPDX-License-Identifier: Apache-2.0
#include "observe/request_id.hpp"

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace gateway::observe {
namespace {

constexpr std::array<bool, 256> make_allowed() {
    std::array<bool, 256> allowed{};
    constexpr std::string_view characters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+/=@:-";
    for (char const c : characters) allowed[static_cast<unsigned char>(c)] = true;
    return allowed;
}
constexpr auto allowed = make_allowed();

// Eight hexadecimal digits at once: the nibbles are spread one to a byte, most significant first,
// then each byte becomes '0'..'9' or 'a'..'f' without a branch.
std::uint64_t hex_digits(std::uint32_t value) noexcept {
    std::uint64_t word = value;
    word = (word | word << 16) & 0x0000ffff0000ffff;
    word = (word | word << 8) & 0x00ff00ff00ff00ff;
    word = (word | word << 4) & 0x0f0f0f0f0f0f0f0f;
    constexpr std::uint64_t ones = 0x0101010101010101;
    auto const letters = ((word + ones * 6) >> 4) & ones;  // 1 in each byte above nine
    return __builtin_bswap64(word + ones * '0' + letters * ('a' - '0' - 10));
}

}  // namespace

void write_hex(std::uint64_t value, std::span<char, 16> out) noexcept {
    static_assert(std::endian::native == std::endian::little, "hex_digits is stored as it is");
    auto const high = hex_digits(static_cast<std::uint32_t>(value >> 32));
    auto const low = hex_digits(static_cast<std::uint32_t>(value));
    std::memcpy(out.data(), &high, sizeof high);
    std::memcpy(out.data() + 8, &low, sizeof low);
}

bool is_well_formed(std::string_view request_id) noexcept {
    if (request_id.empty() || request_id.size() > inbound_request_id_bytes_max) return false;
    for (char const c : request_id) {
        if (!allowed[static_cast<unsigned char>(c)]) return false;
    }
    return true;
}

request_id_source::request_id_source() {
    // Up to 256 bytes come whole or not at all (getrandom(2)); before that only EINTR can happen.
    while (state_ == std::array<std::uint64_t, 4>{}) {
        auto const got = getrandom(state_.data(), sizeof state_, 0);
        if (got < 0 && errno != EINTR) {
            throw std::system_error{
                errno, std::system_category(), "cannot seed request identifiers"};
        }
    }
}

// xoshiro256** 1.0 by Blackman and Vigna, https://prng.di.unimi.it/xoshiro256starstar.c
std::uint64_t request_id_source::next() noexcept {
    auto const result = std::rotl(state_[1] * 5, 7) * 9;
    auto const shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

void request_id_source::write(std::span<char, request_id_bytes> out) noexcept {
    write_hex(next(), out.first<16>());
    write_hex(next(), out.last<16>());
}

}  // namespace gateway::observe
