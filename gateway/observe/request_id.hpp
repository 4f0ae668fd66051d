// SPDX-License-Identifier: Apache-2.0
// Identifiers that follow a request through every log on its way.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gateway::observe {

inline constexpr std::size_t request_id_bytes = 32;
inline constexpr std::size_t inbound_request_id_bytes_max = 128;

// May an identifier that came with a request be kept? 1 to 128 of [A-Za-z0-9._~+/=@:-]: UUIDs,
// ULIDs, base64, AWS trace identifiers, and nothing that needs quoting in a header, a log or a
// shell.
bool is_well_formed(std::string_view request_id) noexcept;

// Sixteen lower-case hexadecimal digits, the most significant first.
void write_hex(std::uint64_t value, std::span<char, 16> out) noexcept;

// Makes 128-bit identifiers without a lock or a system call: xoshiro256**, seeded once with 256
// bits of the kernel's randomness. They are unique across cores, restarts and machines for all
// practical purposes, but they are NOT secret: who sees a few can compute the next. Lives on one
// core; call only there.
class request_id_source {
public:
    // Throws std::system_error when the kernel has no randomness to give.
    request_id_source();

    // For tests: the same seed gives the same identifiers. All zeros is not a valid seed.
    explicit request_id_source(std::array<std::uint64_t, 4> seed) noexcept : state_{seed} {}

    // Writes 32 lower-case hexadecimal digits.
    void write(std::span<char, request_id_bytes> out) noexcept;

    // 64 of its bits, for other identifiers and for chance.
    std::uint64_t next() noexcept;

private:
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace gateway::observe
