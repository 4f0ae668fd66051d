// SPDX-License-Identifier: Apache-2.0
// The pure parts of the demo's origins: forms, names, JSON text, the store's limits.
#include "demo/json.hpp"
#include "demo/message.hpp"
#include "demo/multipart.hpp"
#include "demo/upload_store.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace gateway;
using namespace std::string_literals;
namespace multipart = demo::multipart;
using Catch::Contains;

// Writes down what a parser says, one line a part.
struct recorded_parts : multipart::sink {
    void part_begins(multipart::part_head const& head) override {
        text += head.name + '|' + head.filename.value_or("-") + '|' + head.content_type + '|';
    }
    void part_bytes(std::string_view bytes) override { text += bytes; }
    void part_ends() override { text += "\n"; }
    std::string text;
};

// The first multipart problem, or the parts.
std::string parsed(std::vector<std::string_view> const& pieces, std::string_view boundary = "b") {
    recorded_parts parts;
    multipart::parser parser(boundary, parts);
    for (auto const piece : pieces) parser.feed(piece);
    auto const problem = parser.finish();
    return problem == multipart::problem::none ? parts.text : std::string(word_of(problem));
}

}  // namespace

TEST_CASE("a form gives the same parts however its bytes are split", "[unit][demo][multipart]") {
    auto const text =
        "preamble\r\n--b \t\r\n"
        "Content-Disposition: form-data; name=\"note\"\r\n\r\n"
        "one\r\n--\r\n-b\r\r\n--b\r\n"
        "content-disposition: form-data; filename=\"x \\\"y\\\".txt\"; name=file\r\n"
        "Content-Type: text/plain\r\n\r\n\r\n--b\r\n"
        "X-No-Content: at all\r\n\r\n--b\r\n"
        "\r\nno head --b\r\n--b--\r\nepilogue\r\n--b"s;
    auto const parts =
        "note|-||one\r\n--\r\n-b\r\n"
        "file|x \"y\".txt|text/plain|\n"
        "|-||\n"
        "|-||no head --b\n"s;
    CHECK(parsed({text}) == parts);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        CAPTURE(cut);
        auto const view = std::string_view(text);
        CHECK(parsed({view.substr(0, cut), view.substr(cut)}) == parts);
    }
    std::vector<std::string_view> bytes;
    for (auto const& byte : text) bytes.emplace_back(&byte, 1);
    CHECK(parsed(bytes) == parts);
}

TEST_CASE("what is not a form is named and given up", "[unit][demo][multipart]") {
    auto const long_line = "--b\r\nX: " + std::string(multipart::part_head_bytes_max, 'x');
    auto const many = [] {
        std::string text = "--b";
        for (std::size_t i = 0; i <= multipart::parts_max; ++i) text += "\r\n\r\n\r\n--b";
        return text + "--";
    }();
    auto const [text, word] = GENERATE_COPY(table<std::string, std::string>({
        {"", "truncated"},
        {"--b", "truncated"},
        {"--b\r\nX: 1\r\n\r\ncontent", "truncated"},
        {"--b\r\n\r\n\r\n--b-", "truncated"},
        {"--bb\r\n", "malformed_delimiter"},
        {"--b\r\n\r\nx\r\n--b!\r\n", "malformed_delimiter"},
        {"--b\r\nno colon\r\n\r\n", "malformed_head"},
        {"--b\r\n: no name\r\n\r\n", "malformed_head"},
        {long_line, "head_too_large"},
        {many, "too_many_parts"},
    }));
    CAPTURE(text);
    CHECK(parsed({text}) == word);
}

TEST_CASE("a form's boundary is taken as RFC 2046 5.1.1 limits it", "[unit][demo][multipart]") {
    using maybe = std::optional<std::string>;
    auto const [type, boundary] = GENERATE(table<std::string, maybe>({
        {"multipart/form-data; boundary=abc", "abc"},
        {"Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"", "a b"},
        {"multipart/form-data;boundary=" + std::string(70, 'x'), std::string(70, 'x')},
        {"multipart/form-data;boundary=" + std::string(71, 'x'), std::nullopt},
        {"multipart/form-data; boundary=", std::nullopt},
        {"multipart/form-data; boundary", std::nullopt},
        {"multipart/form-data", std::nullopt},
        {"multipart/mixed; boundary=abc", std::nullopt},
        {"", std::nullopt},
    }));
    CAPTURE(type);
    CHECK(multipart::boundary_of(type) == boundary);
}

TEST_CASE("a stored name can not leave its folder", "[unit][demo]") {
    auto const [wanted, safe] = GENERATE(table<std::string, std::string>({
        {"photo.png", "photo.png"},
        {"../../etc/passwd", "passwd"},
        {"C:\\files\\report.pdf", "report.pdf"},
        {"..", "unnamed"},
        {".hidden", "hidden"},
        {"", "unnamed"},
        {"a/", "unnamed"},
        {"a\nb\x7f.txt"s, "a_b_.txt"},
        {"nul\0byte"s, "nul_byte"},
        {"gr\xc3\xbc\xc3\x9f.txt", "gr\xc3\xbc\xc3\x9f.txt"},
        {"\xff.txt", "_.txt"},
        {std::string(119, 'x') + "\xc3\xbc", std::string(119, 'x')},
    }));
    CHECK(demo::safe_name(wanted) == safe);
}

TEST_CASE("any bytes become a JSON string", "[unit][demo]") {
    CHECK(demo::json_string("a\"b\\c\n\x01") == R"("a\"b\\c\u000a\u0001")");
    CHECK(demo::json_string("\xc3\xbc \xf0\x9f\x98\x80") == "\"\xc3\xbc \xf0\x9f\x98\x80\"");
    // A lone byte, an overlong form, a surrogate, a sequence cut off.
    auto const text = GENERATE("\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82");
    CHECK_THAT(demo::json_string(text), Contains("\xef\xbf\xbd"));
}

TEST_CASE("the store keeps its sum of bytes and its number of files", "[unit][demo]") {
    demo::upload_store store({.bytes = 10, .files = 2});
    auto const put = [&](std::string const& name, std::string_view bytes) {
        demo::upload_store::incoming file(store);
        return file.write(bytes) ? file.commit(name) : demo::store_outcome::full;
    };
    CHECK(put("a", "12345") == demo::store_outcome::stored);
    CHECK(put("b", "123456") == demo::store_outcome::full);
    CHECK(put("a", "123") == demo::store_outcome::replaced);
    CHECK(store.room() == 7);
    CHECK(put("b", "1234567") == demo::store_outcome::stored);
    CHECK(put("c", "") == demo::store_outcome::full);
    { demo::upload_store::incoming const unfinished(store); }
    CHECK(store.remove("b"));
    CHECK_FALSE(store.remove("b"));
    CHECK(store.room() == 7);
    auto const files = std::filesystem::directory_iterator(store.folder());
    CHECK(std::distance(begin(files), end(files)) == 1);
}

TEST_CASE("a body's end is said as RFC 9112 6.3 has it", "[unit][demo]") {
    using demo::body_end;
    demo::request get;
    get.method = "GET";
    demo::request old = get;
    old.minor_version = 0;
    demo::request head = get;
    head.method = "HEAD";
    CHECK(framing_of(get, 200, 5).end == body_end::length);
    CHECK(framing_of(get, 200, 0).end == body_end::length);
    CHECK(framing_of(get, 200, std::nullopt).end == body_end::chunked);
    CHECK(framing_of(old, 200, std::nullopt).end == body_end::close);
    CHECK(framing_of(head, 200, 5).muted);
    auto const bare = GENERATE(103U, 204U, 304U);
    CHECK(framing_of(get, bare, 0).end == body_end::none);
}

TEST_CASE("paths and queries are decoded, broken escapes stay", "[unit][demo]") {
    CHECK(demo::percent_decoded("a%20b%2Fc%") == "a b/c%");
    CHECK(demo::percent_decoded("%4%zz%41") == "%4%zzA");
    CHECK(demo::percent_encoded("a b/\xc3\xbc~") == "a%20b%2F%C3%BC~");
    CHECK(demo::query_value("x=1&ms=20&ms=30", "ms") == "20");
    CHECK(demo::query_value("ms", "ms") == "");
    CHECK_FALSE(demo::query_value("msx=1", "ms"));
}
