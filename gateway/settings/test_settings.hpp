// SPDX-License-Identifier: Apache-2.0
// A request and what must become of it: `gateway check` tries each. Nothing of it touches traffic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gateway::settings {

// Of what is empty or absent nothing is expected.
struct test_expectation {
    std::string route;
    std::string upstream;
    std::optional<std::uint32_t> status;  // of an answer of the gateway's own, such as 404
    std::string target;                   // path and query as they are sent upstream
    std::vector<std::pair<std::string, std::string>> sends;    // fields of the request upstream
    std::vector<std::string> drops;                            // fields that it has not
    std::vector<std::pair<std::string, std::string>> answers;  // fields of the response

    bool operator==(test_expectation const&) const = default;
};

struct request_test {
    std::string request;  // "GET http://host/path"
    std::vector<std::pair<std::string, std::string>> headers;
    std::string client = "127.0.0.1";  // the connection's peer
    test_expectation expect;

    bool operator==(request_test const&) const = default;
};

}  // namespace gateway::settings
