// SPDX-License-Identifier: Apache-2.0
// Targets and normal paths, one row per rule.
#include "http/target.hpp"
#include "unit/http_parse.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::http {
namespace {

using namespace std::literals;

struct form_row {
    std::string_view line;
    std::string_view verdict;  // "form authority path query" or a cause
    std::string_view rule;
};

std::string said_by(cause why, target_view const& view) {
    if (why != cause::none) return std::string{word_of(why)};
    constexpr std::array<std::string_view, 4> forms{"origin", "absolute", "authority", "asterisk"};
    std::string out{forms[static_cast<std::size_t>(view.form)]};
    out.append(" <").append(view.authority).append("> <").append(view.path).append("> <");
    return out.append(view.has_query ? "?" : "").append(view.query).append(">");
}

TEST_CASE("a target has the form its method needs", "[unit][http]") {
    constexpr auto bad = "malformed_target"sv;
    for (auto const& [line, verdict, rule] : std::initializer_list<form_row>{
             {"GET /", "origin <> </> <>", "RFC 9112 3.2.1"},
             {"GET /a/b?c=d?e", "origin <> </a/b> <?c=d?e>", "RFC 9112 3.2.1"},
             {"GET /a?", "origin <> </a> <?>", "RFC 9112 3.2.1"},
             {"GET /?q=100%", "origin <> </> <?q=100%>", "browsers pass a lone % on"},
             {"GET //evil.com/a", "origin <> <//evil.com/a> <>", "a path, no authority"},
             {"GET http://a/b?c", "absolute <a> </b> <?c>", "RFC 9112 3.2.2"},
             {"GET HTTPS://A:8443/b", "absolute <A:8443> </b> <>", "RFC 3986 3.1: any case"},
             {"GET http://a", "absolute <a> </> <>", "RFC 9112 3.2.1: empty path"},
             {"GET http://a?b", "absolute <a> </> <?b>", "RFC 9112 3.2.1: empty path"},
             {"GET http://[::1]:80/b", "absolute <[::1]:80> </b> <>", "RFC 3986 3.2.2"},
             {"OPTIONS *", "asterisk <> <*> <>", "RFC 9112 3.2.4"},
             {"OPTIONS /a", "origin <> </a> <>", "RFC 9112 3.2.1"},
             {"CONNECT a:443", "authority <a:443> <> <>", "RFC 9112 3.2.3"},
             {"CONNECT [::1]:443", "authority <[::1]:443> <> <>", "RFC 9112 3.2.3"},
             {"CONNECT a", bad, "RFC 9110 9.3.6: the port is required"},
             {"CONNECT /a", bad, "RFC 9112 3.2.3"},
             {"CONNECT http://a:443/", bad, "RFC 9112 3.2.3"},
             {"CONNECT *", bad, "RFC 9112 3.2.3"},
             {"CONNECT u@a:443", bad, "RFC 9112 3.2.3"},
             {"GET *", bad, "RFC 9112 3.2.4: OPTIONS only"},
             {"OPTIONS **", bad, "RFC 9112 3.2.4"},
             {"GET a", bad, "RFC 9112 3.2"},
             {"GET a:443", bad, "RFC 9112 3.2.3: CONNECT only"},
             {"GET ?a", bad, "RFC 9112 3.2.1: a path must stand there"},
             {"GET ../a", bad, "RFC 9112 3.2.1: an absolute path"},
             {"GET http:///a", bad, "RFC 9110 4.2.1: a host must stand there"},
             {"GET http:/a", bad, "RFC 9110 4.2.1"},
             {"GET http://", bad, "RFC 9110 4.2.1"},
             {"GET http:", bad, "RFC 9110 4.2.1"},
             {"GET http", bad, "RFC 9110 4.2.1"},
             {"GET http://u@a/", bad, "RFC 9110 4.2.4: no userinfo"},
             {"GET http://u:p@a/", bad, "RFC 9110 4.2.4: no userinfo"},
             {"GET http://a:x/", bad, "RFC 3986 3.2.3"},
             {"GET ftp://a/b", bad, "no scheme of ours"},
             {"GET file:///etc/passwd", bad, "no scheme of ours"},
             {"GET javascript:alert(1)", bad, "no scheme of ours"},
             {"GET http://a\\b/", bad, "RFC 3986 3.2.2"},
         }) {
        CAPTURE(line, rule);
        auto const request = good_request(std::string{line} + " HTTP/1.1\r\nHost: x\r\n\r\n");
        std::array<char, 200> scratch;
        target_view view;
        auto const why = parse_target(request->head, scratch, view);
        CHECK(said_by(why, view) == verdict);
    }
}

TEST_CASE("what goes upstream is the path and query as they came", "[unit][http]") {
    auto const upstream = [](std::string_view target) {
        auto const request =
            good_request("GET " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n\r\n");
        std::array<char, 200> scratch;
        target_view view;
        REQUIRE(parse_target(request->head, scratch, view) == cause::none);
        return std::string{view.path_and_query};
    };
    CHECK(upstream("/a/../%7Eb//c?d=%") == "/a/../%7Eb//c?d=%");
    CHECK(upstream("http://h/a?b") == "/a?b");
    CHECK(upstream("http://h") == "/");
    CHECK(upstream("http://h?b=c") == "/?b=c");
    CHECK(upstream("http://h?") == "/?");
    CHECK(upstream("/?") == "/?");
}

struct path_row {
    std::string_view path;
    std::string_view normal;
    std::string_view rule;
};

// Empty when it was refused. The bytes lie in a buffer of exactly their size, so that the address
// sanitizer sees a read beyond them.
std::string normal_of(std::string_view path) {
    std::vector<char> const exact(path.begin(), path.end());
    std::string scratch(path.size(), '\0');
    std::size_t size = 0;
    switch (normalise_path({exact.data(), exact.size()}, scratch, size)) {
        case normal_form::same: return std::string{path};
        case normal_form::rewritten: return scratch.substr(0, size);
        case normal_form::refused: return {};
        case normal_form::no_room: return "no room";
    }
    return "?";
}

TEST_CASE("a path has one normal form", "[unit][http]") {
    for (auto const& [path, normal, rule] : std::initializer_list<path_row>{
             {"/", "/", "RFC 3986 3.3"},
             {"/a/b.c/d-e_f~g", "/a/b.c/d-e_f~g", "RFC 3986 2.3"},
             {"/a;b=c,d/!$&'()*+,;=:@", "/a;b=c,d/!$&'()*+,;=:@", "RFC 3986 3.3"},
             {"/a[1]|b", "/a[1]|b", "browsers leave them as they are"},
             {"/%41%7a%30%2D%5F%7E", "/Az0-_~", "RFC 3986 6.2.2.2: unreserved"},
             {"/%2Ehidden", "/.hidden", "RFC 3986 6.2.2.2: a dot within a name"},
             {"/a%2e", "/a.", "RFC 3986 6.2.2.2: a dot within a name"},
             {"/%c3%a9", "/%C3%A9", "RFC 3986 6.2.2.1: upper case"},
             {"/%20%3f%23", "/%20%3F%23", "RFC 3986 2.2: reserved stays"},
             {"/a%2fb", "/a%2Fb", "an encoded slash is no slash"},
             {"/a%5cb", "/a%5Cb", "an encoded backslash is none"},
             {"/%252e%252e/", "/%252e%252e/", "RFC 3986 2.4: decoded once"},
             {"//", "/", "slashes merge"},
             {"//a///b//", "/a/b/", "slashes merge"},
             {"/.", "/", "RFC 3986 5.2.4"},
             {"/./", "/", "RFC 3986 5.2.4"},
             {"/a/.", "/a/", "RFC 3986 5.2.4"},
             {"/a/./b", "/a/b", "RFC 3986 5.2.4"},
             {"/./././a", "/a", "RFC 3986 5.2.4"},
             {"/a/..", "/", "RFC 3986 5.2.4"},
             {"/a/../", "/", "RFC 3986 5.2.4"},
             {"/a/b/..", "/a/", "RFC 3986 5.2.4"},
             {"/a/b/../c", "/a/c", "RFC 3986 5.2.4"},
             {"/a/b/c/./../../g", "/a/g", "RFC 3986 5.2.4"},
             {"/a/../b/../c", "/c", "RFC 3986 5.2.4"},
             {"/api/../uploads/x", "/uploads/x", "the route is what it resolves to"},
             {"/...", "/...", "three dots make a name"},
             {"/.../..", "/", "three dots make a name"},
             {"/..a/.b/a..", "/..a/.b/a..", "dots within names"},
             {"/a;x/../b", "/b", "a parameter belongs to its segment"},
             {"/a./b", "/a./b", "dots within names"},
             {"/a//./b", "/a/b", "slashes merge"},
             {"/0123456789abcde//f0123456789", "/0123456789abcde/f0123456789", "on a block's edge"},
             {"/0123456789abcd//f0123456789", "/0123456789abcd/f0123456789", "on a block's edge"},
             {"/0123456789abcd/../x", "/x", "on a block's edge"},
             {"/0123456789abcdef0123456789/%7e", "/0123456789abcdef0123456789/~", "second block"},
         }) {
        CAPTURE(path, rule);
        CHECK(normal_of(path) == normal);
        // A normal form is its own normal form, but for what decoding once revealed.
        if (normal.find('%') == std::string_view::npos) CHECK(normal_of(normal) == normal);
    }
}

TEST_CASE("a path that others may read in another way has none", "[unit][http]") {
    struct refused_row {
        std::string_view path;
        std::string_view rule;
    };
    for (auto const& [path, rule] : std::initializer_list<refused_row>{
             {"/..", "above the root"},
             {"/../a", "above the root"},
             {"/a/../../b", "above the root"},
             {"/./..", "above the root"},
             {"//..", "above the root"},
             {"/%2e", "encoded dot segment"},
             {"/%2e%2e", "encoded dot segment"},
             {"/a/%2e%2e/b", "encoded dot segment"},
             {"/a/%2E%2E/b", "encoded dot segment"},
             {"/a/.%2e/b", "encoded dot segment"},
             {"/a/%2e./b", "encoded dot segment"},
             {"/a/%2e/b", "encoded dot segment"},
             {"/a/..%2fb", "dots beside an encoded slash"},
             {"/a%2f../b", "dots beside an encoded slash"},
             {"/a%2F..%2Fb", "dots beside encoded slashes"},
             {"/a/..%5cb", "dots beside an encoded backslash"},
             {"/a%5c..", "dots beside an encoded backslash"},
             {"/a%2f.", "dots beside an encoded slash"},
             {"/a%2f%2e%2e", "encoded dots beside an encoded slash"},
             {"/a%2fb/../c", "others may climb one segment less"},
             {"/a%5cb/../c", "others may climb one segment less"},
             {"/a/..;/b", "Tomcat takes parameters off first"},
             {"/a/..;x=y/b", "Tomcat takes parameters off first"},
             {"/a/.;/b", "Tomcat takes parameters off first"},
             {"/a/..%3b/b", "Tomcat takes parameters off first"},
             {"/a/%2e%2e;/b", "Tomcat takes parameters off first"},
             {"/a/;/../b", "a segment that others see as empty"},
             {"/a/;x=y/../b", "a segment that others see as empty"},
             {"/a/%3bx/../b", "a segment that others see as empty"},
             {"/a//../b", "RFC 3986 would remove the empty segment only"},
             {"/a//b/../c", "others may not merge"},
             {"/%", "RFC 3986 2.1"},
             {"/%a", "RFC 3986 2.1"},
             {"/%g0", "RFC 3986 2.1"},
             {"/%0g", "RFC 3986 2.1"},
             {"/%%20", "RFC 3986 2.1"},
             {"/a%", "RFC 3986 2.1"},
             {"/%u0041", "RFC 3986 2.1"},
             {"/%00", "NUL ends a name in some languages"},
             {"/a%00.jpg", "NUL ends a name in some languages"},
             {"/a\\b", "a backslash is a slash to some"},
             {"/\\..\\a", "a backslash is a slash to some"},
             {"/a^b", "RFC 3986 3.3"},
             {"/a`b", "RFC 3986 3.3"},
             {"/{a}", "RFC 3986 3.3"},
             {"/0123456789abcdef/{", "beyond the first sixteen bytes"},
         }) {
        CAPTURE(path, rule);
        CHECK(normal_of(path).empty());
    }
}

TEST_CASE("a path of any length is read to its end and no further", "[unit][http]") {
    for (std::size_t size = 1; size < 70; ++size) {
        auto const plain = std::string(1, '/').append(size - 1, 'a');
        CAPTURE(plain);
        CHECK(normal_of(plain) == plain);
        CHECK(normal_of(plain + '%').empty());
        CHECK(normal_of(plain + "/.") == (size == 1 ? "/" : plain + '/'));
        CHECK(normal_of(plain + "/") == (size == 1 ? "/" : plain + '/'));
    }
}

TEST_CASE("a path that is normal needs no scratch, another says what it lacks", "[unit][http]") {
    auto const verdict = [](std::string_view target, std::span<char> scratch, target_view& view) {
        auto const request =
            good_request("GET " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n\r\n");
        return word_of(parse_target(request->head, scratch, view));
    };
    target_view view;
    std::array<char, 4> scratch;
    CHECK(verdict("/a/very/long/path/that/is/normal", {}, view) == "none");
    CHECK(verdict("/a//", {}, view) == "target_too_long");
    CHECK(verdict("/a//", scratch, view) == "none");
    CHECK(view.normalised_path == "/a/");
    CHECK(verdict("/ab//", scratch, view) == "target_too_long");
    CHECK(verdict("http://h?bc", scratch, view) == "none");
    CHECK(verdict("http://h?bcd", scratch, view) == "target_too_long");
}

TEST_CASE("an encoded separator is told to whoever has a rule for it", "[unit][http]") {
    auto const told = [](std::string_view target) {
        auto const request =
            good_request("GET " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n\r\n");
        std::array<char, 64> scratch;
        target_view view;
        REQUIRE(parse_target(request->head, scratch, view) == cause::none);
        return view.encoded_separator;
    };
    CHECK(told("/a%2fb"));
    CHECK(told("/a%5Cb"));
    CHECK_FALSE(told("/a/b"));
    CHECK_FALSE(told("/a%20b?c=%2f"));
}

TEST_CASE("separators are decoded as an eager server would", "[unit][http]") {
    for (auto const& [path, decoded, rule] : std::initializer_list<path_row>{
             {"/a%2Fb", "/a/b", "an encoded slash"},
             {"/a%5Cb", "/a/b", "an encoded backslash"},
             {"/a%2F%2Fb", "/a/b", "slashes merge"},
             {"/a/%2Fb", "/a/b", "slashes merge"},
             {"/%2Fa", "/a", "slashes merge"},
             {"/a%2F", "/a/", "at the end"},
             {"/a%20%2Fb%2", "/a%20/b%2", "others stay"},
             {"/a%252Fb", "/a%252Fb", "decoded once"},
         }) {
        CAPTURE(path, rule);
        std::string scratch(path.size(), '?');
        CHECK(decode_separators(path, scratch) == decoded);
    }
}

// RFC 3986 5.2.4 and 6.2.2 in the plainest way: split, decode, resolve, join.
std::string plain_normal(std::string_view path) {
    std::vector<std::string> kept;
    std::size_t at = 1;
    bool directory = false;
    for (bool more = true; more;) {
        auto const end = std::min(path.find('/', at), path.size());
        std::string segment{path.substr(at, end - at)};
        more = end < path.size();
        at = end + 1;
        directory = segment.empty() || segment == "." || segment == "..";
        if (segment == "..") kept.pop_back();
        if (!directory) kept.push_back(segment);
    }
    std::string out;
    for (auto const& segment : kept) out += '/' + segment;
    return directory ? out + '/' : out;
}

TEST_CASE("random paths resolve as the RFC's algorithm resolves them", "[unit][http]") {
    std::mt19937 random{11};
    constexpr std::array<std::string_view, 7> segments{"a", "..", ".", "", "bcd", "e.f", "..."};
    int accepted = 0;
    for (int i = 0; i < 5000; ++i) {
        std::string path;
        for (auto count = 1 + random() % 8; count-- > 0;) {
            path.append("/").append(segments[random() % segments.size()]);
        }
        auto const normal = normal_of(path);
        if (normal.empty()) continue;
        CAPTURE(path);
        ++accepted;
        CHECK(normal == plain_normal(path));
        CHECK(normal_of(normal) == normal);
    }
    CHECK(accepted > 1000);
}

TEST_CASE("no accepted path keeps a dot segment or a double slash", "[unit][http]") {
    std::mt19937 random{12};
    constexpr std::array<std::string_view, 12> pieces{"/", "/",   ".",   "..",  "a",   "%2e",
                                                      ";", "%2f", "%5C", "%3b", "%41", "//"};
    for (int i = 0; i < 20'000; ++i) {
        std::string path = "/";
        for (auto count = random() % 9; count-- > 0;) path += pieces[random() % pieces.size()];
        auto const normal = normal_of(path);
        if (normal.empty()) continue;
        CAPTURE(path, normal);
        REQUIRE(normal.front() == '/');
        // As the most eager server would read it: separators decoded, parameters gone.
        std::string eager;
        for (std::size_t k = 0; k < normal.size(); ++k) {
            auto const code = std::string_view{normal}.substr(k, 3);
            bool const separator = code == "%2F" || code == "%5C";
            bool const semicolon = normal[k] == ';' || code == "%3B";
            if (separator) eager += '/';
            if (semicolon) eager += ';';
            if (!separator && !semicolon) eager += normal[k];
            if (separator || code == "%3B") k += 2;
        }
        for (std::string_view const dots : {"/.", "/.."}) {
            REQUIRE(eager.find(std::string{dots} + "/") == std::string::npos);
            REQUIRE(eager.find(std::string{dots} + ";") == std::string::npos);
            REQUIRE_FALSE(eager.ends_with(dots));
        }
        REQUIRE(normal.find("//") == std::string::npos);
    }
}

}  // namespace
}  // namespace gateway::http
