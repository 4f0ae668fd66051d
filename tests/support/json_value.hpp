// SPDX-License-Identifier: Apache-2.0
// Any JSON text, read by path: value["upstreams"][0]["name"].text(). What is not there throws, so
// reading is a check too.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::support {

class json_value {
public:
    // Throws std::runtime_error unless the whole text is one value and no map repeats a name.
    static json_value parse(std::string_view text);

    bool has(std::string const& name) const { return members_.contains(name); }
    json_value const& operator[](std::string const& name) const;
    json_value const& operator[](std::size_t index) const;
    std::vector<json_value> const& items() const;
    std::size_t size() const { return items().size(); }
    // The item of the list whose member `name` is that text.
    json_value const& with(std::string const& name, std::string const& text) const;

    std::string const& text() const;
    double number() const;
    bool flag() const;
    bool is_null() const { return kind_ == kind::null; }
    bool is_flat_map() const;  // no list or map inside

private:
    enum class kind { null, flag, number, text, list, map };
    struct reader;

    void expect(kind wanted) const;

    kind kind_ = kind::null;
    std::string scalar_;
    std::vector<json_value> items_;
    std::map<std::string, json_value> members_;
};

}  // namespace gateway::support
