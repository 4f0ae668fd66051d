// SPDX-License-Identifier: Apache-2.0
// OpenSSL's way to our socket calls.
#pragma once

#include "net/tls_engine.hpp"

namespace gateway::net {

// Reads and writes `of.descriptor`; borrows `of`. Null when there is no memory.
BIO* new_socket_bio(tls_engine::wire& of) noexcept;

}  // namespace gateway::net
