// SPDX-License-Identifier: Apache-2.0
// A socket address as a value: family, address and port, with its text.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::net {

class address {
public:
    address() = default;
    explicit address(sockaddr_storage const& raw) noexcept;

    // A literal IPv4 or IPv6 address; an empty host means all interfaces. No name look-up.
    static std::optional<address> from_literal(std::string const& host, std::uint16_t port);

    // What `bytes` returns, and a port.
    static address from_bytes(
        std::array<std::uint8_t, 16> const& bytes, std::uint16_t port) noexcept;

    sockaddr const* raw() const noexcept { return reinterpret_cast<sockaddr const*>(&storage_); }
    socklen_t raw_size() const noexcept;
    int family() const noexcept { return storage_.ss_family; }
    std::uint16_t port() const noexcept;
    void set_port(std::uint16_t port) noexcept;

    // 16 bytes, IPv4 mapped into IPv6 (RFC 4291 2.5.5.2).
    std::array<std::uint8_t, 16> bytes() const noexcept;
    std::string host_text() const;
    std::string text() const;  // "10.0.0.7:5000", "[::1]:80"

    friend bool operator==(address const& a, address const& b) noexcept {
        return a.bytes() == b.bytes() && a.port() == b.port();
    }

private:
    sockaddr_storage storage_{};
};

}  // namespace gateway::net
