// SPDX-License-Identifier: Apache-2.0
// A deploy under load, for any proxy: four endpoints behind one name, a closed loop of clients, and
// every endpoint replaced in turn - the new address appears in the DNS, the old one leaves it, gets
// its SIGTERM and is gone within a second, half of them without draining. Or nothing is replaced
// and one endpoint misbehaves.
#pragma once

#include "support/dns_server.hpp"
#include "support/lean_origin.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gateway::support {

struct drill_plan {
    std::chrono::seconds length{10};
    std::size_t clients = 16;
    milliseconds answers_after{2};  // what an endpoint needs for a request
    bool replaces = true;
    conduct odd_one = conduct::well;  // of one endpoint, from a fifth of the time on
};

struct drill_tally {
    std::uint64_t gets = 0;
    std::uint64_t posts = 0;
    std::uint64_t failed_gets = 0;  // no answer, or one that is not 200
    std::uint64_t failed_posts = 0;
    std::uint64_t repeated_posts = 0;            // carried out more than once
    std::array<std::uint64_t, 600> by_status{};  // 0: no answer
    std::uint64_t replaced = 0;
    double seconds = 0;
    double slowest_seconds = 0;

    std::uint64_t requests() const { return gets + posts; }
    std::uint64_t failed() const { return failed_gets + failed_posts; }
    std::string text() const;
};

class deploy_drill {
public:
    deploy_drill();  // four endpoints run and the name server tells them
    ~deploy_drill();

    std::uint16_t dns_port() const { return dns_.port(); }
    std::uint16_t port() const { return port_; }  // of every endpoint
    static constexpr char const* name = "app.test";

    // Against the proxy that listens on this port of 127.0.0.1.
    drill_tally run(std::uint16_t proxy_port, drill_plan const& plan);

private:
    struct client;

    void tell_dns();
    std::string start_one(milliseconds answers_after);
    void replace_next(leaving how);

    post_ledger ledger_;
    dns_server dns_;
    std::uint16_t port_ = 0;
    int next_address_ = 2;
    milliseconds answers_after_{2};
    std::vector<std::pair<std::string, std::unique_ptr<lean_origin>>> endpoints_;
};

}  // namespace gateway::support
