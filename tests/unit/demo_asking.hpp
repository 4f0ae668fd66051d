// SPDX-License-Identifier: Apache-2.0
// Running demo origins and the requests that the tests ask of them.
#pragma once

#include "demo/origins.hpp"
#include "support/raw_client.hpp"

#include <string>
#include <string_view>

namespace gateway::demo {

struct running_origins : origins {
    running_origins() { start(); }

    support::message frontend(std::string_view target, std::string_view fields = {}) const {
        return support::get(frontend_port(), target, fields);
    }
    support::message backend(std::string_view target, std::string_view fields = {}) const {
        return support::get(backend_port(), target, fields);
    }
    support::message ask(std::string_view request) const {
        return support::ask(backend_port(), request);
    }
};

inline std::string form(std::string_view content, std::string_view filename) {
    return "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" +
           std::string(filename) + "\"\r\nContent-Type: text/plain\r\n\r\n" + std::string(content) +
           "\r\n--b--\r\n";
}

inline std::string put_request(std::string_view target, std::string_view body) {
    auto request = support::post_request(target, body);
    return request.replace(0, 4, "PUT");
}

inline constexpr std::string_view form_fields = "Content-Type: multipart/form-data; boundary=b\r\n";

}  // namespace gateway::demo
