// SPDX-License-Identifier: Apache-2.0
// The answers that several endpoints give.
#pragma once

#include "demo/connection.hpp"

#include <string>
#include <string_view>

namespace gateway::demo {

// `body` must outlive the answer: a temporary of the awaiting expression does.
awaitable<void> reply_json(connection& client, unsigned status, std::string_view body);

// {"error": reason, "detail": detail} for a status of 400 or more.
awaitable<void> reply_problem(connection& client, unsigned status, std::string detail);

awaitable<void> reply_method_not_allowed(connection& client, std::string allowed);

}  // namespace gateway::demo
