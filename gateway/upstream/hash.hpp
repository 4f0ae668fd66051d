// SPDX-License-Identifier: Apache-2.0
// Hashes that are the same in every process, so that gateways side by side agree. They spread; they
// protect from nothing: whoever may choose a key may choose its endpoint.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace gateway::upstream {

constexpr std::uint64_t high_half(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<wide>(a) * b) >> 64);
}

// Both halves of the product, folded: one multiplication mixes 64 bits well.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using wide = unsigned __int128;
    wide const product = static_cast<wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t hash_of(std::string_view bytes) noexcept {
    constexpr std::uint64_t first = 0x9e3779b97f4a7c15;
    constexpr std::uint64_t second = 0xd6e8feb86659fd93;
    std::uint64_t state = mix(bytes.size() ^ first, second);
    while (!bytes.empty()) {
        std::uint64_t word = 0;
        std::size_t const taken = bytes.size() < sizeof word ? bytes.size() : sizeof word;
        std::memcpy(&word, bytes.data(), taken);
        bytes.remove_prefix(taken);
        state = mix(state ^ word ^ first, second);
    }
    return mix(state ^ second, first);
}

// A number that looks random, from one that does not.
constexpr std::uint64_t scramble(std::uint64_t n) noexcept {
    n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
    n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
    return n ^ (n >> 31);
}

// Cheap, good enough for choosing, and useless for secrets (splitmix64).
class random_numbers {
public:
    explicit random_numbers(std::uint64_t start) noexcept : state_(scramble(start + 1)) {}

    std::uint64_t next() noexcept { return scramble(state_ += 0x9e3779b97f4a7c15); }
    // Below `bound`, which is less than 2^32.
    std::uint32_t below(std::uint32_t bound) noexcept {
        return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
    }

private:
    std::uint64_t state_;
};

}  // namespace gateway::upstream
