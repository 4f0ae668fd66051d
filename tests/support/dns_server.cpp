// SPDX-License-Identifier: Apache-2.0
#include "support/dns_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace gateway::support {
namespace {

constexpr std::uint16_t type_a = 1;
constexpr std::uint16_t type_cname = 5;
constexpr std::uint16_t type_aaaa = 28;
constexpr std::uint16_t type_srv = 33;
constexpr std::size_t header_bytes = 12;

void put16(std::string& to, std::size_t value) {
    to += static_cast<char>(value >> 8 & 0xff);
    to += static_cast<char>(value & 0xff);
}

std::uint16_t get16(std::string_view from, std::size_t at) {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(from.at(i)); };
    return static_cast<std::uint16_t>(byte(at) << 8 | byte(at + 1));
}

std::string encoded(std::string_view name) {
    std::string out;
    while (!name.empty()) {
        auto const label = name.substr(0, name.find('.'));
        out += static_cast<char>(label.size());
        out += label;
        name.remove_prefix(std::min(label.size() + 1, name.size()));
    }
    return out + '\0';
}

void add_record(
    std::string& to,
    std::string_view owner,
    std::uint16_t type,
    std::uint32_t ttl,
    std::string_view content) {
    to += encoded(owner);
    put16(to, type);
    put16(to, 1);
    put16(to, ttl >> 16);
    put16(to, ttl & 0xffff);
    put16(to, content.size());
    to += content;
}

std::string packed(int family, std::string const& address) {
    std::string out(family == AF_INET ? 4 : 16, '\0');
    if (::inet_pton(family, address.c_str(), out.data()) != 1) {
        throw std::invalid_argument{address};
    }
    return out;
}

bool bind_to(int socket, std::string const& address, std::uint16_t port) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &where.sin_addr);
    return ::bind(socket, reinterpret_cast<sockaddr const*>(&where), sizeof where) == 0;
}

std::uint16_t port_of(int socket) {
    sockaddr_in where{};
    socklen_t size = sizeof where;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&where), &size);
    return ntohs(where.sin_port);
}

}  // namespace

dns_server::dns_server(std::string const& address)
    : address_{address}, stop_{::eventfd(0, EFD_CLOEXEC)} {
    bind_both();
    thread_ = std::thread{[this] { serve(); }};
}

dns_server::~dns_server() {
    ::eventfd_write(stop_.number(), 1);
    thread_.join();
}

// The kernel chooses a port for one; the other may find it taken.
void dns_server::bind_both() {
    for (int i = 0; i < 100; ++i) {
        udp_ = descriptor{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        tcp_ = descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        if (!bind_to(udp_.number(), address_, 0)) continue;
        port_ = port_of(udp_.number());
        if (!bind_to(tcp_.number(), address_, port_)) continue;
        if (::listen(tcp_.number(), 16) == 0) return;
    }
    throw std::runtime_error{"no port for a name server"};
}

dns_server& dns_server::set(
    std::string const& name,
    int ttl,
    std::vector<std::string> zone::*member,
    std::vector<std::string> values) {
    std::lock_guard lock{mutex_};
    zone& one = zones_[name];
    one.*member = std::move(values);
    one.ttl = static_cast<std::uint32_t>(ttl);
    one.fails = false;
    return *this;
}

dns_server& dns_server::a(std::string const& name, std::vector<std::string> addresses, int ttl) {
    return set(name, ttl, &zone::a, std::move(addresses));
}

dns_server& dns_server::aaaa(std::string const& name, std::vector<std::string> addresses, int ttl) {
    return set(name, ttl, &zone::aaaa, std::move(addresses));
}

dns_server& dns_server::srv(std::string const& name, std::vector<srv_record> records, int ttl) {
    std::lock_guard lock{mutex_};
    zone& one = zones_[name];
    one.srv = std::move(records);
    one.ttl = static_cast<std::uint32_t>(ttl);
    one.fails = false;
    return *this;
}

dns_server& dns_server::cname(std::string const& name, std::string target) {
    std::lock_guard lock{mutex_};
    zones_[name].cname = std::move(target);
    return *this;
}

dns_server& dns_server::rotates(std::string const& name, std::size_t size) {
    std::lock_guard lock{mutex_};
    zones_[name].rotation = size;
    return *this;
}

dns_server& dns_server::fails(std::string const& name, dns_failure how) {
    std::lock_guard lock{mutex_};
    zones_[name].fails = true;
    zones_[name].failure = how;
    return *this;
}

dns_server& dns_server::never_answers_aaaa() {
    std::lock_guard lock{mutex_};
    mute_aaaa_ = true;
    return *this;
}

dns_server& dns_server::truncates() {
    std::lock_guard lock{mutex_};
    truncates_ = true;
    return *this;
}

std::size_t dns_server::questions(std::string const& name) const {
    std::lock_guard lock{mutex_};
    auto const found = zones_.find(name);
    return found == zones_.end() ? 0 : found->second.questions;
}

void dns_server::wait_for_questions(std::string const& name, std::size_t count) const {
    std::unique_lock lock{mutex_};
    auto const enough = [&] {
        auto const found = zones_.find(name);
        return found != zones_.end() && found->second.questions >= count;
    };
    if (!asked_.wait_for(lock, patience(), enough))
        throw timed_out{"too few questions for " + name};
}

std::size_t dns_server::tcp_questions() const {
    std::lock_guard lock{mutex_};
    return tcp_questions_;
}

void dns_server::serve() {
    for (;;) {
        std::array<pollfd, 3> watched{
            {{udp_.number(), POLLIN, 0}, {tcp_.number(), POLLIN, 0}, {stop_.number(), POLLIN, 0}}};
        ::poll(watched.data(), watched.size(), -1);
        if (watched[2].revents != 0) return;
        if (watched[0].revents != 0) serve_udp();
        if (watched[1].revents == 0) continue;
        descriptor connection{::accept4(tcp_.number(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (connection) serve_tcp(std::move(connection));
    }
}

void dns_server::serve_udp() {
    std::array<char, 4096> bytes;
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    auto* const peer = reinterpret_cast<sockaddr*>(&from);
    auto const got = ::recvfrom(udp_.number(), bytes.data(), bytes.size(), 0, peer, &size);
    if (got < static_cast<ssize_t>(header_bytes)) return;
    auto const text = reply({bytes.data(), static_cast<std::size_t>(got)}, true);
    if (!text.empty()) ::sendto(udp_.number(), text.data(), text.size(), 0, peer, size);
}

// One question a connection is what resolvers do here.
void dns_server::serve_tcp(descriptor connection) {
    try {
        stream peer{std::move(connection), stop_.number()};
        std::string question;
        std::array<char, 4096> bytes;
        while (question.size() < 2 || question.size() < 2U + get16(question, 0)) {
            auto const got = peer.read_some(bytes.data(), bytes.size());
            if (got == 0) return;
            question.append(bytes.data(), got);
        }
        auto const text = reply(std::string_view{question}.substr(2), false);
        if (text.empty()) return;
        std::string framed;
        put16(framed, text.size());
        peer.write(framed + text);
    } catch (std::exception const&) {
        // The peer may leave, and the server be stopped.
    }
}

dns_server::zone* dns_server::find(std::string const& name) {
    auto const found = zones_.find(name);
    return found == zones_.end() ? nullptr : &found->second;
}

unsigned dns_server::add_records(
    std::string& to, std::string_view owner, zone& of, std::uint16_t type) {
    if (type == type_srv) {
        for (srv_record const& one : of.srv) {
            std::string content;
            put16(content, one.priority);
            put16(content, one.weight);
            put16(content, one.port);
            add_record(to, owner, type, of.ttl, content + encoded(one.target));
        }
        return static_cast<unsigned>(of.srv.size());
    }
    if (type != type_a && type != type_aaaa) return 0;
    auto const& all = type == type_a ? of.a : of.aaaa;
    auto const size = of.rotation == 0 ? all.size() : std::min(of.rotation, all.size());
    for (std::size_t i = 0; i < size; ++i) {
        auto const& address = all[(of.next + i) % all.size()];
        add_record(to, owner, type, of.ttl, packed(type == type_a ? AF_INET : AF_INET6, address));
    }
    if (of.rotation != 0 && size != 0) of.next += std::max<std::size_t>(size / 2, 1);
    return static_cast<unsigned>(size);
}

std::string dns_server::reply(std::string_view question, bool over_udp) {
    std::string name;
    std::size_t at = header_bytes;
    while (at < question.size() && question[at] != 0) {
        auto const length = static_cast<std::size_t>(question[at]);
        name += (name.empty() ? "" : ".") + std::string{question.substr(at + 1, length)};
        at += length + 1;
    }
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    std::uint16_t const type = get16(question, at + 1);
    std::size_t const question_end = at + 5;

    std::lock_guard lock{mutex_};
    zone* of = find(name);
    if (!over_udp) ++tcp_questions_;
    if (of != nullptr) ++of->questions;
    asked_.notify_all();
    if (mute_aaaa_ && type == type_aaaa) return {};
    std::string records;
    unsigned count = 0;
    unsigned code = of == nullptr ? 3 : 0;
    if (of != nullptr && of->fails) {
        switch (of->failure) {
            case dns_failure::nxdomain: code = 3; break;
            case dns_failure::servfail: code = 2; break;
            case dns_failure::refused: code = 5; break;
            case dns_failure::empty: break;
            case dns_failure::silence: return {};
        }
    } else if (of != nullptr && !of->cname.empty()) {
        add_record(records, name, type_cname, of->ttl, encoded(of->cname));
        zone* const target = find(of->cname);
        count = 1 + (target == nullptr ? 0 : add_records(records, of->cname, *target, type));
    } else if (of != nullptr) {
        count = add_records(records, name, *of, type);
    }
    bool const cut = over_udp && truncates_;
    std::string out{question.substr(0, 2)};
    put16(out, 0x8180U | (cut ? 0x0200U : 0U) | code);
    put16(out, 1);
    put16(out, cut ? 0 : count);
    put16(out, 0);
    put16(out, 0);
    out += question.substr(header_bytes, question_end - header_bytes);
    return cut ? out : out + records;
}

}  // namespace gateway::support
