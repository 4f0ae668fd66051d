// SPDX-License-Identifier: Apache-2.0
// Bytes that nobody would send on purpose.
#pragma once

#include <cstddef>
#include <random>
#include <string>

namespace gateway::support {

inline std::string random_bytes(std::mt19937& random, std::size_t size) {
    // Half plain text, so that long clean stretches meet special bytes at every offset.
    std::string bytes(size, '\0');
    std::uniform_int_distribution<int> any{0, 255};
    bool const wild = any(random) % 2 == 0;
    for (auto& c : bytes) {
        bool const plain = !wild && any(random) % 16 != 0;
        c = static_cast<char>(plain ? 'a' + any(random) % 26 : any(random));
    }
    return bytes;
}

}  // namespace gateway::support
