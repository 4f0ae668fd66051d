// SPDX-License-Identifier: Apache-2.0
// What would become of a request, by the very parser, routing table and header filters that serve
// traffic, with nothing sent. For `gateway explain` and the `tests` of a configuration.
#pragma once

#include "base/error.hpp"
#include "http/forwarded.hpp"
#include "routing/table.hpp"
#include "settings/settings.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::app {

using field_list = std::vector<std::pair<std::string, std::string>>;

struct asked_request {
    std::string text;  // "GET http://host/path"
    field_list headers{};
    std::string client = "127.0.0.1";  // the connection's peer
};

struct route_preview {
    cause why = cause::none;           // not none: the gateway answers by itself
    std::uint16_t status = 0;          // then with this
    std::string allow{};               // of a 405
    std::optional<std::size_t> route;  // its place in the settings
    bool trusted_peer = false;
    std::string client{};       // the address that counts as the client's
    std::string sent_line{};    // "GET /path HTTP/1.1", as it goes upstream
    std::string sent_target{};  // of it the path and query
    field_list sent{};          // and the fields
    field_list answered{};      // of a plain 200 on its way back
    std::string normal_path{};  // what routes were compared with
};

// The snapshot outlives the previewer.
class previewer {
public:
    explicit previewer(settings::snapshot const& by);

    route_preview preview(asked_request const& what) const;

private:
    settings::snapshot const& by_;
    routing::table table_;
    std::vector<http::address_range> trusted_;
};

}  // namespace gateway::app
