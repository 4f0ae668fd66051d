// SPDX-License-Identifier: Apache-2.0
// The reference page: the schema in Markdown.
#include "settings/schema.hpp"

#include <string>

namespace gateway::settings {
namespace {

constexpr std::string_view introduction = R"(# Settings

Every key of the configuration file. This page is printed by `gateway --describe-settings`.

- A **duration** is a whole number and a unit: `500ms`, `10s`, `5m`, `1h`.
- A **size** is a number of bytes, or a whole number and a unit: `4096`, `64KiB`, `10MiB`, `1GiB`.
- A **boolean** is `true` or `false`; `on` and `off`, `yes` and `no` do as well.
- An **address** to listen on is `0.0.0.0:8080`, `[::]:8080`, `:8080` or `8080`.
- An **endpoint** is `host`, `host:port` or `[IPv6]:port`; the port is 80 when none is written.
  After `https://` it speaks TLS, and the port is 443 when none is written.
- An **address range** is `10.0.0.0/8`, `fd00::/8` or a single address.

Values may hold environment variables: `${NAME}`, or `${NAME:-default}` for when it is unset or
empty; `$$` is a plain `$`. In the tables, `[]` stands for an item of a list and `*` for a name of
your own.

A running gateway loads the file again on SIGHUP, or by itself with `runtime.reload_on_change`.
*Change* tells what a different value takes then: nothing more (live), or a new process (restart).
)";

// A default-constructed struct for the rows below one section.
struct blank_owners {
    snapshot root;
    listener one_listener;
    upstream one_upstream;
    route one_route;
    endpoint one_endpoint;
    request_test one_test;

    owner of(std::string_view path) {
        if (path.substr(0, 12) == "listeners[].") return &one_listener;
        if (path.starts_with("upstreams.*.endpoints[].")) return &one_endpoint;
        if (path.substr(0, 12) == "upstreams.*.") return &one_upstream;
        if (path.substr(0, 9) == "routes[].") return &one_route;
        if (path.starts_with("tests[].")) return &one_test;
        return &root;
    }
};

std::string type_of(row const& one) {
    std::string const type{one.value.type};
    if (one.value.shape == shape::list) return "list of " + type;
    if (one.value.shape == shape::map) return "map of name to " + type;
    return type;
}

std::string bounds_of(row const& one) {
    if (one.within.max == 0) return {};
    bool const items = one.value.shape != shape::value;
    return one.value.bound_text(one.within.min) + " to " + one.value.bound_text(one.within.max) +
           (items ? " items" : "");
}

std::string default_of(row const& one, owner blank) {
    if (one.presence == need::required) return "*required*";
    std::string const text = one.value.default_text(blank);
    if (text.empty() || text.find(' ') != std::string::npos) return text;
    return '`' + text + '`';
}

std::string_view word_of(reload change) { return change == reload::live ? "live" : "restart"; }

}  // namespace

std::string reference_page() {
    constexpr std::string_view header =
        "\n| key | type | default | bounds | change | meaning |\n|---|---|---|---|---|---|\n";
    blank_owners blank;
    std::string out{introduction};
    for (row const& one : rows()) {
        bool const top_level = one.path.find('.') == std::string_view::npos;
        if (top_level) {
            out += "\n## " + std::string{one.path} + "\n\n" + std::string{one.sentence} + '\n';
            out += header;
            if (one.value.shape == shape::section) continue;
        }
        std::string const sentence =
            top_level
                ? ""
                : std::string{one.sentence} +
                      (one.shown == secrecy::secret ? " Values are never shown in messages." : "");
        std::string const type = one.value.shape == shape::section ? "section" : type_of(one);
        out += "| `" + std::string{one.path} + "` | " + type + " | " +
               default_of(one, blank.of(one.path)) + " | " + bounds_of(one) + " | " +
               std::string{word_of(one.change)} + " | " + sentence + " |\n";
    }
    return out;
}

}  // namespace gateway::settings
