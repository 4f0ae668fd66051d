// SPDX-License-Identifier: Apache-2.0
// A request target: its normal form is a fixed point, says what the plain rules of RFC 3986 say,
// and never leaves the route that was chosen for it, even when a server behind us decodes more,
// merges less or strips path parameters. The first byte chooses the method.
#include "harness/judged_request.hpp"
#include "routing/table.hpp"

#include <algorithm>
#include <vector>

namespace gateway::fuzz {
namespace {

using segments = std::vector<std::string>;

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Percent-decoding of the bytes that `wanted` chooses; the others stay, in upper case.
template <class Wanted>
std::string decoded(std::string_view path, Wanted wanted) {
    std::string out;
    for (std::size_t i = 0; i < path.size(); ++i) {
        bool const encoded =
            path[i] == '%' && i + 2 < path.size() && hex(path[i + 1]) >= 0 && hex(path[i + 2]) >= 0;
        if (!encoded) {
            out += path[i];
            continue;
        }
        auto const byte = static_cast<char>(hex(path[i + 1]) * 16 + hex(path[i + 2]));
        if (wanted(byte)) {
            out += byte;
        } else {
            out += '%';
            out += "0123456789ABCDEF"[hex(path[i + 1])];
            out += "0123456789ABCDEF"[hex(path[i + 2])];
        }
        i += 2;
    }
    return out;
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

// A path without its first "/", cut at "/".
segments cut(std::string_view path) {
    segments all{""};
    for (char const c : path.substr(1)) {
        if (c == '/') {
            all.emplace_back();
        } else {
            all.back() += c;
        }
    }
    return all;
}

// Dot segments resolved (RFC 3986 5.2.4); climbing above the root stays there. `merge`: empty
// segments are dropped first.
segments resolved(segments const& path, bool merge) {
    segments out;
    for (std::size_t i = 0; i < path.size(); ++i) {
        std::string const& each = path[i];
        bool const last = i + 1 == path.size();
        if (each == "." || each == "..") {
            if (each == ".." && !out.empty()) out.pop_back();
            if (last) out.emplace_back();
        } else if (!each.empty() || last || !merge) {
            out.push_back(each);
        }
    }
    return out;
}

std::string joined(segments const& path) {
    std::string out;
    for (auto const& each : path) out.append("/").append(each);
    return out;
}

// How servers may read it that decode everything, take "\" for "/" and perhaps drop path
// parameters.
segments read_loosely(std::string_view path, bool merge, bool parameters = false) {
    std::string text = decoded(path, [](char) { return true; });
    std::replace(text.begin(), text.end(), '\\', '/');
    segments all = cut(text);
    for (auto& each : all) {
        if (!parameters) each.resize(std::min(each.find(';'), each.size()));
    }
    return resolved(all, merge);
}

settings::snapshot routes() {
    settings::snapshot made;
    for (auto const* prefix : {"/", "/app", "/app/in", "/admin/"}) {
        settings::route route;
        route.name = route.prefix = prefix;
        made.routes.push_back(route);
    }
    return made;
}

std::size_t route_of(segments const& path) {
    if (path[0] == "app") return path.size() > 1 && path[1] == "in" ? 2 : 1;
    return path[0] == "admin" && path.size() > 1 ? 3 : 0;
}

void check_route(http::target_view const& target) {
    static settings::snapshot const settings = routes();
    static routing::table const table{settings};
    auto const found = table.find("x", target.normalised_path, http::method::get, "GET");
    GATEWAY_CHECK(found.outcome == routing::outcome::found);

    std::size_t const wanted = route_of(cut(target.normalised_path));
    GATEWAY_CHECK(found.route == wanted);

    // With encoded separators it passes only when it is the same route decoded (proxy/exchange),
    // and then it is the same one for everybody who decodes.
    std::string room(target.normalised_path.size(), '\0');
    auto const again = table.find(
        "x", http::decode_separators(target.normalised_path, room), http::method::get, "GET");
    if (target.encoded_separator && again.route != found.route) return;
    GATEWAY_CHECK(route_of(read_loosely(target.path, true, true)) == wanted);

    // Nobody behind us finds a way out of the route's prefix.
    for (bool const merge : {false, true}) {
        segments theirs = read_loosely(target.path, merge);
        theirs.erase(
            std::remove_if(
                theirs.begin(), theirs.end() - 1, [](auto const& each) { return each.empty(); }),
            theirs.end() - 1);
        if (wanted == 1 || wanted == 2) GATEWAY_CHECK(!theirs.empty() && theirs[0] == "app");
        if (wanted == 2) GATEWAY_CHECK(theirs.size() > 1 && theirs[1] == "in");
        if (wanted == 3) GATEWAY_CHECK(!theirs.empty() && theirs[0] == "admin");
    }
}

void check_path(http::target_view const& target) {
    std::string_view const normal = target.normalised_path;
    GATEWAY_CHECK(normal.starts_with('/'));
    GATEWAY_CHECK(normal.find("//") == std::string_view::npos);
    for (auto const& each : cut(normal)) GATEWAY_CHECK(each != "." && each != "..");
    for (char const c : normal) GATEWAY_CHECK(c > 0x20 && c < 0x7f && c != '?' && c != '#');

    std::string again(normal.size(), '\0');
    std::size_t size = 0;
    auto const form = http::normalise_path(normal, again, size);
    GATEWAY_CHECK(form == http::normal_form::same || form == http::normal_form::rewritten);
    if (form == http::normal_form::rewritten) {
        GATEWAY_CHECK(std::string_view{again}.substr(0, size) == normal);
    }

    GATEWAY_CHECK(joined(resolved(cut(decoded(target.path, is_unreserved)), true)) == normal);
    std::string const upper = decoded(target.path, [](char) { return false; });
    bool const separators = upper.find("%2F") != upper.npos || upper.find("%5C") != upper.npos;
    GATEWAY_CHECK(!target.encoded_separator || separators);
    check_route(target);
}

// Too little room is told, never overrun.
void check_room(http::request_head const& head, cause wanted) {
    for (std::size_t room = 0; room < head.target().size(); room += 1 + room / 4) {
        auto const scratch = std::make_unique<char[]>(room);
        http::target_view target;
        cause const why = http::parse_target(head, {scratch.get(), room}, target);
        GATEWAY_CHECK(why == wanted || why == cause::target_too_long);
    }
}

void run(std::string_view input) {
    if (input.empty() || input.size() > 4096) return;
    constexpr std::string_view methods[] = {"GET", "OPTIONS", "CONNECT", "POST"};
    std::string text{methods[static_cast<unsigned char>(input[0]) % 4]};
    text.append(" ").append(input.substr(1)).append(" HTTP/1.1\r\nHost: x\r\n\r\n");
    auto const request = parse_request(text);
    if (!request || request->head.target().size() != input.size() - 1) return;
    cause const why = request->judge();
    check_room(request->head, why);
    if (why != cause::none) return;
    http::target_view const& target = request->target;
    if (target.form == http::target_form::origin || target.form == http::target_form::absolute) {
        GATEWAY_CHECK(target.path_and_query.starts_with('/'));
        std::string whole{target.path};
        if (target.has_query) whole.append("?").append(target.query);
        GATEWAY_CHECK(target.path_and_query == whole);
        GATEWAY_CHECK(request->head.target().ends_with(whole) || target.path == "/");
        check_path(target);
    }
}

}  // namespace
}  // namespace gateway::fuzz

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    gateway::fuzz::run({reinterpret_cast<char const*>(data), size});
    return 0;
}
