// SPDX-License-Identifier: Apache-2.0
#include "runtime/block_pool.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <new>

namespace gateway::runtime {
namespace {

// Blocks of a power of two bytes that lie side by side begin in the same few sets of the cache, and
// what is used of most is their begin: a dozen exchanges under way would evict each other. With
// some lines between them they spread over all sets.
constexpr std::size_t spread_bytes = 5 * 64;

}  // namespace

block_pool::~block_pool() {
    GATEWAY_DCHECK(bytes_lent_ == 0);
    for (shelf* each : {&small_, &large_}) {
        for (char* data : each->free) ::operator delete(data);
    }
}

block block_pool::lend(std::size_t bytes) {
    GATEWAY_CHECK(bytes <= large_bytes);
    std::size_t const size = bytes <= small_bytes ? small_bytes : large_bytes;
    shelf& from = shelf_for(size);
    char* data = nullptr;
    if (from.free.empty()) {
        data = static_cast<char*>(::operator new(size + spread_bytes));
        // Room for its return now, so that giving back never allocates.
        if (from.free.capacity() * size <= bytes_lent_ + size) {
            from.free.reserve(std::max<std::size_t>(64, from.free.capacity() * 2));
        }
    } else {
        data = from.free.back();
        from.free.pop_back();
    }
    from.least_free = std::min(from.least_free, from.free.size());
    bytes_lent_ += size;
    return block{*this, data, size};
}

void block_pool::give_back(char* data, std::size_t size) noexcept {
    bytes_lent_ -= size;
    shelf& to = shelf_for(size);
    if (to.free.size() == to.free.capacity()) {
        ::operator delete(data);
        return;
    }
    to.free.push_back(data);
}

std::size_t block_pool::trim() noexcept {
    std::size_t freed = 0;
    for (shelf* each : {&small_, &large_}) {
        std::size_t const size = each == &small_ ? small_bytes : large_bytes;
        // The front of the shelf is what was returned longest ago.
        std::size_t const unused = std::min(each->least_free, each->free.size());
        for (std::size_t i = 0; i < unused; ++i) ::operator delete(each->free[i]);
        each->free.erase(
            each->free.begin(), each->free.begin() + static_cast<std::ptrdiff_t>(unused));
        freed += unused * size;
        each->least_free = each->free.size();
    }
    return freed;
}

}  // namespace gateway::runtime
