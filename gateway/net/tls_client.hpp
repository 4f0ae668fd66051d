// SPDX-License-Identifier: Apache-2.0
// How one core speaks TLS to one upstream: the context with its rules, the names its endpoints must
// prove, and what is remembered of each address. Lives on one core.
#pragma once

#include "base/error.hpp"
#include "net/address.hpp"
#include "net/tls_credentials.hpp"
#include "net/tls_engine.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gateway::net {

class tls_client;

// What a core remembers of one address under one name.
struct tls_memory {
    address of;
    std::unique_ptr<SSL_SESSION, tls_release> session;  // the latest; null before the first
    cause failing = cause::none;                        // of the last handshake, as logged
    std::uint32_t used_at = 0;
};

// A name that endpoints have to prove, and the addresses that were asked to.
class tls_peer {
public:
    // Addresses remembered for one name; beyond it the one unused for longest is forgotten.
    static constexpr std::size_t addresses_max = 256;

    tls_peer(tls_client& of, std::string name) : of_(of), name_(std::move(name)) {}

    std::string const& name() const noexcept { return name_; }

    // TLS for a socket that is connected to `to`. Null when there is no memory.
    std::unique_ptr<tls_engine> begin(address const& to, int descriptor);

    // A handshake with `to` came to its end; says so in the log when that is news.
    void ended(address const& to, cause failed, std::string const& detail);

private:
    tls_memory& memory_of(address const& to);

    tls_client& of_;
    std::string name_;
    // By pointer: connections that are open refer to them.
    std::vector<std::unique_ptr<tls_memory>> remembered_;
    std::uint32_t uses_ = 0;
};

class tls_client {
public:
    // Throws std::runtime_error when OpenSSL refuses `with`.
    tls_client(settings::upstream const& wanted, tls_credentials const& with);
    tls_client(tls_client const&) = delete;
    tls_client& operator=(tls_client const&) = delete;

    // The upstream has other endpoints now, and the same rules and files. Peers whose names are
    // still there stay, with what is remembered of their addresses.
    void arrange(settings::upstream const& wanted);

    // Of the upstream's `position`-th endpoint in the settings; null when that one is plain.
    tls_peer* peer(std::size_t position) const noexcept { return by_position_[position]; }

    bool has(tls_peer const* one) const noexcept;

private:
    friend class tls_peer;

    std::string upstream_;
    std::unique_ptr<SSL_CTX, tls_release> context_;
    std::vector<std::unique_ptr<tls_peer>> peers_;  // one for each name there ever was
    std::vector<tls_peer*> by_position_;
};

}  // namespace gateway::net
