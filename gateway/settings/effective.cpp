// SPDX-License-Identifier: Apache-2.0
// The schema's rows once more, this time from the structs to the file.
#include "settings/effective.hpp"

#include "settings/schema.hpp"
#include "settings/syntax.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>

namespace gateway::settings {
namespace {

constexpr std::string_view masked = "***";

std::string_view home_of(std::string_view path) {
    std::size_t const dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

std::string_view key_of(std::string_view path) { return path.substr(path.rfind('.') + 1); }

// Whatever YAML or the expansion of variables could take for something else stands in quotes.
std::string quoted(std::string_view text) {
    auto const plain_character = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.' || c == '/';
    };
    constexpr std::array<std::string_view, 4> special{"null", "Null", "NULL", "-"};
    bool const plain = !text.empty() && text.front() != '-' && text.front() != '.' &&
                       std::all_of(text.begin(), text.end(), plain_character) &&
                       std::find(special.begin(), special.end(), text) == special.end();
    if (plain) return std::string{text};
    std::string out{'"'};
    for (char const c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '$') out += '$';
        out += c;
    }
    return out += '"';
}

bool is_one_of(std::string_view key, std::initializer_list<std::string_view> keys) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// A key that another setting leaves without effect; validate refuses it where it is written.
bool is_idle(row const& self, owner from) {
    std::string_view const home = home_of(self.path);
    std::string_view const key = key_of(self.path);
    if (home == "upstreams.*.balance") {
        auto const method = std::get<upstream*>(from)->balance.method;
        if (key == "hash_on") return method != balance_method::hash;
        return method != balance_method::sticky_cookie &&
               is_one_of(key, {"cookie", "cookie_max_age", "cookie_secure"});
    }
    if (home == "upstreams.*.health_check") {
        health_check const& check = std::get<upstream*>(from)->health_check;
        if (key == "expect_body" && check.method == "HEAD") return true;
        return check.kind == probe_kind::tcp &&
               is_one_of(
                   key, {"path", "method", "host", "headers", "expect_status", "expect_body"});
    }
    if (self.path == "limits.header_line") {
        limits const& all = std::get<snapshot*>(from)->limits;
        return all.header_line_bytes > all.header_bytes;
    }
    return false;
}

class writer {
public:
    explicit writer(snapshot& all) : all_(all) {}

    std::string text() {
        section("", &all_);
        return std::move(out_);
    }

private:
    void section(std::string_view path, owner from) {
        for (row const& one : rows()) {
            if (home_of(one.path) == path) write(one, from);
        }
    }

    void line(std::string_view text) {
        out_.append(depth_ * 2, ' ');
        if (first_of_item_) {
            out_.replace(out_.size() - 2, 2, "- ");
            first_of_item_ = false;
        }
        out_.append(text).append("\n");
    }

    // What is below a key; without anything the key goes too.
    template <class Content>
    void below(std::string_view key, Content const& content) {
        std::size_t const before = out_.size();
        bool const first_before = first_of_item_;
        line(std::string{key} + ":");
        std::size_t const empty = out_.size();
        ++depth_;
        content();
        --depth_;
        if (out_.size() != empty) return;
        out_.resize(before);
        first_of_item_ = first_before;
    }

    template <class Items>
    void list_of_maps(row const& self, Items& items) {
        std::string const path = std::string{self.path} + "[]";
        below(key_of(self.path), [&] {
            for (auto& each : items) {
                ++depth_;
                first_of_item_ = true;
                section(path, &each);
                first_of_item_ = false;
                --depth_;
            }
        });
    }

    void upstreams(row const& self) {
        below(key_of(self.path), [&] {
            for (upstream& each : all_.upstreams) {
                below(quoted(each.name), [&] { section("upstreams.*", &each); });
            }
        });
    }

    // A section whose mere presence means something, and that is not there.
    static bool is_absent(std::string_view path, owner from) {
        if (path == "upstreams.*.health_check") {
            return !std::get<upstream*>(from)->health_check.enabled;
        }
        if (path == "upstreams.*.tls") {
            auto const& all = std::get<upstream*>(from)->endpoints;
            return std::none_of(all.begin(), all.end(), [](auto const& each) { return each.tls; });
        }
        return path == "routes[].mirror" && std::get<route*>(from)->mirror.upstream.empty();
    }

    void write(row const& self, owner from) {
        std::string const key{key_of(self.path)};
        if (is_idle(self, from)) return;
        if (self.path == "listeners") return list_of_maps(self, all_.listeners);
        if (self.path == "routes") return list_of_maps(self, all_.routes);
        if (self.path == "upstreams") return upstreams(self);
        if (self.path == "tests") return list_of_maps(self, all_.tests);
        if (self.path == "upstreams.*.endpoints") {
            return list_of_maps(self, std::get<upstream*>(from)->endpoints);
        }
        if (self.path == "upstreams.*.endpoints[].address") {
            return line(key + ": " + quoted(endpoint_address::text(*std::get<endpoint*>(from))));
        }
        switch (self.value.shape) {
            case shape::section:
                if (!is_absent(self.path, from)) below(key, [&] { section(self.path, from); });
                break;
            case shape::value: {
                std::string const text = self.value.default_text(from);
                if (text.empty()) break;
                bool const hidden = self.shown == secrecy::secret;
                line(key + ": " + quoted(hidden ? masked : std::string_view{text}));
                break;
            }
            case shape::list: list(self, key, from); break;
            case shape::map: map(self, key, from); break;
        }
    }

    void list(row const& self, std::string const& key, owner from) {
        std::string all;
        for (auto const& [name, text] : self.value.items(from)) {
            all.append(all.empty() ? "" : ", ").append(quoted(text));
        }
        bool const may_be_empty = self.within.max != 0 && self.within.min == 0;
        if (!all.empty() || may_be_empty) line(key + ": [" + all + "]");
    }

    void map(row const& self, std::string const& key, owner from) {
        bool const hidden = self.shown == secrecy::secret || self.value.type == field_value::type;
        below(key, [&] {
            for (auto const& [name, text] : self.value.items(from)) {
                line(quoted(name) + ": " + quoted(hidden ? masked : std::string_view{text}));
            }
        });
    }

    snapshot& all_;
    std::string out_;
    std::size_t depth_ = 0;
    bool first_of_item_ = false;  // the next line begins an item of a list
};

}  // namespace

std::string effective_text(snapshot const& all) {
    // The schema reads and writes through one kind of owner.
    snapshot copy = all;
    return writer{copy}.text();
}

}  // namespace gateway::settings
