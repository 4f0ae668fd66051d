// SPDX-License-Identifier: Apache-2.0
#include "support/json_object.hpp"

#include <stdexcept>

namespace gateway::support {
namespace {

// What cannot be read is told with the name it was looked for under and the line it is not in.
template <class Read>
auto read_from(std::string const& line, std::string const& name, Read read) {
    try {
        return read();
    } catch (std::exception const& problem) {
        throw std::runtime_error{'"' + name + "\": " + problem.what() + " in: " + line};
    }
}

}  // namespace

json_object::json_object(std::string_view line) : line_{line}, value_{json_value::parse(line)} {
    if (!value_.is_flat_map()) throw std::runtime_error{"not one flat JSON object: " + line_};
}

std::string json_object::text(std::string const& name) const {
    return read_from(line_, name, [&] { return value_[name].text(); });
}

double json_object::number(std::string const& name) const {
    return read_from(line_, name, [&] { return value_[name].number(); });
}

}  // namespace gateway::support
