// SPDX-License-Identifier: Apache-2.0
// A copy of the request body's bytes while they may have to be sent again. Most bodies are in hand
// with their head and need none; large ones outgrow it, and are then not repeated.
#pragma once

#include "runtime/block_pool.hpp"
#include "upstream/replay_ledger.hpp"

#include <cstring>
#include <string_view>
#include <utility>

namespace gateway::proxy {

class replay_buffer {
public:
    // `ready` was read behind the head and stays where it is until the first byte is kept.
    void begin(runtime::block_pool& blocks, byte_count bytes_max, std::string_view ready) noexcept {
        blocks_ = &blocks;
        ledger_ = upstream::replay_ledger{bytes_max};
        ready_ = ready;
    }
    bool begun() const noexcept { return blocks_ != nullptr; }

    void keep(std::string_view bytes) {
        if (!ready_.empty()) append(std::exchange(ready_, {}));
        append(bytes);
    }
    // Nothing more is kept. The memory goes at once unless somebody still reads from it.
    enum class memory { goes, stays };
    void give_up(memory what) noexcept {
        ledger_.give_up();
        if (what == memory::goes) block_.reset();
    }

    bool whole() const noexcept { return ledger_.whole(); }
    // All of the body that was read; empty when nothing was beyond the bytes ready at first.
    std::string_view view() const noexcept { return {block_.data(), ledger_.kept()}; }

private:
    void append(std::string_view bytes) {
        std::size_t const at = ledger_.kept();
        if (!ledger_.keep(bytes.size())) {
            block_.reset();
            return;
        }
        if (block_.size() < ledger_.kept()) {
            runtime::block larger = blocks_->lend(ledger_.kept());
            if (at != 0) std::memcpy(larger.data(), block_.data(), at);
            block_ = std::move(larger);
        }
        std::memcpy(block_.data() + at, bytes.data(), bytes.size());
    }

    runtime::block_pool* blocks_ = nullptr;
    runtime::block block_;
    std::string_view ready_;
    upstream::replay_ledger ledger_;
};

}  // namespace gateway::proxy
