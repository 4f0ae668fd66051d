// SPDX-License-Identifier: Apache-2.0
#include "http/forwarded.hpp"

#include "base/ascii.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace gateway::http {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// "203.0.113.7", "203.0.113.7:1234", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:1234": load
// balancers write all of these.
bool parse_entry(std::string_view text, address16& out) noexcept {
    std::string_view port;
    if (text.starts_with('[')) {
        auto const end = text.find(']');
        if (end == std::string_view::npos) return false;
        port = text.substr(end + 1);
        text = text.substr(1, end - 1);
        if (text.find(':') == std::string_view::npos) return false;
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        auto const colon = text.find(':');
        port = text.substr(colon);
        text = text.substr(0, colon);
    }
    std::uint64_t ignored = 0;
    bool const port_fine =
        port.empty() || (port[0] == ':' && ascii::parse_decimal(port.substr(1), 65'535, ignored));
    return port_fine && parse_address(text, out);
}

// Every request prints one of these, and inet_ntop goes through printf.
std::string_view print_v4(std::uint8_t const* bytes, char* const out) noexcept {
    char* at = out;
    for (int i = 0; i < 4; ++i) {
        unsigned const value = bytes[i];
        if (value >= 100) *at++ = static_cast<char>('0' + value / 100);
        if (value >= 10) *at++ = static_cast<char>('0' + value / 10 % 10);
        *at++ = static_cast<char>('0' + value % 10);
        *at++ = '.';
    }
    return {out, static_cast<std::size_t>(at - 1 - out)};
}

}  // namespace

bool parse_address(std::string_view text, address16& out) noexcept {
    std::array<char, address_text_max + 1> terminated;
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
    *std::copy(text.begin(), text.end(), terminated.begin()) = '\0';
    if (text.find(':') != std::string_view::npos) {
        return ::inet_pton(AF_INET6, terminated.data(), out.data()) == 1;
    }
    std::array<std::uint8_t, 4> v4;
    if (::inet_pton(AF_INET, terminated.data(), v4.data()) != 1) return false;
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), out.begin());
    std::copy(v4.begin(), v4.end(), out.begin() + mapped_prefix.size());
    return true;
}

bool is_mapped_ipv4(address16 const& address) noexcept {
    return std::memcmp(address.data(), mapped_prefix.data(), mapped_prefix.size()) == 0;
}

std::string_view print_address(
    address16 const& address, std::span<char, address_text_max + 1> out) noexcept {
    if (is_mapped_ipv4(address)) {
        return print_v4(address.data() + mapped_prefix.size(), out.data());
    }
    // Cannot fail: the family is known and the buffer is large enough.
    ::inet_ntop(AF_INET6, address.data(), out.data(), static_cast<socklen_t>(out.size()));
    return out.data();
}

bool contains(address_range const& range, address16 const& address) noexcept {
    std::size_t const whole = range.prefix_bits / 8;
    if (std::memcmp(range.network.data(), address.data(), whole) != 0) return false;
    unsigned const bits = range.prefix_bits % 8;
    if (bits == 0) return true;
    unsigned const mask = 0xff00U >> bits & 0xffU;
    return ((range.network[whole] ^ address[whole]) & mask) == 0;
}

bool contains(std::span<address_range const> ranges, address16 const& address) noexcept {
    return std::any_of(ranges.begin(), ranges.end(), [&](address_range const& range) {
        return contains(range, address);
    });
}

address16 client_address(
    head const& request, address16 const& peer, std::span<address_range const> trusted) noexcept {
    address16 nearest = peer;
    if (!request.has(field_id::x_forwarded_for)) return nearest;
    auto const fields = request.fields();
    for (auto f = fields.rbegin(); f != fields.rend(); ++f) {
        if (f->id != field_id::x_forwarded_for) continue;
        auto list = request.value(*f);
        for (bool more = true; more;) {
            if (!contains(trusted, nearest)) return nearest;
            auto const comma = list.rfind(',');
            more = comma != std::string_view::npos;
            auto const entry = ascii::trim(more ? list.substr(comma + 1) : list);
            if (!parse_entry(entry, nearest)) return nearest;
            if (more) list = list.substr(0, comma);
        }
    }
    return nearest;
}

}  // namespace gateway::http
