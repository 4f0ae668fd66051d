// SPDX-License-Identifier: Apache-2.0
#include "app/handed_sockets.hpp"

#include "observe/log.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace gateway::app {
namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr std::size_t sockets_max = 4'096;

// The variable's value; it is gone afterwards.
std::string taken(char const* variable) {
    char const* const text = std::getenv(variable);
    if (text == nullptr) return {};
    std::string value{text};
    ::unsetenv(variable);
    return value;
}

std::uint64_t number_in(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::vector<std::string> parts_of(std::string_view text, char between) {
    std::vector<std::string> all;
    while (!text.empty()) {
        std::size_t const end = text.find(between);
        all.emplace_back(text.substr(0, end));
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return all;
}

// Nothing when it is no TCP socket that listens.
std::optional<net::address> bound_to(int descriptor) {
    int listens = 0;
    int type = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) return {};
    size = sizeof type;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return {};
    sockaddr_storage raw{};
    size = sizeof raw;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return {};
    bool const is_ip = raw.ss_family == AF_INET || raw.ss_family == AF_INET6;
    if (listens == 0 || type != SOCK_STREAM || !is_ip) return {};
    return net::address{raw};
}

bool same_host(net::address const& a, net::address const& b) { return a.bytes() == b.bytes(); }

std::string listed(std::vector<net::address> const& all) {
    std::string text;
    for (net::address const& each : all) text += (text.empty() ? "" : ", ") + each.text();
    return text;
}

[[noreturn]] void refuse(std::string const& what) {
    throw std::runtime_error{"socket activation: " + what};
}

int duplicate(int descriptor) {
    int const copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, first_descriptor);
    if (copy < 0) throw std::system_error{errno, std::generic_category(), "cannot share a socket"};
    return copy;
}

}  // namespace

struct handed_sockets::socket {
    int descriptor;
    std::string name;
    std::optional<net::address> at;
    bool claimed = false;

    std::string text() const {
        return "descriptor " + std::to_string(descriptor) + (name.empty() ? "" : " (" + name + ')');
    }
};

struct handed_sockets::told {
    std::vector<int> descriptors{};
    std::vector<std::string> names{};
    int line = -1;
};

handed_sockets::told handed_sockets::tell() {
    std::string const handover = taken(variable);
    std::uint64_t const pid = number_in(taken("LISTEN_PID"));
    std::uint64_t const count = number_in(taken("LISTEN_FDS"));
    std::vector<std::string> names = parts_of(taken("LISTEN_FDNAMES"), ':');
    told out;
    if (!handover.empty()) {
        out.line = static_cast<int>(number_in(handover));
        std::size_t const sockets = handover.find(':');
        if (sockets == handover.npos) return out;
        for (std::string const& each :
             parts_of(std::string_view{handover}.substr(sockets + 1), ',')) {
            out.descriptors.push_back(static_cast<int>(number_in(each)));
        }
        return out;
    }
    // Meant for somebody else whose environment we have.
    if (pid != static_cast<std::uint64_t>(::getpid())) return out;
    if (count > sockets_max) refuse(std::to_string(count) + " sockets are too many");
    for (std::size_t i = 0; i < count; ++i) {
        out.descriptors.push_back(first_descriptor + static_cast<int>(i));
    }
    out.names = std::move(names);
    return out;
}

void handed_sockets::take_in(std::vector<socket>& all, told const& from) {
    for (std::size_t i = 0; i < from.descriptors.size(); ++i) {
        int const descriptor = from.descriptors[i];
        std::string const name = i < from.names.size() ? from.names[i] : std::string{};
        socket one{descriptor, name, bound_to(descriptor)};
        if (!one.at) {
            refuse(
                one.text() +
                " is no TCP socket that listens; the socket unit needs ListenStream= with an "
                "address and a port");
        }
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        int const flags = ::fcntl(descriptor, F_GETFL);
        ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
        all.push_back(std::move(one));
    }
    count_ = all.size();
    line_ = from.line;
    if (line_ >= 0) ::fcntl(line_, F_SETFD, FD_CLOEXEC);
}

handed_sockets handed_sockets::take(
    std::vector<net::address> const& listeners, settings::host_port const& admin) {
    told const from = tell();
    handed_sockets out;
    if (from.descriptors.empty()) return out;
    std::vector<socket> all;
    out.take_in(all, from);
    bool const replaces = out.line_ >= 0;
    out.listeners_.resize(listeners.size());
    out.claim(all, listeners);
    if (replaces) out.claim_any_port(all, listeners);
    out.claim_admin(all, admin);
    for (socket const& each : all) {
        if (each.claimed) continue;
        if (replaces) {
            observe::log_warn("upgrade: no listener is on {} any more", each.at->text());
            ::close(each.descriptor);
            continue;
        }
        refuse(
            each.text() + " listens on " + each.at->text() +
            ", which is no listener of the configuration (" + listed(listeners) +
            ") and not the admin address; make ListenStream= and the address the same");
    }
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        if (replaces || !out.listeners_[i].empty()) continue;
        std::string const at = listeners[i].text();
        refuse(
            "there is no socket for the listener " + at + "; add ListenStream=" + at +
            " to the socket unit");
    }
    return out;
}

void handed_sockets::claim(std::vector<socket>& all, std::vector<net::address> const& listeners) {
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        for (socket& each : all) {
            if (each.claimed || !(*each.at == listeners[i])) continue;
            each.claimed = true;
            listeners_[i].push_back(each.descriptor);
        }
    }
}

// Of the process before, which got any free port: the first that nobody else has.
void handed_sockets::claim_any_port(
    std::vector<socket>& all, std::vector<net::address> const& listeners) {
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        if (listeners[i].port() != 0) continue;
        std::optional<net::address> at;
        for (socket& each : all) {
            if (each.claimed || !same_host(*each.at, listeners[i])) continue;
            if (!at) at = each.at;
            if (!(*each.at == *at)) continue;
            each.claimed = true;
            listeners_[i].push_back(each.descriptor);
        }
    }
}

void handed_sockets::claim_admin(std::vector<socket>& all, settings::host_port const& address) {
    auto const wanted = net::address::from_literal(address.host, address.port);
    if (!wanted) return;
    for (socket& each : all) {
        bool const fits = *each.at == *wanted ||
                          (line_ >= 0 && address.port == 0 && same_host(*each.at, *wanted));
        if (each.claimed || !fits) continue;
        each.claimed = true;
        admin_ = each.descriptor;
        return;
    }
}

// With fewer sockets than cores, the later cores hold the same ones as the first.
std::vector<int> handed_sockets::of(
    std::size_t listener, std::size_t core, std::size_t cores) const {
    if (listener >= listeners_.size()) return {};
    std::vector<int> const& sockets = listeners_[listener];
    if (sockets.empty()) return {};
    if (core >= sockets.size()) return {duplicate(sockets[core % sockets.size()])};
    std::vector<int> own;
    for (std::size_t i = core; i < sockets.size(); i += cores) own.push_back(sockets[i]);
    return own;
}

}  // namespace gateway::app
