// SPDX-License-Identifier: Apache-2.0
// The demo's web page: one page for every route of a single-page application, and its assets.
#pragma once

#include "demo/connection.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gateway::demo {

// Lives on the origin's thread; never changes.
class frontend {
public:
    frontend();

    awaitable<void> answer(connection& client) const;

private:
    struct asset {
        std::string_view path;
        std::string_view text;
        std::string_view cache;
        std::string tag;  // ETag, with its quotes
    };

    asset const* find(std::string_view path) const noexcept;
    void add(std::string_view path, std::string_view text, std::string_view cache);

    std::vector<asset> assets_;  // the page comes first
};

}  // namespace gateway::demo
