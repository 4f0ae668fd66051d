// SPDX-License-Identifier: Apache-2.0
// Keeps the addresses of endpoint names current: asks (net/name_query), lets the rules of
// upstream/address_book judge the answers, and tells who follows the name. Lives on the control
// thread and never blocks it.
#pragma once

#include "net/address.hpp"
#include "net/listing.hpp"
#include "settings/settings.hpp"
#include "upstream/address_book.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace gateway::net {

// What became of one name so far, for metrics.
struct name_figures {
    std::string upstream;
    std::string name;
    std::array<std::uint64_t, upstream::look_up_count> look_ups{};  // by outcome
    std::array<std::uint64_t, upstream::move_count> moves{};        // of its addresses
    std::size_t present = 0;
    std::size_t absent = 0;
    std::optional<milliseconds> answer_age;  // of the last answer with addresses
};

class resolver {
public:
    // Told on the control thread: the whole list at the first answer, and whenever it changed.
    // Never an empty one.
    using changed = std::function<void(std::vector<listing> const&)>;

    resolver(boost::asio::io_context& control, settings::dns const& limits);
    ~resolver();

    // A literal address is told at once and never looked up. `_http._tcp.api.local` asks for SRV
    // records, which say the ports. `upstream` is for messages and metrics.
    void follow(std::string const& upstream, std::string host, std::uint16_t port, changed told);
    // What was followed with these is not any more; its figures are gone as well.
    void forget(std::string const& upstream, std::string const& host, std::uint16_t port);
    void stop();
    // Every name has been looked up at least once, with whatever outcome.
    bool has_asked_all() const noexcept;

    // A connection to the address failed: names that have it are asked for again at once, at most
    // every `dns.failure_pause`, and give it up if it is absent.
    void connect_failed(address const& where);
    // The verdict of health checks or of real traffic: absent addresses that fail are given up.
    void health_changed(address const& where, bool passing);

    std::vector<name_figures> figures() const;

private:
    struct name;
    struct shared;
    std::unique_ptr<shared> shared_;
};

}  // namespace gateway::net
