// SPDX-License-Identifier: Apache-2.0
#include "support/raw_client.hpp"

namespace gateway::support {

message raw_client::receive() { return receive({}); }

message raw_client::receive(body_sink const& sink) {
    auto response = receive_only_head();
    auto const status = response.status();
    // These never have a body, whatever their fields say (RFC 9112 6.3 rule 1).
    if (status >= 200 && status != 204 && status != 304) {
        receive_body(response, unframed::ends_with_connection, sink);
    }
    return response;
}

message raw_client::receive_only_head() {
    auto response = receive_head();
    if (!response) throw connection_lost{"closed instead of a response"};
    return *response;
}

std::string get_request(std::string_view target, std::string_view fields) {
    std::string request{"GET "};
    request.append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(fields).append("\r\n");
    return request;
}

std::string post_request(std::string_view target, std::string_view body, std::string_view fields) {
    std::string request{"POST "};
    request.append(target).append(" HTTP/1.1\r\nHost: test\r\nContent-Length: ");
    request.append(std::to_string(body.size())).append("\r\n").append(fields);
    return request.append("\r\n").append(body);
}

message get(std::uint16_t port, std::string_view target, std::string_view fields) {
    return ask(port, get_request(target, fields));
}

message ask(std::uint16_t port, std::string_view request) {
    raw_client client{port};
    client.send(request);
    return client.receive();
}

}  // namespace gateway::support
