// SPDX-License-Identifier: Apache-2.0
// A name server that answers as the test says, over UDP and TCP on one loopback port: records,
// NXDOMAIN, SERVFAIL, nothing at all, other addresses each time. Names it was not told of do not
// exist; a name without records of the asked type is empty.
#pragma once

#include "support/stream.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace gateway::support {

enum class dns_failure { nxdomain, servfail, refused, empty, silence };

struct srv_record {
    std::string target;
    std::uint16_t port = 0;
    std::uint16_t weight = 1;
    std::uint16_t priority = 1;
};

class dns_server {
public:
    explicit dns_server(std::string const& address = "127.0.0.1");
    ~dns_server();
    dns_server(dns_server const&) = delete;
    dns_server& operator=(dns_server const&) = delete;

    std::string address() const { return address_ + ":" + std::to_string(port_); }
    std::uint16_t port() const { return port_; }

    // Each replaces what the name had of that type, and ends its failure.
    dns_server& a(std::string const& name, std::vector<std::string> addresses, int ttl = 0);
    dns_server& aaaa(std::string const& name, std::vector<std::string> addresses, int ttl = 0);
    dns_server& srv(std::string const& name, std::vector<srv_record> records, int ttl = 0);
    dns_server& cname(std::string const& name, std::string target);
    // Each answer holds the next `size` of the name's addresses.
    dns_server& rotates(std::string const& name, std::size_t size);
    dns_server& fails(std::string const& name, dns_failure how);
    dns_server& never_answers_aaaa();
    // UDP answers are cut and say so; the whole one comes over TCP.
    dns_server& truncates();

    std::size_t questions(std::string const& name) const;  // whatever their type
    void wait_for_questions(std::string const& name, std::size_t count) const;
    std::size_t tcp_questions() const;

private:
    struct zone {
        std::vector<std::string> a;
        std::vector<std::string> aaaa;
        std::vector<srv_record> srv;
        std::string cname;
        std::uint32_t ttl = 0;
        std::size_t rotation = 0;  // 0: all at once
        std::size_t next = 0;
        std::size_t questions = 0;
        bool fails = false;
        dns_failure failure = dns_failure::empty;
    };

    dns_server& set(
        std::string const& name,
        int ttl,
        std::vector<std::string> zone::*member,
        std::vector<std::string> values);
    void bind_both();
    void serve();
    void serve_udp();
    void serve_tcp(descriptor connection);
    // Empty when nothing is to be said.
    std::string reply(std::string_view question, bool over_udp);
    unsigned add_records(std::string& to, std::string_view owner, zone& of, std::uint16_t type);
    zone* find(std::string const& name);

    std::string address_;
    std::uint16_t port_ = 0;
    descriptor udp_;
    descriptor tcp_;
    descriptor stop_;
    mutable std::mutex mutex_;
    mutable std::condition_variable asked_;
    std::map<std::string, zone> zones_;
    bool truncates_ = false;
    bool mute_aaaa_ = false;
    std::size_t tcp_questions_ = 0;
    std::thread thread_;
};

}  // namespace gateway::support
