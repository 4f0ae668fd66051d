// SPDX-License-Identifier: Apache-2.0
// JSON of others, read by a parser that calls itself for each level of nesting.
#pragma once

#include <boost/property_tree/ptree_fwd.hpp>

#include <optional>
#include <string_view>

namespace gateway::net {

// Nothing when it is no JSON, or nests deeper than anything that is read here does: the depth of a
// peer's choosing would be our stack's.
std::optional<boost::property_tree::ptree> read_shallow_json(std::string_view text);

}  // namespace gateway::net
