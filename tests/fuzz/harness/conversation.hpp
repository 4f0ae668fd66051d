// SPDX-License-Identifier: Apache-2.0
// What the two sides of the gateway said to each other, read by the plain reader.
#pragma once

#include "harness/simulated_network.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gateway::fuzz {

struct said_response {
    int status = 0;
    std::string body;
    bool whole = false;
    bool from_gateway = false;  // an error of its own making
};

// Which of the client's requests are HEAD, as the gateway reads them; ends at a bad one.
std::vector<bool> head_requests_of(std::string_view sent_by_client);

// The final responses that a client got. Ends the program when the bytes are no responses, or when
// one that broke off looks as if it were whole.
std::vector<said_response> responses_to(
    simulated_link const& client, std::vector<bool> const& to_head, bool& tunnelled);

// The heads of the requests that went over an upstream connection; the last may lack its body. Ends
// the program when the bytes are no requests.
struct said_request {
    std::string method;
    std::string target;
    bool upgrade = false;
    bool whole = false;
};
std::vector<said_request> requests_over(simulated_link const& origin);

// The origin's responses to them, as the gateway reads these.
std::vector<said_response> responses_over(
    simulated_link const& origin, std::vector<said_request> const& requests);

}  // namespace gateway::fuzz
