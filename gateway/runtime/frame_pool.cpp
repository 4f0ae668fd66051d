// SPDX-License-Identifier: Apache-2.0
#include "runtime/frame_pool.hpp"

#include <array>
#include <new>

namespace gateway::runtime {
namespace {

constexpr std::size_t step_bytes = 64;
constexpr std::size_t class_count = 64;  // frames up to 4 KiB are pooled, larger ones are not

struct free_frame {
    free_frame* next;
};

struct free_lists {
    std::array<free_frame*, class_count> heads{};

    ~free_lists() { clear(); }

    void clear() noexcept {
        for (std::size_t index = 0; index < class_count; ++index) {
            while (free_frame* frame = heads[index]) {
                heads[index] = frame->next;
                ::operator delete(frame, (index + 1) * step_bytes);
            }
        }
    }
};

thread_local free_lists lists;

constexpr std::size_t class_of(std::size_t bytes) { return (bytes - 1) / step_bytes; }

// A pooled frame would hide a use after free from the sanitizers. GCC tells by a macro which one is
// at work, Clang by a feature.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool pooled = false;
#elif defined(__has_feature)
constexpr bool pooled = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
constexpr bool pooled = true;
#endif

}  // namespace

void* frame_pool::allocate(std::size_t bytes) {
    std::size_t const index = class_of(bytes);
    if (!pooled || index >= class_count) return ::operator new(bytes);
    if (free_frame* frame = lists.heads[index]) {
        lists.heads[index] = frame->next;
        return frame;
    }
    return ::operator new((index + 1) * step_bytes);
}

void frame_pool::release(void* frame, std::size_t bytes) noexcept {
    std::size_t const index = class_of(bytes);
    if (!pooled || index >= class_count) {
        ::operator delete(frame, bytes);
        return;
    }
    auto* const freed = static_cast<free_frame*>(frame);
    freed->next = lists.heads[index];
    lists.heads[index] = freed;
}

void frame_pool::trim() noexcept { lists.clear(); }

}  // namespace gateway::runtime
