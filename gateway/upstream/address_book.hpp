// SPDX-License-Identifier: Apache-2.0
// What one endpoint name stands for, gathered from the answers of its name servers, and when to ask
// again. Pure: time and chance are arguments. The merge rules stand at the members they move.
#pragma once

#include "base/units.hpp"
#include "settings/settings.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gateway::upstream {

// An address and a port as a value; IPv4 is held mapped into IPv6 (RFC 4291 2.5.5.2).
struct place {
    std::array<std::uint8_t, 16> bytes{};
    std::uint16_t port = 0;

    bool is_v4() const noexcept;
    auto operator<=>(place const&) const = default;
};

// How a look-up ended; all but `found` leave the addresses as they are.
enum class look_up : std::uint8_t {
    found,
    not_found,      // NXDOMAIN
    empty,          // the name exists, and has no address
    server_failed,  // SERVFAIL, REFUSED and the like from all name servers, or none is there
    timed_out,
    failed,  // anything else, such as an answer that makes no sense
};
inline constexpr std::size_t look_up_count = static_cast<std::size_t>(look_up::failed) + 1;
std::string_view word_of(look_up how) noexcept;

struct dns_record {
    place at;
    std::uint16_t weight = 1;
    bool reserve = false;  // of an SRV priority that is not the first (RFC 2782)
};

struct dns_answer {
    std::vector<dns_record> records;
    milliseconds ttl{0};
    // False when the question for this family failed: the answer says nothing about its addresses.
    bool v4_known = true;
    bool v6_known = true;
};

// What happened to an address.
enum class move : std::uint8_t {
    appeared,     // a new one
    returned,     // it was absent
    reweighted,   // its weight or priority changed
    disappeared,  // the name has it no longer; it is kept as absent
    dropped,      // it was absent, and failing or absent for too long
};
inline constexpr std::size_t move_count = static_cast<std::size_t>(move::dropped) + 1;
std::string_view word_of(move what) noexcept;

struct change {
    place at;
    move what = move::appeared;

    bool operator==(change const&) const = default;
};
using changes = std::vector<change>;

// For the control thread. Never becomes empty once it had an address: only answers that hold
// addresses take others away.
class address_book {
public:
    explicit address_book(settings::dns const& limits) : limits_(limits) {}

    struct entry {
        place at;
        std::uint16_t weight = 1;
        bool present = true;

        bool operator==(entry const&) const = default;
    };
    // In the order of the addresses, so that a name server's own order never looks like a change.
    std::vector<entry> entries() const;
    std::size_t present() const noexcept;
    std::size_t absent() const noexcept { return known_.size() - present(); }
    // Addresses of the last answer that found no room (`dns.addresses`).
    std::size_t ignored() const noexcept { return ignored_; }

    // `chance` is from 0 to 1 and spreads the look-ups of many names.
    void asked(time_point now) noexcept { asked_at_ = now; }
    changes answered(dns_answer const& answer, time_point now, double chance);
    void failed(time_point now, double chance) noexcept;
    time_point ask_again_at() const noexcept { return ask_again_at_; }

    // A connection could not be made: the name is due at once, `dns.failure_pause` after the last
    // look-up at the earliest, and an absent address is dropped.
    changes connect_failed(place const& at, time_point now);
    // An absent address that fails is dropped, and a failing one as soon as it is absent.
    changes health_changed(place const& at, bool passing);
    // Drops what has been absent for `dns.absent`.
    changes expire(time_point now);

private:
    struct known {
        place at;
        std::uint16_t weight = 1;
        bool reserve = false;
        bool present = true;
        bool failing = false;
        time_point seen{};          // last in an answer
        std::uint64_t seen_in = 0;  // the number of that answer
        time_point absent_since{};
    };

    known* find(place const& at) noexcept;
    void take(dns_record const& one, time_point now, changes& out);
    bool make_room(changes& out);
    bool is_missing(known const& one, dns_answer const& answer, time_point now) const noexcept;
    void count_answer(dns_answer const& answer);
    void drop(std::size_t index, changes& out);

    settings::dns limits_;
    std::vector<known> known_;  // sorted by place, at most `dns.addresses`
    std::size_t ignored_ = 0;
    // Answers that repeat the last one may come from a cache and are not counted.
    std::uint64_t answers_ = 0;
    std::vector<place> last_;
    bool v4_partial_ = false;  // the last answer may be a part of more
    bool v6_partial_ = false;
    unsigned failures_ = 0;  // in a row
    time_point asked_at_{};
    time_point ask_again_at_{};
};

}  // namespace gateway::upstream
