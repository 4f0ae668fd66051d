// SPDX-License-Identifier: Apache-2.0
// Sends spans to a collector (OTLP over HTTP), from a thread of its own. Cores put spans into lanes
// and never wait for it; what the collector does not take in time is lost, counted and told.
#pragma once

#include "base/counters.hpp"
#include "base/units.hpp"
#include "observe/otlp_json.hpp"
#include "observe/span.hpp"
#include "settings/tracing_settings.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace gateway::net {

class span_exporter {
public:
    // `found` are attributes of the resource beside those of the settings, which win. Of the query
    // parameters in `redacted` no value leaves.
    span_exporter(
        settings::tracing const& wanted,
        observe::otlp_batch::attributes const& found,
        std::string_view version,
        std::vector<std::string> const& redacted);
    ~span_exporter();
    span_exporter(span_exporter const&) = delete;
    span_exporter& operator=(span_exporter const&) = delete;

    // One for each core; lives as long as this.
    observe::span_lane& open_lane();
    // Other parameters, from the next batch on.
    void redact(std::vector<std::string> parameters);

    // Sends what there is, for at most `limit`, and ends the thread. The cores have stopped before.
    void stop(milliseconds limit = 2'000ms) noexcept;

    struct figures {
        std::uint64_t sent = 0;      // the collector took them
        std::uint64_t dropped = 0;   // a lane was full
        std::uint64_t lost = 0;      // the collector did not take them in time
        std::uint64_t rejected = 0;  // it said that they are no good
    };
    figures now() const;  // from any thread

private:
    enum class verdict : std::uint8_t { taken, again, refused };

    void run() noexcept;
    void send_all();
    std::size_t fill();
    void deliver(std::string const& body, std::size_t spans);
    verdict judge(std::string const& body, std::size_t spans, milliseconds& pause);
    void tell(bool delivered, std::string const& why);
    void tell_drops();
    bool pause(milliseconds wait);  // false: it is time to end
    bool is_over() const;

    settings::tracing const wanted_;
    std::string fields_;
    observe::otlp_batch batch_;
    bool delivered_ = true;  // the last attempt, as it was told
    std::uint64_t drops_told_ = 0;
    time_point drops_told_at_{};
    counter sent_;
    counter lost_;
    counter rejected_;

    mutable std::mutex guard_;
    std::condition_variable ending_;
    bool stopping_ = false;
    time_point stop_at_{};
    std::vector<std::unique_ptr<observe::span_lane>> lanes_;  // grows only
    std::optional<std::vector<std::string>> redacted_;        // on its way to the batch
    std::thread thread_;
};

}  // namespace gateway::net
