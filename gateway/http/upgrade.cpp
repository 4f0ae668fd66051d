// SPDX-License-Identifier: Apache-2.0
#include "http/upgrade.hpp"

#include "base/ascii.hpp"

namespace gateway::http {
namespace {

// Calls `visit` with each protocol of the Upgrade fields until it returns false. False also when
// an element is not "name" or "name/version".
template <class Visit>
bool every_protocol(head const& message, Visit visit) noexcept {
    for (auto const& f : message.fields()) {
        if (f.id != field_id::upgrade) continue;
        auto list = message.value(f);
        for (std::string_view protocol; ascii::next_element(list, protocol);) {
            auto const slash = protocol.find('/');
            bool const fine =
                ascii::is_token(protocol.substr(0, slash)) &&
                (slash == std::string_view::npos || ascii::is_token(protocol.substr(slash + 1)));
            if (!fine || !visit(protocol)) return false;
        }
    }
    return true;
}

bool offers(request_head const& request, std::string_view wanted) noexcept {
    return !every_protocol(request, [&](std::string_view protocol) {
        return !ascii::equal_ignoring_case(protocol, wanted);
    });
}

}  // namespace

bool is_upgrade_request(request_head const& request, connection_options const& options) noexcept {
    if (!options.upgrade || request.minor_version == 0 || !request.has(field_id::upgrade)) {
        return false;
    }
    if (request.has(field_id::transfer_encoding)) return false;
    if (request.has(field_id::content_length) &&
        request.value_of(field_id::content_length) != "0") {
        return false;
    }
    bool any = false;
    bool const fine = every_protocol(request, [&](std::string_view protocol) {
        any = true;
        return !ascii::equal_ignoring_case(protocol, "h2c");
    });
    return fine && any;
}

bool upgrade_accepted(
    request_head const& request,
    response_head const& response,
    connection_options const& of_response) noexcept {
    if (response.status != 101 || !of_response.upgrade) return false;
    bool any = false;
    bool const fine = every_protocol(response, [&](std::string_view protocol) {
        any = true;
        return offers(request, protocol);
    });
    return fine && any;
}

}  // namespace gateway::http
