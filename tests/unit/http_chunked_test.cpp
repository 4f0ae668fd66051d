// SPDX-License-Identifier: Apache-2.0
// The chunked coding, one row per rule (RFC 9112 7.1), whole and in pieces.
#include "http/chunked.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>

namespace gateway::http {
namespace {

using namespace std::literals;

struct outcome {
    std::string payload;
    std::string trailers;
    std::string_view end = "more";  // "more", "finished" or "refused"
    std::size_t consumed = 0;
};

// Feeds the bytes in pieces, each in a buffer of exactly its size.
outcome decode(std::string_view bytes, std::size_t piece, chunk_limits limits = {}) {
    chunk_decoder decoder{limits};
    outcome out;
    while (out.end == "more" && out.consumed < bytes.size()) {
        auto const size = std::min(piece, bytes.size() - out.consumed);
        auto const copy = std::make_unique<char[]>(size);
        std::memcpy(copy.get(), bytes.data() + out.consumed, size);
        for (std::string_view rest{copy.get(), size}; out.end == "more";) {
            auto const step = decoder.next(rest);
            out.consumed += step.consumed;
            out.payload += step.payload;
            rest.remove_prefix(step.consumed);
            if (step.event == chunk_event::finished) out.end = "finished";
            if (step.event == chunk_event::refused) out.end = "refused";
            if (step.event == chunk_event::need_more) break;
        }
    }
    CHECK(decoder.finished() == (out.end == "finished"));
    CHECK(decoder.payload_bytes() == out.payload.size());
    out.trailers = decoder.trailer_lines();
    return out;
}

struct row {
    std::string_view bytes;
    std::string_view end;
    std::string_view payload;
    std::string_view rule;
};

TEST_CASE("a chunked body is sizes, payload and a trailer section", "[unit][http]") {
    for (auto const& [bytes, end, payload, rule] : std::initializer_list<row>{
             {"0\r\n\r\n", "finished", "", "7.1: an empty body"},
             {"5\r\nhello\r\n0\r\n\r\n", "finished", "hello", "7.1"},
             {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "finished", "hello world", "7.1"},
             {"a\r\n0123456789\r\n0\r\n\r\n", "finished", "0123456789", "7.1: HEXDIG"},
             {"A\r\n0123456789\r\n0\r\n\r\n", "finished", "0123456789", "7.1: HEXDIG"},
             {"0005\r\nhello\r\n000\r\n\r\n", "finished", "hello", "7.1: 1*HEXDIG"},
             {"0000000000000005\r\nhello\r\n0\r\n\r\n", "finished", "hello", "16 digits"},
             {"5\r\n\r\n\0x\n\r\n0\r\n\r\n"sv, "finished", "\r\n\0x\n"sv, "payload is any byte"},
             {"0\r\n\r\nGET /", "finished", "", "what follows is not the body's"},
             {"5\r\nhel", "more", "hel", "7.1"},
             {"5\r\nhello\r\n0\r\n", "more", "hello", "7.1: the blank line is to come"},
             {"00000000000000005\r\nhello", "refused", "", "more than 16 digits"},
             {"8000000000000000\r\n", "refused", "", "7.1: overflow of 63 bits"},
             {"FFFFFFFFFFFFFFFF\r\n", "refused", "", "7.1: overflow of 63 bits"},
             {"10000000000000005\r\n", "refused", "", "7.1: wraps to 5"},
             {"7fffffffffffffff\r\nab", "more", "ab", "the greatest size"},
             {"+5\r\nhello\r\n", "refused", "", "7.1: no sign"},
             {"-5\r\nhello\r\n", "refused", "", "7.1: no sign"},
             {"-0\r\n\r\n", "refused", "", "7.1: no sign"},
             {"0x5\r\nhello\r\n", "refused", "", "7.1: no prefix"},
             {"5h\r\nhello\r\n", "refused", "", "7.1: no suffix"},
             {"g\r\n", "refused", "", "7.1: HEXDIG"},
             {"\r\nhello", "refused", "", "7.1: at least one digit"},
             {"\r\n5\r\nhello\r\n", "refused", "", "7.1: no empty line before a size"},
             {";a=b\r\n", "refused", "", "7.1: at least one digit"},
             {" 5\r\nhello\r\n", "refused", "", "7.1: no whitespace before a size"},
             {"\t5\r\nhello\r\n", "refused", "", "7.1: no whitespace before a size"},
             {"5 \r\nhello\r\n", "refused", "", "7.1: no whitespace after a size"},
             {"5\t\r\nhello\r\n", "refused", "", "7.1: no whitespace after a size"},
             {"5_0\r\n", "refused", "", "7.1: HEXDIG"},
             {"5,5\r\n", "refused", "", "7.1: HEXDIG"},
             {"\xef\xbc\x95\r\n", "refused", "", "7.1: ASCII digits"},
             {"5\nhello\r\n", "refused", "", "2.2: bare LF"},
             {"5\rhello\r\n", "refused", "", "2.2: bare CR"},
             {"5\r\r\nhello\r\n", "refused", "", "2.2: bare CR"},
             {"5\0\r\n"sv, "refused", "", "NUL"},
             {"5\r\nhello\n0\r\n\r\n", "refused", "hello", "7.1: CRLF after payload"},
             {"5\r\nhello\r0\r\n\r\n", "refused", "hello", "7.1: CRLF after payload"},
             {"5\r\nhello0\r\n\r\n", "refused", "hello", "7.1: CRLF after payload"},
             {"5\r\nhello!\r\n0\r\n\r\n", "refused", "hello", "7.1: longer than its size"},
             {"6\r\nhello\r\n0\r\n\r\n", "refused", "hello\r", "7.1: shorter than its size"},
             {"0\n\n", "refused", "", "2.2: bare LF"},
             {"0\r\n\n", "refused", "", "2.2: bare LF"},
             {"0\r\n\rX", "refused", "", "2.2: bare CR"},
         }) {
        CAPTURE(bytes, rule);
        for (std::size_t const piece : {1, 2, 3, 5, 1000}) {
            CAPTURE(piece);
            auto const got = decode(bytes, piece);
            CHECK(got.end == end);
            CHECK(got.payload == payload);
        }
    }
}

TEST_CASE("chunk extensions are checked and dropped", "[unit][http]") {
    for (auto const& [size, end, payload, rule] : std::initializer_list<row>{
             {"5;a", "finished", "hello", "7.1.1"},
             {"5;a=b", "finished", "hello", "7.1.1"},
             {"5;a=b;c;d=e", "finished", "hello", "7.1.1"},
             {"5;a=\"b c;\\\"=\"", "finished", "hello", "7.1.1: quoted"},
             {"5;a=\"\"", "finished", "hello", "7.1.1: quoted"},
             {"5;a=\"\xe2\x82\xac\";b", "finished", "hello", "7.1.1: quoted obs-text"},
             {"5;", "refused", "", "7.1.1: a name must follow"},
             {"5;;a", "refused", "", "7.1.1: a name must follow"},
             {"5;=b", "refused", "", "7.1.1: a name must follow"},
             {"5;a=", "refused", "", "7.1.1: a value must follow"},
             {"5;a=b=c", "refused", "", "7.1.1"},
             {"5;a=;b", "refused", "", "7.1.1"},
             {"5 ;a", "refused", "", "7.1.1 calls it bad whitespace"},
             {"5; a", "refused", "", "7.1.1 calls it bad whitespace"},
             {"5;a =b", "refused", "", "7.1.1 calls it bad whitespace"},
             {"5;a= b", "refused", "", "7.1.1 calls it bad whitespace"},
             {"5;a ", "refused", "", "7.1.1 calls it bad whitespace"},
             {"5;a\n", "refused", "", "2.2: bare LF, the way requests are smuggled"},
             {"5;a=b\n", "refused", "", "2.2: bare LF"},
             {"5;a=\"\n\"", "refused", "", "2.2: LF in quotes"},
             {"5;a=\"\r\n\"", "refused", "", "2.2: CRLF in quotes"},
             {"5;a=\"b", "refused", "", "7.1.1: quotes that do not end"},
             {"5;a=\"b\"c", "refused", "", "7.1.1"},
             {"5;a=b\"c\"", "refused", "", "7.1.1"},
             {"5;a=\"\0\""sv, "refused", "", "NUL"},
             {"5;a=\"\\\x01\"", "refused", "", "control byte"},
             {"5;a@", "refused", "", "7.1.1: a token"},
             {"5,a", "refused", "", "7.1.1"},
         }) {
        CAPTURE(size, rule);
        for (std::size_t const piece : {1, 2, 1000}) {
            auto const got = decode(std::string{size} + "\r\nhello\r\n0\r\n\r\n", piece);
            CHECK(got.end == end);
            CHECK(got.payload == payload);
        }
    }
}

TEST_CASE("chunk extensions have a limit for each chunk and one for all", "[unit][http]") {
    auto const chunk = [](std::size_t bytes) {
        return "1;" + std::string(bytes - 1, 'x') + "\r\na\r\n";
    };
    constexpr std::string_view last = "0\r\n\r\n";
    chunk_limits const limits{.extension_bytes_max = 10, .extension_bytes_total_max = 25};
    CHECK(decode(chunk(10).append(last), 1, limits).end == "finished");
    CHECK(decode(chunk(11).append(last), 1, limits).end == "refused");
    CHECK(decode(chunk(10) + chunk(10) + chunk(5).append(last), 1, limits).end == "finished");
    CHECK(decode(chunk(10) + chunk(10) + chunk(6).append(last), 1, limits).end == "refused");
}

TEST_CASE("trailers are judged as header fields are", "[unit][http]") {
    for (auto const& [lines, end, trailers, rule] : std::initializer_list<row>{
             {"A: b\r\n", "finished", "A: b\r\n", "7.1.2"},
             {"A: b\r\nC:\r\n", "finished", "A: b\r\nC:\r\n", "7.1.2"},
             {"A: b\r\n c\r\n", "refused", "", "5.2: obs-fold"},
             {" A: b\r\n", "refused", "", "2.2"},
             {"A : b\r\n", "refused", "", "5.1"},
             {": b\r\n", "refused", "", "5.1"},
             {"A\r\n", "refused", "", "5"},
             {"A: b\n", "refused", "", "2.2: bare LF"},
             {"A: b\rc\r\n", "refused", "", "2.2: bare CR"},
             {"A: \0\r\n"sv, "refused", "", "NUL"},
             {"A: \x7f\r\n", "refused", "", "DEL"},
             {"GET / HTTP/1.1\r\n", "refused", "", "a request where a trailer should be"},
         }) {
        CAPTURE(lines, rule);
        for (std::size_t const piece : {1, 3, 1000}) {
            auto const got = decode("1\r\nx\r\n0\r\n" + std::string{lines} + "\r\nGET", piece);
            CHECK(got.end == end);
            if (end == "finished") {
                CHECK(got.trailers == trailers);
                CHECK(got.consumed == 9 + lines.size() + 2);
            }
        }
    }
}

TEST_CASE("trailers have a limit of bytes and of fields", "[unit][http]") {
    chunk_limits const limits{.trailer_bytes_max = 20, .trailer_fields_max = 3};
    auto const with = [&](std::string_view lines) {
        return decode("0\r\n" + std::string{lines} + "\r\n", 1, limits).end;
    };
    CHECK(with("A: 0123456789abcde\r\n") == "finished");
    CHECK(with("A: 0123456789abcdef\r\n") == "refused");
    CHECK(with("A: b\r\nA: b\r\nA: b\r\n") == "finished");
    CHECK(with("A:\r\nA:\r\nA:\r\nA:\r\n") == "refused");
}

TEST_CASE("trailer lines are read one by one", "[unit][http]") {
    std::string_view lines = "A: b\r\nLong-Name:\tc: d \r\nE:\r\n";
    std::string said;
    std::string_view name;
    std::string_view value;
    while (next_field_line(lines, name, value)) {
        said.append(name).append("=[").append(value).append("]");
    }
    CHECK(said == "A=[b]Long-Name=[c: d]E=[]");
}

TEST_CASE("a trailer may not say what a header must", "[unit][http]") {
    for (std::string_view const name :
         {"Content-Length",
          "transfer-encoding",
          "Host",
          "Trailer",
          "Connection",
          "TE",
          "X-Forwarded-For",
          "Forwarded",
          "X_Forwarded_For",
          "Authorization",
          "Set-Cookie",
          "cookie",
          "Content-Encoding",
          "Content-Type",
          "Content-Range",
          "Cache-Control",
          "Expect",
          "Range",
          "Proxy-Authorization",
          "traceparent",
          "tracestate",
          "X-Amzn-Trace-Id",
          "X-Request-ID"}) {
        CAPTURE(name);
        CHECK_FALSE(may_trail(name));
    }
    for (std::string_view const name : {"Grpc-Status", "Digest", "Server-Timing", "ETag", "X-A"}) {
        CAPTURE(name);
        CHECK(may_trail(name));
    }
}

TEST_CASE("payload may be moved past the decoder", "[unit][http]") {
    chunk_decoder decoder;
    CHECK(decoder.next("a\r\n").event == chunk_event::need_more);
    CHECK(decoder.chunk_left() == 10);
    decoder.skip_payload(4);
    auto const step = decoder.next("456789\r\n0\r\n\r\n");
    CHECK(step.event == chunk_event::payload);
    CHECK(step.payload == "456789");
    CHECK(decoder.chunk_left() == 0);
    CHECK(decoder.payload_bytes() == 10);
    CHECK(decoder.next("\r\n0\r\n\r\n").event == chunk_event::finished);
    CHECK(decoder.next("GET").consumed == 0);
}

TEST_CASE("a decoder that was reset knows nothing of the body before", "[unit][http]") {
    chunk_decoder decoder;
    CHECK(decoder.next("0\r\nA: b\r\n\r\n").event == chunk_event::finished);
    decoder.reset();
    CHECK_FALSE(decoder.finished());
    CHECK(decoder.trailer_lines().empty());
    CHECK(decoder.next("0\r\n\r\n").event == chunk_event::finished);
    CHECK(decoder.trailer_lines().empty());
}

TEST_CASE("random bodies come out as they went in however they are split", "[unit][http]") {
    std::mt19937 random{42};
    for (int i = 0; i < 300; ++i) {
        std::string payload;
        std::string coded;
        for (auto chunks = random() % 6; chunks-- > 0;) {
            std::string chunk(1 + random() % 300, '\0');
            for (auto& c : chunk) c = static_cast<char>(random());
            std::array<char, 20> size{};
            std::snprintf(size.data(), size.size(), random() % 2 ? "%zx" : "%04zX", chunk.size());
            coded.append(size.data()).append(random() % 3 ? "" : ";n=\"v\"").append("\r\n");
            coded.append(chunk).append("\r\n");
            payload += chunk;
        }
        coded += random() % 2 ? "0\r\n\r\n" : "0;x\r\nT: u\r\n\r\n";
        auto const got = decode(coded, 1 + random() % 64);
        CHECK(got.end == "finished");
        CHECK(got.payload == payload);
        CHECK(got.consumed == coded.size());
    }
}

TEST_CASE("damaged bodies get one verdict however they come", "[unit][http]") {
    std::mt19937 random{43};
    constexpr std::string_view good =
        "5;a=b\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nT: u\r\n\r\n";
    constexpr std::string_view bytes{"\r\n\0 ;=\"0fG", 10};
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string text{good};
        for (auto damages = 1 + random() % 2; damages-- > 0;) {
            text[random() % text.size()] = bytes[random() % bytes.size()];
        }
        CAPTURE(text);
        auto const whole = decode(text, text.size());
        auto const split = decode(text, 1 + random() % 4);
        REQUIRE(split.end == whole.end);
        REQUIRE(split.payload == whole.payload);
        REQUIRE(split.consumed == whole.consumed);
        refused += whole.end == "refused" ? 1 : 0;
    }
    CHECK(refused > 500);
}

}  // namespace
}  // namespace gateway::http
