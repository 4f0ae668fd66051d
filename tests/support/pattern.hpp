// SPDX-License-Identifier: Apache-2.0
// Large bodies nobody has to hold: byte i is known from i alone, so the sender makes them as it
// goes and the receiver names the first byte that is wrong, missing or moved.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::support {

// Repeats with a prime period, so that bytes moved by any multiple of a buffer's size differ.
std::string const& pattern_block();

class pattern_source {
public:
    // The next bytes: at most `limit`, at least one. Valid for ever.
    std::string_view next(std::uint64_t limit) {
        auto const bytes = std::string_view{pattern_block()}.substr(at_).substr(0, limit);
        at_ = (at_ + bytes.size()) % pattern_block().size();
        return bytes;
    }
    std::string take(std::size_t count) {
        std::string bytes;
        while (bytes.size() < count) bytes += next(count - bytes.size());
        return bytes;
    }

private:
    std::size_t at_ = 0;
};

class pattern_check {
public:
    void take(std::string_view bytes) {
        while (!bytes.empty()) {
            auto const expected = source_.next(bytes.size());
            // Compared as a whole first: byte by byte is slow under the sanitizers.
            if (!first_wrong_ && !bytes.starts_with(expected)) {
                auto const wrong = std::ranges::mismatch(expected, bytes).in1;
                first_wrong_ = count_ + static_cast<std::size_t>(wrong - expected.begin());
            }
            count_ += expected.size();
            bytes.remove_prefix(expected.size());
        }
    }
    std::uint64_t count() const { return count_; }
    std::optional<std::uint64_t> first_wrong() const { return first_wrong_; }
    // The whole verdict in one word for a CHECK.
    bool is(std::uint64_t size) const { return count_ == size && !first_wrong_; }

private:
    pattern_source source_;
    std::uint64_t count_ = 0;
    std::optional<std::uint64_t> first_wrong_;
};

}  // namespace gateway::support
