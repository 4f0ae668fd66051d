// SPDX-License-Identifier: Apache-2.0
// How much memory this process may have, how much it has, and what follows from the two. A
// container that reaches its limit is killed with every request in it; the gateway refuses some
// before that.
#pragma once

#include "base/units.hpp"
#include "runtime/cgroup.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::runtime {

enum class memory_level : std::uint8_t {
    calm,
    tight,     // from 85 % on: bodies wait in the kernel, whose windows stop their senders
    critical,  // from 92 % on: new requests are refused
};
std::string_view word_of(memory_level level) noexcept;

// The level for a use of a limit. It falls only 3 % below where it rose, so that it does not
// flutter.
memory_level level_of(byte_count used, byte_count limit, memory_level before) noexcept;

// A group's limit and the memory that counts against it.
class memory_gauge {
public:
    // `wanted` is the operator's limit; 0 takes the smallest of the groups' (v2 or v1), else
    // `fallback`.
    memory_gauge(byte_count wanted, byte_count fallback, file_reader read);

    byte_count limit() const noexcept { return limit_; }
    // Where it comes from: "settings", "cgroup" or "fallback".
    std::string_view source() const noexcept { return source_; }

    // The resident set, or more where the limit is a group's: what the kernel holds for our sockets
    // counts there too, but not the page cache it can drop at once.
    byte_count used() const;

private:
    file_reader read_;
    byte_count limit_;
    std::string_view source_ = "fallback";
    std::string group_;  // the folder whose limit it is
    bool v1_ = false;
};

// The machine's memory.
byte_count physical_memory() noexcept;

}  // namespace gateway::runtime
