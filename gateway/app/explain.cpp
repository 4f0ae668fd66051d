// SPDX-License-Identifier: Apache-2.0
#include "app/explain.hpp"

#include "app/key_search.hpp"
#include "base/ascii.hpp"
#include "settings/schema.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::app {
namespace {

constexpr std::size_t label_width = 18;
constexpr std::size_t place_column = 64;
constexpr char const* by_default = "built-in default";

// A setting as a route, its upstream or the whole file may say it; the first that does counts.
struct setting_row {
    std::string_view label;
    std::string_view of_route;     // below "routes[]."; empty: it has no say
    std::string_view of_upstream;  // below "upstreams.*."
    std::string_view of_all;
};

constexpr auto timeout_rows = std::to_array<setting_row>({
    {"connect", "", "", "timeouts.connect"},
    {"request body", "timeouts.request_body", "", "timeouts.request_body"},
    {"response head", "timeouts.response_head", "", "timeouts.response_head"},
    {"response body", "timeouts.response_body", "", "timeouts.response_body"},
    {"write", "", "", "timeouts.write"},
    {"tunnel idle", "", "", "timeouts.tunnel_idle"},
});
constexpr auto limit_rows = std::to_array<setting_row>({
    {"body", "limits.body", "", "limits.body"},
    {"body rate", "", "", "limits.body_rate"},
    {"header", "", "", "limits.header"},
});
constexpr auto attempt_rows = std::to_array<setting_row>({
    {"extra tries", "retries.extra_tries", "retries.extra_tries", ""},
    {"again on status", "retries.on_status", "retries.on_status", ""},
    {"queue", "", "queue.requests", ""},
    {"queue wait", "", "queue.wait", ""},
});
constexpr auto upstream_rows = std::to_array<setting_row>({
    {"balance", "", "balance.method", ""},
    {"host sent", "", "host", ""},
});

class writer {
public:
    writer(settings::loaded const& of, asked_request const& what)
        : of_(of), by_(*of.value), what_(what), became_(previewer{by_}.preview(what)) {}

    std::string text() {
        out_ = what_.text + "\n\n";
        client();
        if (became_.route) route();
        if (became_.why != cause::none) {
            refusal();
            return std::move(out_);
        }
        upstreams();
        sent();
        answered();
        rows("time-outs", timeout_rows);
        rows("limits", limit_rows);
        rows("attempts", attempt_rows);
        return std::move(out_);
    }

private:
    std::string where(std::string const& key) const {
        auto const found = of_.places.find(key);
        return found == of_.places.end() ? by_default : place_text(of_.file, found->second);
    }

    void line(std::string_view label, std::string_view value, std::string const& place) {
        std::string one{label};
        one.resize(std::max(label_width, one.size() + 1), ' ');
        one += value;
        one.erase(one.find_last_not_of(' ') + 1);
        if (!place.empty()) one.resize(std::max(place_column, one.size() + 2), ' ');
        out_ += one + place + '\n';
    }

    settings::route const& taken() const { return by_.routes[*became_.route]; }
    std::string key() const { return route_key(*became_.route); }

    void client() {
        std::string from;
        if (became_.trusted_peer) {
            from = became_.client == what_.client ? ", a trusted proxy"
                                                  : ", told by the trusted proxy " + what_.client;
        }
        line("client", became_.client + from, where("forwarding.trusted_proxies"));
    }

    void route() {
        settings::route const& one = taken();
        line("route", one.name, where(key()));
        line("  host", one.host.empty() ? "every" : one.host, where(key() + ".host"));
        bool const exact = one.prefix.empty();
        line(
            exact ? "  path" : "  prefix", exact ? one.path : one.prefix,
            where(key() + (exact ? ".path" : ".prefix")));
        std::string methods;
        for (auto const& each : one.methods) methods += (methods.empty() ? "" : ", ") + each;
        line("  methods", methods.empty() ? "every" : methods, where(key() + ".methods"));
    }

    void refusal() {
        line(
            "answer",
            std::to_string(became_.status) + ' ' + std::string{word_of(became_.why)} +
                ", by the gateway itself",
            {});
        out_ += "  " + std::string{facts_of(became_.why).advice} + '\n';
        if (!became_.allow.empty()) line("  allowed", became_.allow, {});
    }

    void upstreams() {
        settings::route const& one = taken();
        if (one.split.empty()) {
            upstream("upstream", one.upstream, key() + ".upstream");
        }
        for (auto const& [name, weight] : one.split) {
            upstream("split " + std::to_string(weight), name, key() + ".split." + name);
        }
        if (!one.fallback.empty()) upstream("fallback", one.fallback, key() + ".fallback");
        if (!one.mirror.upstream.empty()) {
            upstream("mirror", one.mirror.upstream, key() + ".mirror.upstream");
        }
    }

    void upstream(std::string const& label, std::string const& name, std::string const& said_by) {
        line(label, name, where(said_by));
        auto const one = std::find_if(
            by_.upstreams.begin(), by_.upstreams.end(),
            [&](auto const& each) { return each.name == name; });
        std::string const home = "upstreams." + name;
        for (std::size_t i = 0; i < one->endpoints.size(); ++i) {
            settings::endpoint const& each = one->endpoints[i];
            std::string const address = (each.tls ? "https://" : "") + each.address.host + ':' +
                                        std::to_string(each.address.port);
            line("  endpoint", address, where(home + ".endpoints[" + std::to_string(i) + ']'));
        }
        for (setting_row const& each : upstream_rows) {
            show("  " + std::string{each.label}, each, *one);
        }
    }

    // Values that the file keeps secret are not shown here either.
    void sent() {
        out_ += "\nsent upstream\n";
        line("  " + became_.sent_line, "", {});
        fields(became_.sent, taken().request_headers, key() + ".request_headers", true);
        for (auto const& name : taken().request_headers.remove) {
            line("  without " + name, "", where(key() + ".request_headers.remove"));
        }
    }

    void answered() {
        out_ += "\nanswered, beside what the upstream says\n";
        field_list added;
        settings::header_edits const& edits = taken().response_headers;
        for (auto const& each : became_.answered) {
            bool const of_response = ascii::equal_ignoring_case(each.first, "Content-Length") ||
                                     ascii::equal_ignoring_case(each.first, "Date");
            if (!of_response) added.push_back(each);
        }
        fields(added, edits, key() + ".response_headers", false);
        for (auto const& name : edits.remove) {
            line("  without " + name, "", where(key() + ".response_headers.remove"));
        }
    }

    void fields(
        field_list const& all,
        settings::header_edits const& edits,
        std::string const& home,
        bool secret) {
        for (auto const& [name, value] : all) {
            std::string place;
            for (auto const& [kind, list] :
                 {std::pair{".set.", &edits.set}, std::pair{".add.", &edits.add}}) {
                for (auto const& [edited, unused] : *list) {
                    if (ascii::equal_ignoring_case(edited, name))
                        place = where(home + kind + edited);
                }
            }
            bool const hidden = secret && !place.empty();
            line("  " + name + ':', hidden ? "***" : value, place);
        }
    }

    template <std::size_t Count>
    void rows(std::string_view title, std::array<setting_row, Count> const& all) {
        out_ += '\n' + std::string{title} + '\n';
        settings::route const& one = taken();
        std::string const& name = one.split.empty() ? one.upstream : one.split.front().first;
        auto const upstream = std::find_if(
            by_.upstreams.begin(), by_.upstreams.end(),
            [&](auto const& each) { return each.name == name; });
        for (setting_row const& each : all) {
            show("  " + std::string{each.label}, each, *upstream);
        }
    }

    // As the reference page writes the value.
    void show(std::string const& label, setting_row const& one, settings::upstream const& of) {
        settings::snapshot all = by_;
        settings::route route = taken();
        settings::upstream upstream = of;
        std::string const route_path = key() + '.' + std::string{one.of_route};
        std::string const upstream_path =
            "upstreams." + of.name + '.' + std::string{one.of_upstream};
        std::string place = by_default;
        std::string value;
        if (!one.of_route.empty() && of_.places.contains(route_path)) {
            value = text_of("routes[]." + std::string{one.of_route}, &route);
            place = where(route_path);
        } else if (!one.of_upstream.empty()) {
            value = text_of("upstreams.*." + std::string{one.of_upstream}, &upstream);
            place = where(upstream_path);
        } else {
            value = text_of(one.of_all, &all);
            place = where(std::string{one.of_all});
        }
        line(label, value.empty() ? "-" : value, place);
    }

    static std::string text_of(std::string_view path, settings::owner from) {
        settings::row const* const row = settings::find_row(path);
        return row != nullptr ? row->value.default_text(from) : std::string{};
    }

    settings::loaded const& of_;
    settings::snapshot const& by_;
    asked_request const& what_;
    route_preview became_;
    std::string out_;
};

}  // namespace

std::string explanation(settings::loaded const& of, asked_request const& what) {
    return writer{of, what}.text();
}

}  // namespace gateway::app
