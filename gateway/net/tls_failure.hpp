// SPDX-License-Identifier: Apache-2.0
// OpenSSL's reasons in our words.
#pragma once

#include "base/error.hpp"

#include <openssl/types.h>

#include <string>

namespace gateway::net {

// Of a certificate that was not accepted; `error` is one of X509_V_ERR_*.
cause cause_of_rejection(int error) noexcept;

// "certificate has expired: CN=api.example.com, until Jan  1 00:00:00 2026 GMT"
std::string describe_rejection(X509_STORE_CTX* checked);

// Of the first error in OpenSSL's queue while a handshake or a read went on. `certificate_wanted`:
// the peer had asked for ours.
cause cause_of_error(unsigned long error, bool certificate_wanted) noexcept;

std::string describe_error(unsigned long error);

}  // namespace gateway::net
