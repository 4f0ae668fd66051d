// SPDX-License-Identifier: Apache-2.0
// The requests under way on one core, for whoever asks. Requests themselves do nothing for it: the
// sessions are looked at, a few hundred at a time between two turns of the loop.
#pragma once

#include "base/units.hpp"
#include "runtime/core.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::proxy {

class shard;
class session;

struct inflight_row {
    std::string_view phase;  // a literal
    std::chrono::nanoseconds age{0};
    std::string method{};
    std::string host{};
    std::string path{};  // without its query
    std::string route{};
    std::string upstream{};
    std::string endpoint{};
    std::string request_id{};
    std::string client{};
    byte_count bytes_in = 0;
    byte_count bytes_out = 0;
    unsigned attempts = 0;
    std::size_t core = 0;
};

struct inflight_query {
    milliseconds older{0};
    std::size_t rows_max = 200;  // the oldest ones
};

struct inflight_found {
    std::vector<inflight_row> rows;  // oldest first
    std::size_t requests = 0;        // under way at all
    std::size_t matching = 0;        // of them as old as asked for
};

// Takes rows in any order and keeps the oldest.
class inflight_collector {
public:
    explicit inflight_collector(inflight_query const& query) : query_(query) {}

    // Whether a row of that age would be kept; counts it.
    bool wants(std::chrono::nanoseconds age) noexcept;
    void add(inflight_row row);
    inflight_found take();

private:
    inflight_query query_;
    inflight_found found_;  // the rows are a heap, the youngest in front
};

// One look at all sessions of a shard, in slices. Lives on the core. A newer one ends it.
class inflight_look {
public:
    inflight_look(shard& of, inflight_query const& query);
    ~inflight_look();
    inflight_look(inflight_look const&) = delete;
    inflight_look& operator=(inflight_look const&) = delete;

    // False when there is more to look at.
    bool go_on();
    inflight_found take() { return collector_.take(); }

    // Told by the shard.
    void session_ends(session const& one) noexcept;
    void shard_ends() noexcept { home_ = nullptr; }

private:
    void look_at(session const& one);

    shard* home_;
    session const* next_;
    inflight_collector collector_;
};

}  // namespace gateway::proxy
