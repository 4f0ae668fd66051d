// SPDX-License-Identifier: Apache-2.0
// Where a message's body ends (RFC 9112 6). One verdict per message: whatever two parsers could
// read differently is refused, not repaired.
#pragma once

#include "base/error.hpp"
#include "http/head.hpp"

#include <cstdint>

namespace gateway::http {

enum class body_kind : std::uint8_t { none, length, chunked, until_close };

struct body_framing {
    body_kind kind = body_kind::none;
    std::uint64_t length = 0;  // of kind `length`; may be 0
};

// ambiguous_framing, unsupported_transfer_coding, or malformed_field for a bad Content-Length.
// A request without Content-Length and Transfer-Encoding has no body.
cause frame_request(request_head const&, body_framing& out) noexcept;

// response_malformed. Answers to HEAD, 1xx, 204, 304 and 2xx to CONNECT have no body whatever
// their fields say; the fields must make sense all the same.
cause frame_response(response_head const&, method request_method, body_framing& out) noexcept;

enum class expectation : std::uint8_t { none, continue_100 };

// unsupported_expectation for anything but one "100-continue" (RFC 9110 10.1.1).
cause read_expectation(request_head const&, expectation& out) noexcept;

}  // namespace gateway::http
