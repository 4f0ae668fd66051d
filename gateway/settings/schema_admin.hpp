// SPDX-License-Identifier: Apache-2.0
// The rows of the schema about the admin listener; a part of the table in schema.cpp.
#pragma once

#include "settings/admin_syntax.hpp"
#include "settings/schema_parts.hpp"

#include <array>

namespace gateway::settings {

inline constexpr auto admin_rows = std::to_array<row>({
    {"admin.token", scalar<admin_token, &snapshot::admin, &admin::token>, unbounded,
     reload::restart,
     "What `Authorization: Bearer` must say of whoever changes something: the log level, an "
     "endpoint, a route. Without it changes are accepted only while `admin.address` is on "
     "loopback. Reading asks for no token.",
     need::optional, secrecy::secret},
    {"admin.ready", scalar<ready_policy_name, &snapshot::admin, &admin::ready>, unbounded,
     reload::restart,
     "When /readyz says yes for the first time: as soon as connections are accepted, when some "
     "upstream has an available endpoint, or when each has. It stays so until the gateway drains."},
    {"admin.public_readiness", scalar<optional_path, &snapshot::admin, &admin::public_readiness>,
     unbounded, reload::restart,
     "A path such as `/healthz` that every listener answers as /readyz does, for a load balancer's "
     "health check: on any host, before any limit, never sent upstream, not in the access log."},
});

}  // namespace gateway::settings
