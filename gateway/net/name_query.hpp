// SPDX-License-Identifier: Apache-2.0
// One look-up of one endpoint name: /etc/hosts, then the name servers for A, AAAA or SRV records.
// The only door to c-ares. Lives on the control thread and never blocks it.
#pragma once

#include "net/address.hpp"
#include "settings/settings.hpp"
#include "upstream/address_book.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace gateway::net {

struct name_query_result {
    upstream::look_up how = upstream::look_up::failed;
    std::string reason;           // in words, when it failed
    upstream::dns_answer answer;  // holds records only when it was found
};

// Each look-up reads resolv.conf anew, because container networks change it, and asks from ports of
// its own, which makes answers hard to forge (RFC 5452 4.5).
class name_query {
public:
    using settled = std::function<void(name_query_result const&)>;

    // `told` is called once, from the io_context, unless the query is destroyed first; it may
    // destroy the query. `limits` is borrowed.
    name_query(
        boost::asio::io_context& control,
        settings::dns const& limits,
        std::string host,
        std::uint16_t port,
        settled told);
    ~name_query();
    name_query(name_query const&) = delete;
    name_query& operator=(name_query const&) = delete;

private:
    struct channel;
    std::unique_ptr<channel> channel_;
};

}  // namespace gateway::net
