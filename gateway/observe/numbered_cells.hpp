// SPDX-License-Identifier: Apache-2.0
// Counters by number, for things that come and go. One core writes, any thread may read; cells are
// made in groups, at their first use or before it, and stay.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace gateway::observe {

template <class Cell, std::size_t GroupSize = 64, std::size_t Groups = 64>
class numbered_cells {
public:
    static constexpr std::size_t cells_max = GroupSize * Groups;

    numbered_cells() = default;
    numbered_cells(numbered_cells const&) = delete;
    numbered_cells& operator=(numbered_cells const&) = delete;
    ~numbered_cells() {
        for (auto const& each : chunks_) delete each.load(std::memory_order_relaxed);
    }

    // For the writer; may allocate the first time. `number` is below cells_max.
    Cell& at(std::uint32_t number) {
        auto& slot = chunks_[number / chunk_size];
        chunk* here = slot.load(std::memory_order_relaxed);
        if (here == nullptr) {
            here = new chunk;
            slot.store(here, std::memory_order_release);
        }
        return (*here)[number % chunk_size];
    }

    // Makes the first `count` cells. By one thread at a time; those who then use operator[] have
    // heard of it.
    void reserve(std::size_t count) {
        for (std::size_t number = 0; number < count; number += chunk_size) {
            static_cast<void>(at(static_cast<std::uint32_t>(number)));
        }
    }
    // One that is there.
    Cell& operator[](std::size_t number) const noexcept {
        return (*chunks_[number / chunk_size].load(std::memory_order_relaxed))[number % chunk_size];
    }

    // Null when it was never written.
    Cell const* find(std::uint32_t number) const noexcept {
        chunk const* const here = chunks_[number / chunk_size].load(std::memory_order_acquire);
        return here == nullptr ? nullptr : &(*here)[number % chunk_size];
    }

private:
    static constexpr std::size_t chunk_size = GroupSize;
    using chunk = std::array<Cell, chunk_size>;

    std::array<std::atomic<chunk*>, Groups> chunks_{};
};

}  // namespace gateway::observe
