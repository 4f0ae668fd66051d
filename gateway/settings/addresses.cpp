// SPDX-License-Identifier: Apache-2.0
// Syntaxes for addresses, ports, hosts and networks.
#include "settings/problem.hpp"
#include "settings/syntax.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace gateway::settings {
namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t dns_port = 53;
constexpr std::uint16_t https_port = 443;
constexpr std::string_view http_scheme = "http://";
constexpr std::string_view https_scheme = "https://";

using address_bytes = std::array<std::uint8_t, 16>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_ipv4(std::string const& text) {
    in_addr out{};
    return inet_pton(AF_INET, text.c_str(), &out) == 1;
}

bool is_ipv6(std::string const& text) {
    in6_addr out{};
    return inet_pton(AF_INET6, text.c_str(), &out) == 1;
}

// A host name as resolvers take it. Underscores are no part of RFC 1123 and common in container
// networks. All digits and dots would be an address with a slip, so the last label needs a letter.
bool is_host_name(std::string_view text) {
    if (!text.empty() && text.back() == '.') text.remove_suffix(1);
    if (text.empty() || text.size() > 253) return false;
    std::string_view label;
    while (true) {
        std::size_t const dot = text.find('.');
        label = text.substr(0, dot);
        if (label.empty() || label.size() > 63) return false;
        if (label.front() == '-' || label.back() == '-') return false;
        bool const fits = std::all_of(label.begin(), label.end(), [](char c) {
            return is_alphanumeric(c) || c == '-' || c == '_';
        });
        if (!fits) return false;
        if (dot == std::string_view::npos) break;
        text.remove_prefix(dot + 1);
    }
    return !all_digits(label);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    if (!all_digits(text) || text.size() > 5) return std::nullopt;
    unsigned port = 0;
    std::from_chars(text.data(), text.data() + text.size(), port);
    if (port > 65'535) return std::nullopt;
    return static_cast<std::uint16_t>(port);
}

struct host_and_port {
    std::string host;                      // Without brackets.
    std::optional<std::string_view> port;  // As written.
    bool bracketed = false;
};

std::optional<host_and_port> split(std::string_view text) {
    host_and_port out;
    if (!text.empty() && text.front() == '[') {
        std::size_t const end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        out.host = text.substr(1, end - 1);
        out.bracketed = true;
        text.remove_prefix(end + 1);
        if (text.empty()) return out;
        if (text.front() != ':') return std::nullopt;
        out.port = text.substr(1);
        return out;
    }
    std::size_t const colon = text.find(':');
    out.host = text.substr(0, colon);
    if (colon != std::string_view::npos) out.port = text.substr(colon + 1);
    return out;
}

constexpr std::string_view expected_port = "a port from 0 to 65535";
constexpr std::string_view expected_endpoint_port = "a port from 1 to 65535";

std::optional<address_bytes> parse_address(std::string const& text) {
    address_bytes out{};
    if (inet_pton(AF_INET6, text.c_str(), out.data()) == 1) return out;
    if (inet_pton(AF_INET, text.c_str(), out.data() + 12) != 1) return std::nullopt;
    out[10] = out[11] = 0xff;
    return out;
}

bool is_ipv4_mapped(address_bytes const& bytes) {
    return std::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; }) &&
           bytes[10] == 0xff && bytes[11] == 0xff;
}

address_bytes masked(address_bytes bytes, unsigned prefix_bits) {
    for (unsigned i = 0; i < bytes.size(); ++i) {
        unsigned const kept = std::clamp(prefix_bits, i * 8, i * 8 + 8) - i * 8;
        bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> kept));
    }
    return bytes;
}

// Somebody pastes a URL.
std::string scheme_hint(std::string_view text) {
    std::size_t const scheme = text.find("://");
    if (scheme == text.npos) return {};
    std::string_view const host = text.substr(scheme + 3);
    return "write the host alone: " + std::string{host.substr(0, host.find_first_of(":/"))};
}

// inet_pton stops at a NUL that the text may hold.
bool holds_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

std::optional<host_port> listen_address::parse(std::string_view text, refusal& why) {
    if (holds_nul(text)) return std::nullopt;
    host_port const every_address{"0.0.0.0", 0};
    if (all_digits(text)) {
        std::optional<std::uint16_t> const port = parse_port(text);
        if (!port) why.expected = expected_port;
        return port ? std::optional{host_port{every_address.host, *port}} : std::nullopt;
    }
    std::optional<host_and_port> const parts = split(text);
    if (!parts) return std::nullopt;
    if (!parts->bracketed && is_ipv6(std::string{text})) {
        // Its last group may be meant as the port.
        std::size_t const last = text.rfind(':');
        std::string const before{text.substr(0, last)};
        bool const port = is_ipv6(before) && parse_port(text.substr(last + 1));
        std::string const whole{text};
        why.hint = "write an IPv6 address in brackets, with a port: " +
                   (port ? '[' + before + "]:" + whole.substr(last + 1) : '[' + whole + "]:80");
        return std::nullopt;
    }
    bool const every = parts->host.empty() || parts->host == "*";
    std::string const host = every && !parts->bracketed ? every_address.host : parts->host;
    if (parts->bracketed ? !is_ipv6(host) : !is_ipv4(host)) {
        if (host == "localhost") {
            std::string const port = parts->port ? ':' + std::string{*parts->port} : std::string{};
            why.hint = "did you mean \"127.0.0.1" + port + "\"?";
        }
        if (is_host_name(host)) why.expected = "an address, not a name, to listen on";
        return std::nullopt;
    }
    if (!parts->port) {
        why.expected = "an address with a port";
        why.hint = "did you mean " + in_quotes(std::string{text} + ":80") + "?";
        return std::nullopt;
    }
    std::optional<std::uint16_t> const port = parse_port(*parts->port);
    if (!port) why.expected = expected_port;
    return port ? std::optional{host_port{host, *port}} : std::nullopt;
}

std::string listen_address::text(host_port const& what) {
    bool const v6 = what.host.find(':') != std::string::npos;
    return (v6 ? '[' + what.host + ']' : what.host) + ':' + std::to_string(what.port);
}

std::optional<endpoint> endpoint_address::parse(std::string_view text, refusal& why) {
    bool const tls = text.substr(0, https_scheme.size()) == https_scheme;
    bool const plain = text.substr(0, http_scheme.size()) == http_scheme;
    if (tls || plain) {
        text.remove_prefix(tls ? https_scheme.size() : http_scheme.size());
        if (!text.empty() && text.back() == '/') text.remove_suffix(1);
    }
    bool const other_scheme = text.find("://") != std::string_view::npos;
    if (other_scheme) {
        why.expected = "an endpoint with http://, https:// or neither";
        return std::nullopt;
    }
    if (text.find('/') != std::string_view::npos) {
        why.hint = "an endpoint has no path";
        return std::nullopt;
    }
    if (holds_nul(text)) return std::nullopt;
    std::optional<host_and_port> const parts = split(text);
    if (!parts) return std::nullopt;
    if (!parts->bracketed && is_ipv6(std::string{text})) {
        why.hint = "write an IPv6 address in brackets: [" + std::string{text} + "]";
        return std::nullopt;
    }
    bool const well_formed =
        parts->bracketed ? is_ipv6(parts->host) : is_ipv4(parts->host) || is_host_name(parts->host);
    if (!well_formed) return std::nullopt;
    if (is_service_name(parts->host) && parts->port) {
        why.expected = "an SRV name without a port: its records have the ports";
        return std::nullopt;
    }
    if (!parts->port)
        return endpoint{.address = {parts->host, tls ? https_port : http_port}, .tls = tls};
    std::optional<std::uint16_t> const port = parse_port(*parts->port);
    if (!port || *port == 0) {
        why.expected = expected_endpoint_port;
        return std::nullopt;
    }
    return endpoint{.address = {parts->host, *port}, .tls = tls};
}

std::string endpoint_address::text(endpoint const& what) {
    bool const srv = is_service_name(what.address.host);
    std::string const address = srv ? what.address.host : listen_address::text(what.address);
    return what.tls ? std::string{https_scheme} + address : address;
}

std::optional<host_port> name_server::parse(std::string_view text, refusal& why) {
    if (holds_nul(text)) return std::nullopt;
    if (is_ipv6(std::string{text})) return host_port{std::string{text}, dns_port};
    std::optional<host_and_port> const parts = split(text);
    if (!parts || !(parts->bracketed ? is_ipv6(parts->host) : is_ipv4(parts->host))) {
        if (parts && is_host_name(parts->host)) {
            why.expected = "the address of a name server, not a name";
        }
        return std::nullopt;
    }
    if (!parts->port) return host_port{parts->host, dns_port};
    std::optional<std::uint16_t> const port = parse_port(*parts->port);
    if (!port || *port == 0) {
        why.expected = expected_endpoint_port;
        return std::nullopt;
    }
    return host_port{parts->host, *port};
}

std::string name_server::text(host_port const& what) { return listen_address::text(what); }

std::optional<address_range> network::parse(std::string_view text, refusal& why) {
    if (holds_nul(text)) return std::nullopt;
    std::size_t const slash = text.find('/');
    std::optional<address_bytes> const bytes = parse_address(std::string{text.substr(0, slash)});
    if (!bytes) return std::nullopt;
    bool const v4 = text.substr(0, slash).find(':') == std::string_view::npos;
    unsigned const bits_max = v4 ? 32 : 128;
    unsigned bits = bits_max;
    if (slash != std::string_view::npos) {
        std::optional<std::uint16_t> const written = parse_port(text.substr(slash + 1));
        if (!written || *written > bits_max) {
            why.expected = "a prefix length from 0 to " + std::to_string(bits_max) + " after the /";
            return std::nullopt;
        }
        bits = *written;
    }
    unsigned const mapped_bits = v4 ? bits + 96 : bits;
    address_range const range{masked(*bytes, mapped_bits), static_cast<std::uint8_t>(mapped_bits)};
    // Bits past the prefix are either a slip in the address or a slip in the length.
    if (range.network != *bytes) {
        why.expected = "an address range with nothing set past its prefix";
        why.hint = "did you mean \"" + network::text(range) + "\"?";
        return std::nullopt;
    }
    return range;
}

std::string network::text(address_range const& what) {
    bool const v4 = is_ipv4_mapped(what.network) && what.prefix_bits >= 96;
    char buffer[INET6_ADDRSTRLEN] = {};
    inet_ntop(v4 ? AF_INET : AF_INET6, what.network.data() + (v4 ? 12 : 0), buffer, sizeof buffer);
    unsigned const bits = v4 ? what.prefix_bits - 96U : what.prefix_bits;
    bool const single = bits == (v4 ? 32U : 128U);
    return single ? std::string{buffer} : std::string{buffer} + '/' + std::to_string(bits);
}

std::optional<std::string> host_pattern::parse(std::string_view text, refusal& why) {
    std::string host{text};
    std::transform(host.begin(), host.end(), host.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    std::string_view name = host;
    if (name.substr(0, 2) == "*.") name.remove_prefix(2);
    if (is_host_name(name) || is_ipv4(host)) return host;
    std::optional<host_and_port> const parts = split(text);
    if (parts && parts->bracketed && !parts->port && is_ipv6(parts->host)) return host;
    if (parts && parts->port) why.hint = "leave the port out: a route matches every port";
    if (text.find("://") != text.npos) why.hint = scheme_hint(text);
    if (text == "*") why.hint = "leave the key out to match every host";
    return std::nullopt;
}

std::optional<std::string> server_name::parse(std::string_view text, refusal& why) {
    refusal of_pattern;
    std::optional<std::string> const host = host_pattern::parse(text, of_pattern);
    if (!host || host->substr(0, 2) == "*.") {
        std::optional<host_and_port> const parts = split(text);
        if (parts && parts->port) why.hint = "leave the port out";
        if (text.find("://") != text.npos) why.hint = scheme_hint(text);
        return std::nullopt;
    }
    bool const bracketed = host->front() == '[';
    return bracketed ? host->substr(1, host->size() - 2) : *host;
}

std::optional<std::string> host_field::parse(std::string_view text, refusal&) {
    std::optional<host_and_port> const parts = split(text);
    if (holds_nul(text) || !parts) return std::nullopt;
    bool const well_formed =
        parts->bracketed ? is_ipv6(parts->host) : is_ipv4(parts->host) || is_host_name(parts->host);
    bool const port_fits = !parts->port || parse_port(*parts->port);
    return well_formed && port_fits ? std::optional{std::string{text}} : std::nullopt;
}

}  // namespace gateway::settings
