// SPDX-License-Identifier: Apache-2.0
#include "demo/frontend.hpp"

#include "demo/answers.hpp"

#include <cstdint>

namespace gateway::demo {

// Embedded by the build.
extern std::string_view const page_html;
extern std::string_view const app_css;
extern std::string_view const app_js;
extern std::string_view const favicon_svg;

namespace {

// FNV-1a: it only has to change when the text does.
std::string tag_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (char const c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return '"' + std::to_string(hash) + '"';
}

// RFC 9110 13.1.2: weak comparison with each of the list, or any.
bool matches(std::string_view if_none_match, std::string_view tag) {
    return lists_token(if_none_match, "*") || lists_token(if_none_match, tag) ||
           lists_token(if_none_match, "W/" + std::string(tag));
}

// An application's own routes have no extension: /shop/42 is one, /shop/42.png is a missing file.
bool is_route(std::string_view path) {
    return path.substr(path.rfind('/') + 1).find('.') == std::string_view::npos &&
           !path.starts_with("/assets/");
}

}  // namespace

frontend::frontend() {
    constexpr std::string_view asset_cache = "public, max-age=300";
    add("/", page_html, "no-cache");
    add("/assets/app.css", app_css, asset_cache);
    add("/assets/app.js", app_js, asset_cache);
    add("/favicon.svg", favicon_svg, asset_cache);
}

void frontend::add(std::string_view path, std::string_view text, std::string_view cache) {
    assets_.push_back({path, text, cache, tag_of(text)});
}

frontend::asset const* frontend::find(std::string_view path) const noexcept {
    for (auto const& one : assets_) {
        if (one.path == path) return &one;
    }
    return is_route(path) ? &assets_.front() : nullptr;
}

awaitable<void> frontend::answer(connection& client) const {
    auto const& asked = client.request();
    if (asked.method != "GET" && asked.method != "HEAD") {
        co_await reply_method_not_allowed(client, "GET, HEAD");
        co_return;
    }
    auto const* const found = find(asked.path());
    if (found == nullptr) {
        co_await reply_problem(client, 404, "no such asset");
        co_return;
    }
    response answer;
    answer.set("ETag", found->tag).set("Cache-Control", found->cache);
    if (matches(asked.find("If-None-Match"), found->tag)) {
        answer.status = 304;
        co_await client.reply(answer);
        co_return;
    }
    auto const name = found == &assets_.front() ? std::string_view("page.html") : found->path;
    answer.set("Content-Type", media_type_of(name))
        .set("X-Content-Type-Options", "nosniff")
        // "ws:" for browsers that do not count a WebSocket to the page's own origin as 'self'.
        .set(
            "Content-Security-Policy",
            "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws: wss:; "
            "base-uri 'none'; frame-ancestors 'none'");
    co_await client.reply(answer, found->text);
}

}  // namespace gateway::demo
