// SPDX-License-Identifier: Apache-2.0
// The questions and what their answers mean. How the bytes travel is name_channel's.
#include "net/name_query.hpp"

#include "net/name_channel.hpp"

#include <arpa/nameser.h>
#include <ifaddrs.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>
#include <utility>

namespace gateway::net {
namespace {

using upstream::dns_answer;
using upstream::dns_record;
using upstream::look_up;

constexpr milliseconds forever{std::numeric_limits<std::int32_t>::max()};

look_up outcome_of(int status) {
    switch (status) {
        case ARES_SUCCESS: return look_up::found;
        case ARES_ENOTFOUND: return look_up::not_found;
        case ARES_ENODATA: return look_up::empty;
        // What c-ares makes of the SERVFAIL or REFUSED of the last server it had left.
        case ARES_ECONNREFUSED:
        case ARES_ESERVFAIL:
        case ARES_EREFUSED:
        case ARES_ENOTIMP:
        case ARES_EFORMERR: return look_up::server_failed;
        case ARES_ETIMEOUT:
        case ARES_ECANCELLED: return look_up::timed_out;
        default: return look_up::failed;
    }
}

std::string words_of(int status) {
    switch (status) {
        case ARES_ECONNREFUSED: return "every name server refused, failed or was not there";
        case ARES_ECANCELLED: return ares_strerror(ARES_ETIMEOUT);
        default: return ares_strerror(status);
    }
}

// The name servers said for sure what they have of a family.
bool is_certain(int status) {
    return status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA;
}

// An address that other machines could reach: with none of a family it is not asked for.
bool has_ipv6() {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return false;
    bool found = false;
    for (ifaddrs const* each = all; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET6) continue;
        in6_addr const& at = reinterpret_cast<sockaddr_in6 const*>(each->ifa_addr)->sin6_addr;
        found = found || !(IN6_IS_ADDR_LOOPBACK(&at) || IN6_IS_ADDR_LINKLOCAL(&at));
    }
    ::freeifaddrs(all);
    return found;
}

std::vector<int> families_of(settings::dns_family wanted) {
    switch (wanted) {
        case settings::dns_family::ipv4: return {AF_INET};
        case settings::dns_family::ipv6: return {AF_INET6};
        case settings::dns_family::both: return {AF_INET, AF_INET6};
        case settings::dns_family::automatic: break;
    }
    return has_ipv6() ? std::vector{AF_INET, AF_INET6} : std::vector{AF_INET};
}

// The shortest TTL of an answer's records, which c-ares does not tell for SRV (RFC 1035 4.1).
milliseconds least_ttl(unsigned char const* bytes, int size) {
    milliseconds least = forever;
    auto const number = [&](int at) { return bytes[at] << 8 | bytes[at + 1]; };
    if (size < 12) return least;
    int const questions = number(4);
    int const answers = number(6);
    int at = 12;
    for (int i = 0; i < questions + answers; ++i) {
        char* name = nullptr;
        long used = 0;
        if (at >= size || ares_expand_name(bytes + at, bytes, size, &name, &used) != ARES_SUCCESS) {
            return least;
        }
        ares_free_string(name);
        at += static_cast<int>(used) + (i < questions ? 4 : 10);
        if (i < questions) continue;
        if (at > size) return least;
        std::chrono::seconds const ttl{
            static_cast<std::int64_t>(number(at - 6)) << 16 | number(at - 4)};
        least = std::min<milliseconds>(least, std::min<std::chrono::seconds>(ttl, 24h));
        at += number(at - 2);
    }
    return least;
}

}  // namespace

struct name_query::channel {
    // A host whose addresses are asked for: the name itself, or a target of its SRV records.
    struct host_part {
        channel* owner = nullptr;
        std::string host;
        std::uint16_t port = 0;
        std::uint16_t weight = 1;
        std::uint16_t priority = 0;
    };

    // One question of one family.
    struct family_part {
        host_part* of = nullptr;
        int family = AF_INET;
        int status = ARES_ETIMEOUT;
        std::vector<upstream::place> found;
    };

    channel(
        boost::asio::io_context& control,
        settings::dns const& with,
        std::string name,
        std::uint16_t port_number,
        settled who)
        : limits(with),
          host(std::move(name)),
          port(port_number),
          told(std::move(who)),
          families(families_of(with.family)),
          lane(control, with, [this] { finish(); }) {}

    void begin();
    void ask_service();
    void ask_host(host_part& of);
    bool find_in_hosts_file(host_part& of);
    family_part& begin_part(host_part& of, int family);
    void ask(ares_channel where, family_part& part);
    void service_answered(int status, unsigned char* bytes, int size);
    void family_answered(family_part& part, int status, ares_addrinfo const* found);
    void settle_one();
    void finish();
    name_query_result result() const;
    void add_records(dns_answer& to) const;

    settings::dns const& limits;
    std::string host;
    std::uint16_t port;
    settled told;
    std::vector<int> families;
    milliseconds ttl = forever;
    int service_status = ARES_SUCCESS;
    std::deque<host_part> hosts;
    std::deque<family_part> parts;
    std::size_t open = 0;  // questions without an answer yet
    name_channel lane;     // last: its end calls back into the others
};

void name_query::channel::begin() {
    ++open;
    if (!lane.is_usable()) {
        service_status = ARES_ENOTINITIALIZED;
    } else if (settings::is_service_name(host)) {
        ask_service();
    } else {
        hosts.push_back({this, host, port});
        ask_host(hosts.back());
    }
    settle_one();
    lane.go_on();
}

void name_query::channel::ask_service() {
    ++open;
    service_status = ARES_ETIMEOUT;
    ares_search(
        lane.handle(), host.c_str(), ns_c_in, ns_t_srv,
        [](void* self, int status, int, unsigned char* bytes, int size) {
            static_cast<channel*>(self)->service_answered(status, bytes, size);
        },
        this);
}

void name_query::channel::service_answered(int status, unsigned char* bytes, int size) {
    if (lane.is_ending()) return;
    ares_srv_reply* all = nullptr;
    if (status == ARES_SUCCESS) status = ares_parse_srv_reply(bytes, size, &all);
    service_status = status;
    if (status == ARES_SUCCESS) {
        ttl = std::min(ttl, least_ttl(bytes, size));
        for (ares_srv_reply const* each = all; each != nullptr; each = each->next) {
            // A target of "." says that the service is not offered here (RFC 2782).
            if (*each->host == '\0' || each->port == 0 || hosts.size() == limits.addresses)
                continue;
            hosts.push_back({this, each->host, each->port, each->weight, each->priority});
        }
        if (hosts.empty()) service_status = ARES_ENODATA;
    }
    if (all != nullptr) ares_free_data(all);
    for (host_part& each : hosts) ask_host(each);
    settle_one();
}

void name_query::channel::ask_host(host_part& of) {
    if (auto const literal = address::from_literal(of.host, of.port)) {
        family_part& part = begin_part(of, literal->family());
        part.status = ARES_SUCCESS;
        part.found.push_back({literal->bytes(), of.port});
        return;
    }
    if (find_in_hosts_file(of)) return;
    for (int const family : families) {
        ++open;
        ask(lane.handle(), begin_part(of, family));
    }
}

name_query::channel::family_part& name_query::channel::begin_part(host_part& of, int family) {
    family_part& part = parts.emplace_back();
    part.of = &of;
    part.family = family;
    return part;
}

void name_query::channel::ask(ares_channel where, family_part& part) {
    // Sorting would open a socket to each address.
    ares_addrinfo_hints hints{};
    hints.ai_flags = ARES_AI_NOSORT;
    hints.ai_family = part.family;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(
        where, part.of->host.c_str(), nullptr, &hints,
        [](void* self, int status, int, ares_addrinfo* found) {
            auto& asked = *static_cast<family_part*>(self);
            asked.of->owner->family_answered(asked, status, found);
            if (found != nullptr) ares_freeaddrinfo(found);
        },
        &part);
}

// As getaddrinfo does: a name that /etc/hosts has is not asked for anywhere else. Both families are
// asked for at once, because c-ares adds ::1 to a `localhost` that the file has for IPv4 only.
bool name_query::channel::find_in_hosts_file(host_part& of) {
    ++open;
    family_part& part = begin_part(of, families.size() > 1 ? AF_UNSPEC : families.front());
    ask(lane.files(), part);
    if (part.found.empty()) {
        parts.pop_back();
        return false;
    }
    ttl = std::min<milliseconds>(ttl, limits.ttl_max);
    return true;
}

void name_query::channel::family_answered(
    family_part& part, int status, ares_addrinfo const* found) {
    if (lane.is_ending()) return;
    part.status = status;
    auto const shorten = [this](int seconds) {
        if (seconds > 0)
            ttl = std::min<milliseconds>(ttl, std::min<std::chrono::seconds>(1s * seconds, 24h));
    };
    if (found != nullptr) {
        for (auto const* each = found->nodes; each != nullptr; each = each->ai_next) {
            if (part.family != AF_UNSPEC && each->ai_family != part.family) continue;
            sockaddr_storage raw{};
            std::memcpy(&raw, each->ai_addr, each->ai_addrlen);
            part.found.push_back({address{raw}.bytes(), part.of->port});
            shorten(each->ai_ttl);
        }
        for (auto const* each = found->cnames; each != nullptr; each = each->next) {
            shorten(each->ttl);
        }
    }
    if (status == ARES_SUCCESS && part.found.empty()) part.status = ARES_ENODATA;
    // Many name servers never answer for the family they do not know: it gets a moment longer.
    if (part.status == ARES_SUCCESS) lane.hurry();
    settle_one();
}

void name_query::channel::settle_one() {
    if (--open == 0) lane.end_soon();
}

void name_query::channel::finish() {
    settled const who = std::move(told);
    who(result());
}

void name_query::channel::add_records(dns_answer& to) const {
    std::uint16_t first = std::numeric_limits<std::uint16_t>::max();
    for (family_part const& part : parts) {
        if (!part.found.empty()) first = std::min(first, part.of->priority);
    }
    for (family_part const& part : parts) {
        for (upstream::place const& at : part.found) {
            to.records.push_back({at, part.of->weight, part.of->priority != first});
        }
        if (is_certain(part.status)) continue;
        (part.family == AF_INET6 ? to.v6_known : to.v4_known) = false;
    }
}

name_query_result name_query::channel::result() const {
    name_query_result out;
    add_records(out.answer);
    // What /etc/hosts and literal addresses say has no TTL.
    out.answer.ttl = std::min(ttl, lane.asks_docker() ? limits.docker_ttl_max : limits.ttl_max);
    if (!out.answer.records.empty()) {
        out.how = look_up::found;
        return out;
    }
    int status = service_status;
    for (family_part const& part : parts) {
        // A name server's silence tells more than another's "no such name".
        if (status == ARES_SUCCESS || !is_certain(part.status)) status = part.status;
    }
    out.how = status == ARES_SUCCESS ? look_up::empty : outcome_of(status);
    out.reason = words_of(status);
    return out;
}

name_query::name_query(
    boost::asio::io_context& control,
    settings::dns const& limits,
    std::string host,
    std::uint16_t port,
    settled told)
    : channel_(std::make_unique<channel>(control, limits, std::move(host), port, std::move(told))) {
    channel_->begin();
}

name_query::~name_query() = default;

}  // namespace gateway::net
