// SPDX-License-Identifier: Apache-2.0
// What one core counts. Each event of the data plane is one method in the past tense; the metrics
// page reads the values from its own thread and adds the cores up. The closed sets of label values
// are here too, so that no client can make the page grow.
#pragma once

#include "base/counters.hpp"
#include "base/error.hpp"
#include "base/retry_reason.hpp"
#include "base/units.hpp"
#include "observe/endpoint_counters.hpp"
#include "observe/exchange_record.hpp"
#include "observe/exemplar.hpp"
#include "observe/histogram.hpp"
#include "observe/numbered_cells.hpp"
#include "observe/phases.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::observe {

// Exchanges of one route, method and status. Of its lines one is hot.
struct alignas(cache_line_bytes) exchange_cell : histogram_cell {
    std::unique_ptr<exemplar_slot[]> exemplars;  // by bucket; null when there was no memory
};

// Status codes by slot: those of the IANA registry and a few that proxies use have one each, the
// rest of a class shares "1xx" to "5xx", and what is no status code at all counts as "other".
inline constexpr std::size_t status_slot_count = 72;
std::size_t status_slot(std::uint16_t status) noexcept;
std::string_view status_word(std::size_t slot) noexcept;

std::string_view method_word(method_label method) noexcept;  // "GET" to "CONNECT", "other"

// Names for the indices that the counters use.
struct traffic_names {
    std::vector<std::string> routes;
    std::vector<std::string> upstreams;
};

// How a request's wait for an endpoint ended.
enum class parking_outcome : std::uint8_t { served, expired, full, given_up };
inline constexpr std::size_t parking_outcome_count = 4;
std::string_view word_of(parking_outcome outcome) noexcept;

// What became of the copy of a request; the last three were not made.
enum class mirror_outcome : std::uint8_t { answered, failed, too_many, body, no_endpoint };
inline constexpr std::size_t mirror_outcome_count = 5;
std::string_view word_of(mirror_outcome outcome) noexcept;

// How a drain ended a tunnel: a WebSocket's close frame was answered or not; anything else, and a
// WebSocket that is none by its frames, is just closed.
enum class farewell : std::uint8_t { answered, unanswered, unannounced };
inline constexpr std::size_t farewell_count = 3;
std::string_view word_of(farewell how) noexcept;

// Signs of life sent to clients whose stream was quiet.
enum class heartbeat : std::uint8_t { event_stream, web_socket };
inline constexpr std::size_t heartbeat_count = 2;
std::string_view word_of(heartbeat kind) noexcept;

struct upstream_counters {
    counter attempts;
    counter connected;                                // connections made
    counter reused;                                   // attempts that found a pooled connection
    std::array<counter, retry_reason_count> retried;  // by reason
    counter over_budget;                              // repeats that the budget did not allow
    gauge parked;                                     // requests waiting for an endpoint
    std::array<counter, parking_outcome_count> unparked;
    gauge keep_alive_ms;  // for how long an idle connection may be used again
    std::array<counter, mirror_outcome_count> mirrored;
    std::array<counter, 2> handshakes;  // TLS: in full, resumed
    std::array<counter, cause_count> failures;
};

// Written by one core; any thread may read. Routes and upstreams go by number: that of their place
// in the first settings, and later ones get the next.
class alignas(cache_line_bytes) traffic_counters {
public:
    // `durations` are the buckets of whole exchanges and of attempts.
    traffic_counters(
        std::size_t routes,
        std::size_t upstreams,
        histogram_bounds const& durations = duration_bounds);
    ~traffic_counters();
    traffic_counters(traffic_counters const&) = delete;
    traffic_counters& operator=(traffic_counters const&) = delete;

    // So many may there be in the life of a process.
    static constexpr std::size_t routes_max = 32'768;
    static constexpr std::size_t upstreams_max = 8'192;

    // Makes room for more of them; never for fewer. From the control thread, before the core hears
    // of the new ones.
    void grow(std::size_t routes, std::size_t upstreams);

    void connection_accepted() noexcept { accepted_.add(); }
    void connection_closed() noexcept { closed_.add(); }
    // For a connection that is turned away at once; not also accepted or closed.
    void connection_refused(cause why) noexcept { refused_[index(why)].add(); }
    // An idle connection was closed so that a new one could be served.
    void connection_evicted() noexcept { evicted_.add(); }
    // A request waits because its connection had too many in this second.
    void request_throttled() noexcept { throttled_.add(); }
    // A connection closes after too many pipelined requests.
    void pipeline_cut() noexcept { pipelines_cut_.add(); }
    void accept_failed() noexcept { accept_failures_.add(); }
    // At admin.public_readiness.
    void readiness_asked(bool ready) noexcept { readiness_asked_[ready ? 1 : 0].add(); }

    // A request, with what a candidate configuration would make of it.
    void candidate_compared(bool same) noexcept { candidate_compared_[same ? 0 : 1].add(); }

    // A kept-alive connection that waits for its next request, and the end of that wait.
    void connection_became_idle() noexcept { idle_.add(1); }
    void connection_became_busy() noexcept { idle_.add(-1); }

    void exchange_begun() noexcept { begun_.add(); }
    // Also counts the record's bytes and its cause. When memory for a first cell cannot be had, the
    // exchange is missing in the table by route, method and status, and only there.
    void exchange_settled(exchange_record const& record) noexcept;

    void heartbeat_sent(heartbeat kind) noexcept {
        heartbeats_[static_cast<std::size_t>(kind)].add();
    }
    void tunnel_opened() noexcept { tunnels_.add(1); }
    void tunnel_closed() noexcept { tunnels_.add(-1); }
    void tunnel_sent_away(farewell how) noexcept {
        sent_away_[static_cast<std::size_t>(how)].add();
    }

    void attempt_begun(std::size_t upstream) noexcept { upstreams_[upstream].attempts.add(); }
    void attempt_failed(std::size_t upstream, cause why) noexcept {
        upstreams_[upstream].failures[index(why)].add();
    }
    void upstream_connected(std::size_t upstream) noexcept { upstreams_[upstream].connected.add(); }
    // A TLS handshake with an endpoint, on a session that was kept or in full.
    void upstream_shook_hands(std::size_t upstream, bool resumed) noexcept {
        upstreams_[upstream].handshakes[resumed ? 1 : 0].add();
    }
    void upstream_reused(std::size_t upstream) noexcept { upstreams_[upstream].reused.add(); }
    void retried(std::size_t upstream, retry_reason why) noexcept {
        upstreams_[upstream].retried[static_cast<std::size_t>(why)].add();
    }
    void request_parked(std::size_t upstream) noexcept { upstreams_[upstream].parked.add(1); }
    void request_unparked(std::size_t upstream, parking_outcome outcome) noexcept {
        upstreams_[upstream].parked.add(-1);
        upstreams_[upstream].unparked[static_cast<std::size_t>(outcome)].add();
    }
    void parking_refused(std::size_t upstream) noexcept {
        upstreams_[upstream].unparked[static_cast<std::size_t>(parking_outcome::full)].add();
    }
    void keep_alive_learned(std::size_t upstream, milliseconds limit) noexcept {
        upstreams_[upstream].keep_alive_ms.set(limit.count());
    }
    // `upstream` is the one that got the copy, or should have.
    void request_mirrored(std::size_t upstream, mirror_outcome outcome) noexcept {
        upstreams_[upstream].mirrored[static_cast<std::size_t>(outcome)].add();
    }
    void retry_over_budget(std::size_t upstream) noexcept {
        upstreams_[upstream].over_budget.add();
    }

    // For the page. Pairs are read so that a difference never becomes negative.
    std::uint64_t connections_accepted() const noexcept { return accepted_.value(); }
    std::uint64_t connections_active() const noexcept { return difference(accepted_, closed_); }
    std::uint64_t connections_refused(cause why) const noexcept {
        return refused_[index(why)].value();
    }
    std::uint64_t connections_evicted() const noexcept { return evicted_.value(); }
    std::uint64_t requests_throttled() const noexcept { return throttled_.value(); }
    std::uint64_t pipelines_cut() const noexcept { return pipelines_cut_.value(); }
    std::uint64_t readiness_answers(bool ready) const noexcept {
        return readiness_asked_[ready ? 1 : 0].value();
    }
    std::uint64_t candidate_comparisons(bool same) const noexcept {
        return candidate_compared_[same ? 0 : 1].value();
    }
    std::uint64_t accept_failures() const noexcept { return accept_failures_.value(); }
    std::int64_t connections_idle() const noexcept { return idle_.value(); }
    std::uint64_t exchanges_begun() const noexcept { return begun_.value(); }
    std::uint64_t exchanges_settled() const noexcept { return settled_.value(); }
    std::uint64_t exchanges_in_flight() const noexcept { return difference(begun_, settled_); }
    std::uint64_t tunnels_sent_away(farewell how) const noexcept {
        return sent_away_[static_cast<std::size_t>(how)].value();
    }
    std::uint64_t heartbeats_sent(heartbeat kind) const noexcept {
        return heartbeats_[static_cast<std::size_t>(kind)].value();
    }
    std::int64_t tunnels_open() const noexcept { return tunnels_.value(); }
    std::uint64_t bytes_received() const noexcept { return bytes_received_.value(); }
    std::uint64_t bytes_sent() const noexcept { return bytes_sent_.value(); }
    std::uint64_t errors(cause why) const noexcept { return errors_[index(why)].value(); }

    std::size_t route_count() const noexcept {
        return route_count_.load(std::memory_order_acquire);
    }
    std::size_t upstream_count() const noexcept {
        return upstream_count_.load(std::memory_order_acquire);
    }
    upstream_counters const& upstream(std::size_t i) const noexcept { return upstreams_[i]; }
    endpoint_counters& endpoints(std::size_t upstream) noexcept { return endpoints_[upstream]; }
    endpoint_counters const& endpoints(std::size_t upstream) const noexcept {
        return endpoints_[upstream];
    }

    histogram_bounds const& bounds() const noexcept { return bounds_; }

    // Where the requests of this core are.
    phase_board phases;

    // Whether there was any exchange of the route; `cell` has nothing otherwise.
    bool has_cells(std::size_t route) const noexcept {
        auto const& of_route = route < route_count() ? routes_[route] : unmatched_;
        return of_route.load(std::memory_order_relaxed) != nullptr;
    }
    // Null when there was no such exchange. `route` == route_count() are those without a route.
    exchange_cell const* cell(
        std::size_t route, method_label method, std::size_t slot) const noexcept;

private:
    using cell_table =
        std::array<std::array<std::atomic<exchange_cell*>, status_slot_count>, method_label_count>;

    static std::size_t index(cause why) noexcept { return static_cast<std::size_t>(why); }
    static std::uint64_t difference(counter const& begun, counter const& ended) noexcept;
    std::atomic<cell_table*>& table_of(std::size_t route) noexcept;
    exchange_cell* cell_for(exchange_record const& record) noexcept;
    exchange_cell* make_cell(
        std::atomic<cell_table*>& route, exchange_record const& record) noexcept;

    counter begun_;
    counter settled_;
    counter bytes_received_;
    counter bytes_sent_;
    counter accepted_;
    counter closed_;
    gauge idle_;
    gauge tunnels_;
    std::array<counter, heartbeat_count> heartbeats_;
    std::array<counter, farewell_count> sent_away_;
    counter accept_failures_;
    counter evicted_;
    counter throttled_;
    counter pipelines_cut_;
    std::array<counter, 2> readiness_asked_;
    std::array<counter, 2> candidate_compared_;  // the same, different
    std::atomic<std::size_t> route_count_{0};
    std::atomic<std::size_t> upstream_count_{0};
    histogram_bounds const bounds_;
    // Tables and cells are made by the core at their first use, published with release, and live as
    // long as this: three routes with three status codes cost a few KiB, not routes x 720 cells.
    numbered_cells<std::atomic<cell_table*>, 32, routes_max / 32> routes_;
    std::atomic<cell_table*> unmatched_{nullptr};
    numbered_cells<upstream_counters, 4, upstreams_max / 4> upstreams_;
    numbered_cells<endpoint_counters, 4, upstreams_max / 4> endpoints_;
    std::array<counter, cause_count> errors_;
    std::array<counter, cause_count> refused_;
};

}  // namespace gateway::observe
