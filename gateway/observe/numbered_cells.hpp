// SPDX-License-Identifier: Apache-2.0
// Counters by number, for things that come and go. One core writes, any thread may read; cells are
// made at their first use, and stay.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace gateway::observe {

template <class Cell>
class numbered_cells {
public:
    static constexpr std::size_t cells_max = 64 * 64;

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

    // Null when it was never written.
    Cell const* find(std::uint32_t number) const noexcept {
        chunk const* const here = chunks_[number / chunk_size].load(std::memory_order_acquire);
        return here == nullptr ? nullptr : &(*here)[number % chunk_size];
    }

private:
    static constexpr std::size_t chunk_size = 64;
    using chunk = std::array<Cell, chunk_size>;

    std::array<std::atomic<chunk*>, cells_max / chunk_size> chunks_{};
};

}  // namespace gateway::observe
