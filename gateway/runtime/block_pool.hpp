// SPDX-License-Identifier: Apache-2.0
// Buffers of one core, borrowed only while bytes are in them: an idle connection holds none.
// The most recently returned block is lent first, because it is still in the cache.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace gateway::runtime {

class block_pool;

// A borrowed buffer; returns itself. Move-only. Stays on its core.
class block {
public:
    block() = default;
    block(block&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)) {}
    block& operator=(block&& other) noexcept {
        if (this != &other) {
            reset();
            pool_ = std::exchange(other.pool_, nullptr);
            data_ = std::exchange(other.data_, nullptr);
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }
    ~block() { reset(); }

    char* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    explicit operator bool() const noexcept { return data_ != nullptr; }
    void reset() noexcept;

private:
    friend class block_pool;
    block(block_pool& pool, char* data, std::size_t size) noexcept
        : pool_(&pool), data_(data), size_(size) {}

    block_pool* pool_ = nullptr;
    char* data_ = nullptr;
    std::size_t size_ = 0;
};

class block_pool {
public:
    static constexpr std::size_t small_bytes = 16 * 1024;
    static constexpr std::size_t large_bytes = 128 * 1024;

    block_pool() = default;
    block_pool(block_pool const&) = delete;
    block_pool& operator=(block_pool const&) = delete;
    ~block_pool();

    // At least `bytes` (<= large_bytes). Throws std::bad_alloc.
    block lend(std::size_t bytes = small_bytes);

    std::size_t bytes_lent() const noexcept { return bytes_lent_; }
    // Frees blocks that nothing borrowed since the last call; the core calls it once a second.
    // Returns the bytes given back to the heap.
    std::size_t trim() noexcept;

private:
    friend class block;

    struct shelf {
        std::vector<char*> free;
        std::size_t least_free = 0;  // since the last trim: what was never needed
    };

    void give_back(char* data, std::size_t size) noexcept;
    shelf& shelf_for(std::size_t size) noexcept { return size == small_bytes ? small_ : large_; }

    shelf small_;
    shelf large_;
    std::size_t bytes_lent_ = 0;
};

inline void block::reset() noexcept {
    if (data_ != nullptr) pool_->give_back(std::exchange(data_, nullptr), size_);
}

}  // namespace gateway::runtime
