// SPDX-License-Identifier: Apache-2.0
// One flat JSON object (RFC 8259), as a log line or an error body is one. Anything else throws, so
// reading a line is also the proof that it is well-formed.
#pragma once

#include "support/json_value.hpp"

#include <string>
#include <string_view>

namespace gateway::support {

class json_object {
public:
    explicit json_object(std::string_view line);

    bool has(std::string const& name) const { return value_.has(name); }
    std::string text(std::string const& name) const;  // a string's value, escapes decoded
    double number(std::string const& name) const;
    std::string const& line() const { return line_; }

private:
    std::string line_;
    json_value value_;
};

}  // namespace gateway::support
