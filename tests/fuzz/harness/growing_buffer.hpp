// SPDX-License-Identifier: Apache-2.0
// Bytes that arrive piece by piece. What has not arrived is poisoned, so that a parser which reads
// a byte too far is caught in the act, not only where the heap block ends.
#pragma once

#include <sanitizer/asan_interface.h>

#include <cstring>
#include <memory>
#include <string_view>

namespace gateway::fuzz {

class growing_buffer {
public:
    explicit growing_buffer(std::string_view all)
        : bytes_(std::make_unique<char[]>(all.size() + 1)), size_(all.size()) {
        std::memcpy(bytes_.get(), all.data(), all.size());
        show(0);
    }
    ~growing_buffer() { ASAN_UNPOISON_MEMORY_REGION(bytes_.get(), size_ + 1); }
    growing_buffer(growing_buffer const&) = delete;
    growing_buffer& operator=(growing_buffer const&) = delete;

    // The first `count` bytes; only grows.
    std::string_view show(std::size_t count) {
        ASAN_UNPOISON_MEMORY_REGION(bytes_.get(), count);
        ASAN_POISON_MEMORY_REGION(bytes_.get() + count, size_ + 1 - count);
        return {bytes_.get(), count};
    }
    std::size_t size() const { return size_; }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
};

// Calls `look` for where to split: at every byte of a short input, at 64 places of a long one.
template <class Look>
void for_each_split(std::size_t size, Look look) {
    std::size_t const step = size <= 256 ? 1 : size / 64;
    for (std::size_t at = 1; at < size; at += step) look(at);
}

}  // namespace gateway::fuzz
