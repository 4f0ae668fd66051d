// SPDX-License-Identifier: Apache-2.0
// Ties a key of the schema to a syntax and a member. `Members` lead from the owner to the value:
// scalar<duration, &snapshot::timeouts, &timeouts::connect>.
#pragma once

#include "settings/reader.hpp"
#include "settings/schema.hpp"
#include "settings/syntax.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gateway::settings {

template <class Member>
struct class_of;
template <class Class, class Value>
struct class_of<Value Class::*> {
    using type = Class;
};

template <auto First, auto... Rest>
auto& reach(owner from) {
    auto& object = *std::get<typename class_of<decltype(First)>::type*>(from);
    return ((object.*First).*....*Rest);
}

// For "unlimited" and the like, where 0 says that.
inline std::string hint_of_nothing(row const& self, std::string_view text) {
    if (self.sentence.find("0 means no limit") == std::string_view::npos) return {};
    for (std::string_view const each : {"unlimited", "none", "off", "no", "infinite", "infinity"}) {
        if (text == each) return "write 0 for no limit";
    }
    return {};
}

// Reads one scalar, notes what is wrong with it, and returns nothing then.
template <class Syntax>
std::optional<typename Syntax::value> read_value(
    reader& in, row const& self, node const& from, secrecy how) {
    refusal why{std::string{Syntax::expected}, {}};
    if (from.kind == node_kind::scalar && !from.refused) {
        std::optional<typename Syntax::value> value = Syntax::parse(from.text, why);
        if constexpr (requires { Syntax::measure(*value); }) {
            if (value && self.value.shape == shape::value &&
                !self.within.hold(Syntax::measure(*value))) {
                why.expected = "from " + self.value.bound_text(self.within.min) + " to " +
                               self.value.bound_text(self.within.max);
                value.reset();
            }
        }
        if (value) return value;
        if (why.hint.empty()) why.hint = hint_of_nothing(self, from.text);
    }
    in.refuse(from, shown(from, how), std::move(why.expected), std::move(why.hint));
    return std::nullopt;
}

inline std::string item_count_text(std::uint64_t bound) { return std::to_string(bound); }

template <class Syntax>
std::string bound_text_of(std::uint64_t bound) {
    if constexpr (requires(typename Syntax::value value) { Syntax::measure(value); }) {
        return Syntax::text(static_cast<typename Syntax::value>(bound));
    } else {
        return item_count_text(bound);
    }
}

template <class Syntax, auto... Members>
struct scalar_binding {
    static void read(reader& in, row const& self, node const& value, owner into) {
        auto parsed = read_value<Syntax>(in, self, value, self.shown);
        if (parsed) reach<Members...>(into) = std::move(*parsed);
    }
    static std::string default_text(owner from) {
        auto const& value = reach<Members...>(from);
        if constexpr (requires { value.has_value(); }) {
            return value ? Syntax::text(*value) : std::string{};
        } else {
            return Syntax::text(value);
        }
    }
};

template <class Syntax, auto... Members>
struct list_binding {
    static void read(reader& in, row const& self, node const& value, owner into) {
        if (!fits_list(in, self, value)) return;
        auto& list = reach<Members...>(into);
        list.clear();
        for (std::size_t i = 0; i < value.items.size(); ++i) {
            reader::step const here{in, '[' + std::to_string(i) + ']'};
            auto parsed = read_value<Syntax>(in, self, value.items[i], self.shown);
            if (parsed) list.push_back(std::move(*parsed));
        }
    }
    static std::string default_text(owner from) {
        std::string out;
        for (auto const& item : reach<Members...>(from)) {
            out += (out.empty() ? "" : ", ") + Syntax::text(item);
        }
        return out;
    }
    static binding::written items(owner from) {
        binding::written out;
        for (auto const& item : reach<Members...>(from)) out.emplace_back("", Syntax::text(item));
        return out;
    }
};

// Pairs in the order of the file.
template <class Key, class Value, auto... Members>
struct pairs_binding {
    static void read(reader& in, row const& self, node const& value, owner into) {
        if (!fits_map(in, self, value)) return;
        auto& pairs = reach<Members...>(into);
        for (std::size_t i = 0; i < value.items.size(); ++i) {
            reader::step const here{in, value.keys[i].written};
            if (is_repeated_name(in, value, i)) continue;
            auto name = read_value<Key>(in, self, value.keys[i], secrecy::open);
            auto text = read_value<Value>(in, self, value.items[i], self.shown);
            if (name && text) pairs.emplace_back(std::move(*name), std::move(*text));
        }
    }
    static std::string default_text(owner) { return {}; }
    static binding::written items(owner from) {
        binding::written out;
        for (auto const& [name, value] : reach<Members...>(from)) {
            out.emplace_back(Key::text(name), Value::text(value));
        }
        return out;
    }
};

template <class Syntax, auto... Members>
inline constexpr binding scalar{
    shape::value,
    Syntax::type,
    Syntax::expected,
    &scalar_binding<Syntax, Members...>::read,
    &scalar_binding<Syntax, Members...>::default_text,
    &bound_text_of<Syntax>};

template <class Syntax, auto... Members>
inline constexpr binding list_of{
    shape::list,
    Syntax::type,
    Syntax::expected,
    &list_binding<Syntax, Members...>::read,
    &list_binding<Syntax, Members...>::default_text,
    &item_count_text,
    &list_binding<Syntax, Members...>::items};

template <class Key, class Value, auto... Members>
inline constexpr binding map_of{
    shape::map,
    Value::type,
    Value::expected,
    &pairs_binding<Key, Value, Members...>::read,
    &pairs_binding<Key, Value, Members...>::default_text,
    &item_count_text,
    &pairs_binding<Key, Value, Members...>::items};

}  // namespace gateway::settings
