// SPDX-License-Identifier: Apache-2.0
#include "support/pattern.hpp"

namespace gateway::support {

// Not in the header: g++ tries to make the block while it compiles, two seconds in each file.
std::string const& pattern_block() {
    static auto const block = [] {
        std::string bytes(1'000'003, '\0');
        std::uint32_t state = 2463534242;
        for (auto& byte : bytes) {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            byte = static_cast<char>(state >> 24);
        }
        return bytes;
    }();
    return block;
}

}  // namespace gateway::support
