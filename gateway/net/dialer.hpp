// SPDX-License-Identifier: Apache-2.0
// Opens a TCP connection to one address under a deadline.
#pragma once

#include "base/error.hpp"
#include "net/address.hpp"
#include "net/stream.hpp"
#include "runtime/core.hpp"
#include "runtime/task.hpp"

namespace gateway::net {

// cause::none: `into` is connected and watched by `home`. Otherwise one of connect_refused,
// connect_timeout, connect_failed, out_of_descriptors or the cause `into` was aborted with
// meanwhile, and `into` is closed.
runtime::task<cause> dial(
    runtime::core& home, address to, runtime::deadline_list& deadlines, stream& into);

}  // namespace gateway::net
