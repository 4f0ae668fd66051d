// SPDX-License-Identifier: Apache-2.0
// Pipes for splice(2), reused within a core: making one costs two descriptors and three calls.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace gateway::net {

class pipe_pool;

// A borrowed, empty pipe. Move-only. A pipe returned with bytes in it would hand them to the next
// borrower, so one that is not empty is closed.
class pipe_lease {
public:
    pipe_lease() = default;
    pipe_lease(pipe_lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          read_end_(other.read_end_),
          write_end_(other.write_end_),
          held_(std::exchange(other.held_, 0)) {}
    pipe_lease& operator=(pipe_lease&&) = delete;
    ~pipe_lease();

    explicit operator bool() const noexcept { return pool_ != nullptr; }
    int read_end() const noexcept { return read_end_; }
    int write_end() const noexcept { return write_end_; }

    // Bytes inside now; the borrower keeps this true.
    std::size_t held() const noexcept { return held_; }
    void filled(std::size_t bytes) noexcept { held_ += bytes; }
    void drained(std::size_t bytes) noexcept { held_ -= bytes; }

private:
    friend class pipe_pool;
    pipe_lease(pipe_pool& pool, int read_end, int write_end) noexcept
        : pool_(&pool), read_end_(read_end), write_end_(write_end) {}

    pipe_pool* pool_ = nullptr;
    int read_end_ = -1;
    int write_end_ = -1;
    std::size_t held_ = 0;
};

class pipe_pool {
public:
    // Kept when idle; more are closed on return.
    static constexpr std::size_t idle_max = 32;
    static constexpr int pipe_bytes = 512 * 1024;

    pipe_pool() = default;
    pipe_pool(pipe_pool const&) = delete;
    pipe_pool& operator=(pipe_pool const&) = delete;
    ~pipe_pool();

    // Empty when the kernel gives no pipe: the caller copies instead.
    pipe_lease lend() noexcept;

private:
    friend class pipe_lease;
    struct ends {
        int read;
        int write;
    };
    void give_back(ends pipe, bool empty) noexcept;

    std::vector<ends> idle_;
};

}  // namespace gateway::net
