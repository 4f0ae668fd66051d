// SPDX-License-Identifier: Apache-2.0
// How the values of settings are written. Each syntax is a type that knows its name, what to say it
// looks like, how to read it and how to write it back; the schema names one for every key.
//
//     using value = ...;                       what it fills
//     static constexpr std::string_view type;      for the reference page
//     static constexpr std::string_view expected;  for error messages
//     static std::optional<value> parse(std::string_view text, refusal& why);
//     static std::string text(value const&);   what parse reads as the same value
//     static std::uint64_t measure(value);     only where bounds make sense: what they are held
//     against
#pragma once

#include "settings/settings.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::settings {

// Filled by a parse that fails and knows more than its syntax's `expected` says.
struct refusal {
    std::string expected;
    std::string hint;
};

struct duration {
    using value = milliseconds;
    static constexpr std::string_view type = "duration";
    static constexpr std::string_view expected = "a duration such as 500ms, 10s, 5m or 1h";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
    static std::uint64_t measure(value what) { return static_cast<std::uint64_t>(what.count()); }
};

struct size {
    using value = byte_count;
    static constexpr std::string_view type = "size";
    static constexpr std::string_view expected = "a size such as 4096, 64KiB, 10MiB or 1GiB";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
    static std::uint64_t measure(value what) { return what; }
};

struct count {
    using value = std::uint32_t;
    static constexpr std::string_view type = "number";
    static constexpr std::string_view expected = "a whole number";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
    static std::uint64_t measure(value what) { return what; }
};

// A count that may be left to the machine, held as 0.
struct thread_count {
    using value = std::uint32_t;
    static constexpr std::string_view type = "number or `auto`";
    static constexpr std::string_view expected = "auto or a number of threads";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
    static std::uint64_t measure(value what) { return what == 0 ? 1 : what; }
};

// How often something happens that may be off or left to the gateway.
struct heartbeat_time {
    using value = milliseconds;
    static constexpr std::string_view type = "duration, `auto` or `off`";
    static constexpr std::string_view expected = "auto, off or a duration such as 20s";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
    static constexpr milliseconds least{100};
    // The words are within any bounds.
    static std::uint64_t measure(value what) {
        return static_cast<std::uint64_t>(what > no_heartbeat ? what.count() : least.count());
    }
};

struct flag {
    using value = bool;
    static constexpr std::string_view type = "boolean";
    static constexpr std::string_view expected =
        "true or false (on and off, yes and no do as well)";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

struct level_name {
    using value = log_level;
    static constexpr std::string_view type = "`trace`, `debug`, `info`, `warn` or `error`";
    static constexpr std::string_view expected = "one of trace, debug, info, warn and error";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

struct access_mode_name {
    using value = access_log_mode;
    static constexpr std::string_view type = "`json`, `logfmt`, `combined` or `off`";
    static constexpr std::string_view expected = "one of json, logfmt, combined and off";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

struct encoded_slash_name {
    using value = encoded_slash_mode;
    static constexpr std::string_view type = "`pass` or `refuse`";
    static constexpr std::string_view expected = "pass or refuse";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

struct log_field_name {
    using value = log_field;
    static constexpr std::string_view type = "field";
    static constexpr std::string_view expected =
        "a field of the access log such as status or duration";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

// The name of a query parameter, as it is when decoded.
struct parameter_name {
    using value = std::string;
    static constexpr std::string_view type = "name";
    static constexpr std::string_view expected =
        "the name of a query parameter, of at most 64 visible ASCII characters";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// Empty for none, so that it may come from a variable.
struct file_path {
    using value = std::string;
    static constexpr std::string_view type = "path";
    static constexpr std::string_view expected =
        "an absolute path of a file such as /var/log/gateway/access.log";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// Where to listen: "0.0.0.0:80", "[::1]:80", ":80" or "80", the last two on every IPv4 address.
struct listen_address {
    using value = host_port;
    static constexpr std::string_view type = "address";
    static constexpr std::string_view expected =
        "an address to listen on such as 0.0.0.0:8080, [::]:8080 or 8080";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

// Where to connect: "name", "name:5000", "10.0.0.7:5000", "[fd00::7]:5000"; port 80 when none is
// given. "http://" before it is tolerated; "https://" means TLS, and port 443 when none is given.
struct endpoint_address {
    using value = endpoint;
    static constexpr std::string_view type = "endpoint";
    static constexpr std::string_view expected =
        "an endpoint such as backend:5000, 10.0.0.7:5000 or https://api.example.com";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

// Whom to ask for addresses: "10.0.0.2", "10.0.0.2:5353", "[fd00::2]:53"; port 53 when none is
// given.
struct name_server {
    using value = host_port;
    static constexpr std::string_view type = "address";
    static constexpr std::string_view expected =
        "the address of a name server such as 10.0.0.2 or 10.0.0.2:53";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

struct family_name {
    using value = dns_family;
    static constexpr std::string_view type = "`auto`, `ipv4`, `ipv6` or `both`";
    static constexpr std::string_view expected = "one of auto, ipv4, ipv6 and both";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

struct network {
    using value = address_range;
    static constexpr std::string_view type = "address range";
    static constexpr std::string_view expected =
        "an address range such as 10.0.0.0/8, 192.0.2.7 or fd00::/8";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what);
};

// The syntaxes below hold text that only has to look right.

// A name of the operator's for an upstream: letters, digits, "-", "_" and ".".
struct upstream_name {
    using value = std::string;
    static constexpr std::string_view type = "name";
    static constexpr std::string_view expected =
        "a name of at most 64 letters, digits, dashes, dots and underscores";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// Whatever names a route in logs and metrics.
struct label {
    using value = std::string;
    static constexpr std::string_view type = "text";
    static constexpr std::string_view expected = "a text of 1 to 128 characters on one line";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// The host a route matches, lower case when read: requests are compared in lower case.
struct host_pattern {
    using value = std::string;
    static constexpr std::string_view type = "host";
    static constexpr std::string_view expected =
        "a host without a port such as example.com or *.example.com";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// A Host field's value: a host with or without a port.
struct host_field {
    using value = std::string;
    static constexpr std::string_view type = "host";
    static constexpr std::string_view expected = "a host such as example.com or example.com:8080";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// The name a server has to prove: no port, no wildcard; lower case when read.
struct server_name {
    using value = std::string;
    static constexpr std::string_view type = "host";
    static constexpr std::string_view expected =
        "a host without a port such as api.example.com or 10.0.0.7";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// Read when the configuration is checked, so it may be relative to where that happens.
struct pem_file {
    using value = std::string;
    static constexpr std::string_view type = "file";
    static constexpr std::string_view expected = "the path of a file";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

struct url_path {
    using value = std::string;
    static constexpr std::string_view type = "path";
    static constexpr std::string_view expected = "a path that starts with / such as /api/";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

struct method {
    using value = std::string;
    static constexpr std::string_view type = "method";
    static constexpr std::string_view expected = "a method in capitals such as GET or POST";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// The name of a field that a route may edit: not those that frame a message or belong to one hop.
struct field_name {
    using value = std::string;
    static constexpr std::string_view type = "header name";
    static constexpr std::string_view expected = "a header name such as X-Frame-Options";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

struct field_value {
    using value = std::string;
    static constexpr std::string_view type = "header value";
    static constexpr std::string_view expected =
        "a header value without line breaks, control characters or outer blanks";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return what; }
};

// A part's share beside those of the others.
struct weight {
    using value = std::uint32_t;
    static constexpr std::string_view type = "weight";
    static constexpr std::string_view expected = "a weight from 0 to 1000000";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return std::to_string(what); }
};

// The status of a response that an upstream gives when it cannot do its work.
struct retried_status {
    using value = std::uint16_t;
    static constexpr std::string_view type = "status";
    static constexpr std::string_view expected = "a status from 500 to 599";
    static std::optional<value> parse(std::string_view text, refusal& why);
    static std::string text(value const& what) { return std::to_string(what); }
};

}  // namespace gateway::settings
