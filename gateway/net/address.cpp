// SPDX-License-Identifier: Apache-2.0
#include "net/address.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace gateway::net {
namespace {

sockaddr_in const& as_v4(sockaddr_storage const& raw) {
    return reinterpret_cast<sockaddr_in const&>(raw);
}
sockaddr_in6 const& as_v6(sockaddr_storage const& raw) {
    return reinterpret_cast<sockaddr_in6 const&>(raw);
}

}  // namespace

address::address(sockaddr_storage const& raw) noexcept : storage_(raw) {}

std::optional<address> address::from_literal(std::string const& host, std::uint16_t port) {
    sockaddr_storage raw{};
    auto& v4 = reinterpret_cast<sockaddr_in&>(raw);
    if (host.empty() || ::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        return address{raw};
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(raw);
    v6 = {};
    if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        return address{raw};
    }
    return std::nullopt;
}

address address::from_bytes(
    std::array<std::uint8_t, 16> const& bytes, std::uint16_t port) noexcept {
    static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    sockaddr_storage raw{};
    if (std::memcmp(bytes.data(), mapped.data(), mapped.size()) == 0) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(raw);
        v4.sin_family = AF_INET;
        std::memcpy(&v4.sin_addr, bytes.data() + mapped.size(), 4);
    } else {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(raw);
        v6.sin6_family = AF_INET6;
        std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    }
    address out{raw};
    out.set_port(port);
    return out;
}

socklen_t address::raw_size() const noexcept {
    return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

std::uint16_t address::port() const noexcept {
    return ntohs(family() == AF_INET6 ? as_v6(storage_).sin6_port : as_v4(storage_).sin_port);
}

void address::set_port(std::uint16_t port) noexcept {
    if (family() == AF_INET6) {
        reinterpret_cast<sockaddr_in6&>(storage_).sin6_port = htons(port);
    } else {
        reinterpret_cast<sockaddr_in&>(storage_).sin_port = htons(port);
    }
}

std::array<std::uint8_t, 16> address::bytes() const noexcept {
    std::array<std::uint8_t, 16> out{};
    if (family() == AF_INET6) {
        std::memcpy(out.data(), &as_v6(storage_).sin6_addr, 16);
    } else {
        out[10] = out[11] = 0xff;
        std::memcpy(out.data() + 12, &as_v4(storage_).sin_addr, 4);
    }
    return out;
}

std::string address::host_text() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (family() == AF_INET6) {
        ::inet_ntop(AF_INET6, &as_v6(storage_).sin6_addr, text, sizeof text);
    } else {
        ::inet_ntop(AF_INET, &as_v4(storage_).sin_addr, text, sizeof text);
    }
    return text;
}

std::string address::text() const {
    std::string const host = host_text();
    std::string const end = ":" + std::to_string(port());
    return family() == AF_INET6 ? "[" + host + "]" + end : host + end;
}

}  // namespace gateway::net
