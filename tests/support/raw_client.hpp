// SPDX-License-Identifier: Apache-2.0
// A client that sends exactly the bytes it is told to and shows exactly what came back.
#pragma once

#include "support/http_stream.hpp"

#include <string>
#include <string_view>

namespace gateway::support {

class raw_client : public http_stream {
public:
    explicit raw_client(std::uint16_t port) : http_stream{stream::connect(port)} {}
    explicit raw_client(stream connection) : http_stream{std::move(connection)} {}

    // The next response, an interim one (1xx) too, with its body.
    message receive();
    message receive(body_sink const& sink);
    // The next response's head only: to a HEAD request, or where the body is read by hand.
    message receive_only_head();
};

// "GET target HTTP/1.1" with a Host field and `fields`, each "Name: value\r\n".
std::string get_request(std::string_view target, std::string_view fields = {});
std::string post_request(
    std::string_view target, std::string_view body, std::string_view fields = {});

// One request on a connection of its own.
message get(std::uint16_t port, std::string_view target, std::string_view fields = {});
message ask(std::uint16_t port, std::string_view request);

}  // namespace gateway::support
