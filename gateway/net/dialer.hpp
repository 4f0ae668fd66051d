// SPDX-License-Identifier: Apache-2.0
// Opens a connection to one address under a deadline: TCP, and TLS where it is asked for.
#pragma once

#include "base/error.hpp"
#include "net/address.hpp"
#include "net/stream.hpp"
#include "net/tls_client.hpp"
#include "runtime/core.hpp"
#include "runtime/task.hpp"

namespace gateway::net {

// cause::none: `into` is connected and watched by `home`. Otherwise one of connect_refused,
// connect_timeout, connect_failed, out_of_descriptors, one of tls_* or the cause `into` was aborted
// with meanwhile, and `into` is closed. With `tls` the other end has proved its name as well, all
// within the one deadline; null is plain TCP.
runtime::task<cause> dial(
    runtime::core& home,
    address to,
    runtime::deadline_list& deadlines,
    stream& into,
    tls_peer* tls = nullptr);

}  // namespace gateway::net
