// SPDX-License-Identifier: Apache-2.0
// Memory for coroutine frames: free lists by size, one set per thread, so that a request allocates
// nothing once its core has warmed up. A frame must be released on the thread that allocated it;
// sessions never change threads, so this holds by construction.
#pragma once

#include <cstddef>

namespace gateway::runtime {

class frame_pool {
public:
    // Never returns null; throws std::bad_alloc.
    static void* allocate(std::size_t bytes);
    static void release(void* frame, std::size_t bytes) noexcept;

    // Gives the calling thread's free frames back to the heap.
    static void trim() noexcept;
};

}  // namespace gateway::runtime
