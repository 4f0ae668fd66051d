// SPDX-License-Identifier: Apache-2.0
#include "http/methods.hpp"

#include <array>

namespace gateway::http {
namespace {

constexpr std::array<std::string_view, method_count> names{
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", ""};

}  // namespace

method method_of(std::string_view text) noexcept {
    switch (text.size()) {
        case 3: return text == "GET" ? method::get : text == "PUT" ? method::put : method::other;
        case 4:
            return text == "POST" ? method::post : text == "HEAD" ? method::head : method::other;
        case 5:
            return text == "PATCH"   ? method::patch
                   : text == "TRACE" ? method::trace
                                     : method::other;
        case 6: return text == "DELETE" ? method::del : method::other;
        case 7:
            return text == "OPTIONS"   ? method::options
                   : text == "CONNECT" ? method::connect
                                       : method::other;
        default: return method::other;
    }
}

std::string_view text_of(method value) noexcept { return names[static_cast<std::size_t>(value)]; }

}  // namespace gateway::http
