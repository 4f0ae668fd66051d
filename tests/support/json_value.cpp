// SPDX-License-Identifier: Apache-2.0
#include "support/json_value.hpp"

#include "support/json_check.hpp"

#include <algorithm>
#include <stdexcept>

namespace gateway::support {

// For texts that json_check has found to be valid. Escapes beyond ASCII become "?": no test
// compares them.
struct json_value::reader {
    std::string_view rest;

    char next() {
        auto const at = rest.find_first_not_of(" \t\r\n");
        rest.remove_prefix(at);
        return rest.front();
    }
    void take(std::size_t count) { rest.remove_prefix(count); }

    std::string string() {
        next();
        take(1);
        std::string out;
        while (rest.front() != '"') {
            char c = rest.front();
            take(1);
            if (c != '\\') {
                out += c;
                continue;
            }
            c = rest.front();
            take(1);
            switch (c) {
                case 'n': out += '\n'; break;
                case 't': out += '\t'; break;
                case 'r': out += '\r'; break;
                case 'b': out += '\b'; break;
                case 'f': out += '\f'; break;
                case 'u': {
                    int const code = std::stoi(std::string{rest.substr(0, 4)}, nullptr, 16);
                    out += code < 0x80 ? static_cast<char>(code) : '?';
                    take(4);
                    break;
                }
                default: out += c;
            }
        }
        take(1);
        return out;
    }

    json_value value() {
        json_value out;
        switch (next()) {
            case '{':
                out.kind_ = kind::map;
                take(1);
                while (next() != '}') {
                    if (rest.front() == ',') take(1);
                    std::string name = string();
                    next();
                    take(1);  // the colon
                    if (!out.members_.emplace(name, value()).second) {
                        throw std::runtime_error{"a repeated name in JSON: " + name};
                    }
                }
                take(1);
                break;
            case '[':
                out.kind_ = kind::list;
                take(1);
                while (next() != ']') {
                    if (rest.front() == ',') take(1);
                    out.items_.push_back(value());
                }
                take(1);
                break;
            case '"':
                out.kind_ = kind::text;
                out.scalar_ = string();
                break;
            default: {
                auto const end = std::min(rest.find_first_of(",]} \t\r\n"), rest.size());
                out.scalar_ = rest.substr(0, end);
                take(end);
                bool const flag = out.scalar_ == "true" || out.scalar_ == "false";
                out.kind_ = out.scalar_ == "null" ? kind::null : flag ? kind::flag : kind::number;
            }
        }
        return out;
    }
};

json_value json_value::parse(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    if (!json_check::valid(text)) throw std::runtime_error{"not JSON: " + std::string{text}};
    return reader{text}.value();
}

bool json_value::is_flat_map() const {
    return kind_ == kind::map &&
           std::none_of(members_.begin(), members_.end(), [](auto const& each) {
               return each.second.kind_ == kind::map || each.second.kind_ == kind::list;
           });
}

void json_value::expect(kind wanted) const {
    if (kind_ != wanted) throw std::runtime_error{"another kind of JSON value: " + scalar_};
}

json_value const& json_value::operator[](std::string const& name) const {
    expect(kind::map);
    auto const found = members_.find(name);
    if (found == members_.end()) throw std::runtime_error{"no member " + name};
    return found->second;
}

std::vector<json_value> const& json_value::items() const {
    expect(kind::list);
    return items_;
}

json_value const& json_value::operator[](std::size_t index) const { return items().at(index); }

json_value const& json_value::with(std::string const& name, std::string const& text) const {
    for (json_value const& each : items()) {
        if (each.has(name) && each[name].text() == text) return each;
    }
    throw std::runtime_error{"no item with " + name + " " + text};
}

std::string const& json_value::text() const {
    expect(kind::text);
    return scalar_;
}

double json_value::number() const {
    expect(kind::number);
    return std::stod(scalar_);
}

bool json_value::flag() const {
    expect(kind::flag);
    return scalar_ == "true";
}

}  // namespace gateway::support
