// SPDX-License-Identifier: Apache-2.0
// What the process knows of one upstream's endpoints: which addresses its names list, what the
// probes say, who is ejected. Lives on the control thread and takes the time as an argument. After
// a call that returns true the cores must be sent `states()`.
#pragma once

#include "net/listing.hpp"
#include "observe/endpoint_counters.hpp"
#include "proxy/endpoint_state.hpp"
#include "settings/settings.hpp"
#include "upstream/ejections.hpp"
#include "upstream/health_state.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::proxy {

// One endpoint for the metrics page.
struct endpoint_figures {
    std::string_view upstream;
    std::string_view endpoint;
    bool listed = false;
    bool healthy = false;
    bool ejected = false;
    bool available = false;
    std::uint64_t became_healthy = 0;
    std::uint64_t became_unhealthy = 0;
    std::array<std::uint64_t, 2> ejections{};  // failures in a row, success rate
    std::array<std::uint64_t, 2> refusals{};   // the last one, share reached
    std::int64_t in_flight = 0;
    std::int64_t connections = 0;
    std::int64_t limit = 0;
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    std::array<std::uint64_t, observe::probe_result_count> probes{};
    operator_word word = operator_word::none;
    proxy::standing standing = standing::untested;
    std::string_view why{};       // it is not available: the last verdict; may be empty
    milliseconds ejected_for{0};  // what is left of its ejection
    bool present = false;         // its names have it now
    observe::timing_figures timings{};
};

class endpoint_board {
public:
    // Of addresses that come and go, so many are remembered.
    static constexpr std::size_t endpoints_max =
        observe::numbered_cells<observe::endpoint_cell>::cells_max;
    // Series of an endpoint that is gone, and its number, are kept this long.
    static constexpr std::chrono::minutes remembered{5};
    // Endpoints that a reload took away serve for so long while none of the new ones can.
    static constexpr milliseconds leaving_max{30'000};

    // `counters` are those of each core for this upstream and borrowed. `own_zone` may be empty.
    endpoint_board(
        settings::upstream const& rules,
        std::string_view own_zone,
        std::vector<observe::endpoint_counters const*> counters);
    endpoint_board(endpoint_board const&) = delete;
    endpoint_board& operator=(endpoint_board const&) = delete;

    // The upstream by other rules, maybe with other endpoints. What is known of an address that is
    // still there stays; new settings are heard of through list(). The cores must be told.
    void take_rules(settings::upstream const& rules, time_point now);

    // The addresses that the setting at `position` stands for now; a position that is not there any
    // more changes nothing.
    bool list(std::size_t position, std::span<net::listing const> found, time_point now);
    bool health_changed(std::uint32_t number, bool healthy, std::string_view why, time_point now);
    bool found_outlier(std::uint32_t number, upstream::finding what, time_point now);
    void probed(std::uint32_t number) noexcept;
    bool ticked(time_point now);
    // Of the endpoint with that address; it holds as long as the address is remembered. `known`
    // says whether there is such an endpoint.
    bool operate(std::string_view endpoint, operator_word word, time_point now, bool& known);

    std::string_view name() const noexcept { return rules_.name; }
    std::vector<endpoint_state> states() const;
    std::vector<endpoint_figures> figures(time_point now) const;
    net::address const& address_of(std::uint32_t number) const noexcept {
        return entries_[number].address;
    }
    std::string_view upstream_name() const noexcept { return rules_.name; }
    bool has_available() const noexcept;
    // An endpoint waits for its first probe, which may come any moment.
    bool awaits_probe() const noexcept;

private:
    struct entry {
        net::address address;
        std::string text;
        std::uint32_t position = 0;
        std::uint32_t weight = 1;
        bool listed = false;
        bool present = false;
        bool leaving = false;  // no setting leads to it any more
        bool in_own_zone = true;
        bool probed = false;
        operator_word word = operator_word::none;
        std::string why_unhealthy;
        std::string_view why_ejected;  // a literal
        upstream::health health = upstream::health::untested;
        upstream::ejection_record ejection;
        time_point began_at{};  // when it was available last
        time_point since{};     // slow start
        time_point gone_at{};
        time_point leaves_at{};
        endpoint_figures figures;  // what is counted here; the rest is filled in when asked for
        endpoint_figures before;   // what the number's last owner left in the cores' counters

        // Whoever has the address next is not what this one was.
        void begin_anew() {
            probed = false;
            health = upstream::health::untested;
            ejection = {};
        }
        bool usable() const noexcept { return listed && health == upstream::health::healthy; }
        bool available() const noexcept { return may_stand_in() && present; }
        bool may_stand_in() const noexcept {
            return usable() && !ejection.ejected && word == operator_word::none;
        }
    };

    entry* find(net::address const& address) noexcept;
    entry& admit(net::address const& address, time_point now);
    bool is_forgotten(entry const& one, time_point now) const noexcept;
    void list_anew(time_point now);
    bool end_leave(time_point now);
    void take(std::size_t position, net::listing const& found, time_point now);
    standing standing_of(entry const& one) const noexcept;
    std::size_t available_without(entry const& one) const noexcept;
    void begin_slowly(entry& one, time_point now) const noexcept;
    void pardon_if_alone(time_point now);
    void add_traffic(std::uint32_t number, endpoint_figures& to) const noexcept;

    settings::upstream rules_;  // stays where it is
    std::string own_zone_;
    std::vector<observe::endpoint_counters const*> counters_;
    upstream::ejections ejections_;
    std::vector<std::vector<net::listing>> lists_;  // by position
    std::vector<entry> entries_;                    // by number
    bool full_ = false;                             // said so already
};

}  // namespace gateway::proxy
