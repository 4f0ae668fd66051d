// SPDX-License-Identifier: Apache-2.0
#include "http/hop_by_hop.hpp"

#include "base/ascii.hpp"

namespace gateway::http {
namespace {

bool take_known(std::string_view option, connection_options& out) noexcept {
    if (ascii::equal_ignoring_case(option, "keep-alive")) {
        out.keep_alive = true;
    } else if (ascii::equal_ignoring_case(option, "close")) {
        out.close = true;
    } else if (ascii::equal_ignoring_case(option, "upgrade")) {
        out.upgrade = true;
    } else {
        return false;
    }
    return true;
}

}  // namespace

cause parse_connection(head const& message, connection_options& out) noexcept {
    out.close = out.keep_alive = out.upgrade = false;
    out.name_count = 0;
    if (!message.has(field_id::connection)) return cause::none;
    for (auto const& f : message.fields()) {
        if (f.id != field_id::connection) continue;
        auto list = message.value(f);
        if (take_known(list, out)) continue;  // nearly always one word
        for (std::string_view option; ascii::next_element(list, option);) {
            if (!ascii::is_token(option)) return cause::malformed_field;
            if (take_known(option, out)) continue;
            if (out.name_count == connection_options_max) return cause::malformed_field;
            out.names[out.name_count++] = {
                static_cast<std::uint32_t>(option.data() - message.base()),
                static_cast<std::uint16_t>(option.size())};
        }
    }
    return cause::none;
}

bool named_by_connection(
    head const& message, connection_options const& options, field const& f) noexcept {
    if (f.id == field_id::host || f.id == field_id::content_length || is_forwarding(f.id)) {
        return false;
    }
    for (std::size_t i = 0; i < options.name_count; ++i) {
        auto const& option = options.names[i];
        if (ascii::equal_ignoring_case(
                message.name(f), {message.base() + option.begin, option.size})) {
            return true;
        }
    }
    return false;
}

}  // namespace gateway::http
