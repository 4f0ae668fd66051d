// SPDX-License-Identifier: Apache-2.0
#include "observe/access_log.hpp"

#include "observe/log_lane.hpp"
#include "support/captured_stderr.hpp"
#include "support/json_check.hpp"
#include "support/json_object.hpp"
#include "support/random_bytes.hpp"
#include "support/stream.hpp"
#include "unit/log_channel.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace gateway;
using namespace gateway::observe;
using support::channel;
using support::descriptor;
using support::json_object;
using support::make_pipe;
using support::make_socket;
using support::random_bytes;

namespace {

settings::logging with_buffer(byte_count bytes, settings::logging wanted = {}) {
    wanted.access_buffer_bytes = bytes;
    return wanted;
}

settings::logging const small_budget = with_buffer(2 * sizeof(log_chunk));

exchange_record ordinary_exchange() {
    exchange_record record;
    record.finished_at =
        std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 23h + 59min + 58s + 7ms;
    record.request_id = "0123456789abcdef0123456789abcdef";
    record.client_address = "203.0.113.57";
    record.method = "GET";
    record.target = "/api/products?page=2";
    record.protocol = "HTTP/1.1";
    record.host = "shop.example.com";
    record.user_agent = "curl/8.0";
    record.referer = "https://shop.example.com/";
    record.route = "/api/";
    record.upstream = "backend";
    record.endpoint = "10.0.0.7:5000";
    record.status = record.upstream_status = 200;
    record.attempts = 1;
    record.reused_upstream = true;
    record.bytes_in = 431;
    record.bytes_out = 5'123;
    record.duration = std::chrono::nanoseconds{12'034'999};
    record.upstream_duration = std::chrono::nanoseconds{999};
    return record;
}

std::vector<std::string> lines_of(std::string const& text) {
    std::vector<std::string> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::string text_of(descriptor const& file) {
    std::string text(static_cast<std::size_t>(lseek(file.number(), 0, SEEK_END)), '\0');
    REQUIRE(pread(file.number(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    return text;
}

// All that the buffers of `fill` wrote, through a file that never makes the writer wait.
template <class Fill>
std::string written_by(Fill fill) {
    descriptor const file{memfd_create("access log", MFD_CLOEXEC)};
    {
        access_log_writer writer{file.number()};
        access_log_buffer buffer{writer, {}};
        fill(buffer);
        buffer.flush();
        writer.stop();
        CHECK(writer.lines_dropped() == 0);
    }
    return text_of(file);
}

std::string line_for(exchange_record const& record) {
    return written_by([&](access_log_buffer& buffer) { buffer.append(record); });
}

std::string read_to_end(descriptor const& from) {
    std::string all;
    char bytes[65'536];
    for (ssize_t got = 0; (got = read(from.number(), bytes, sizeof bytes)) > 0;) {
        all.append(bytes, static_cast<std::size_t>(got));
    }
    return all;
}

}  // namespace

TEST_CASE("an exchange becomes one line with all that is known of it", "[unit][access_log]") {
    CHECK(
        line_for(ordinary_exchange()) ==
        R"({"time":"2026-01-31T23:59:58.007Z","request_id":"0123456789abcdef0123456789abcdef",)"
        R"("client":"203.0.113.57","method":"GET","host":"shop.example.com",)"
        R"("path":"/api/products?page=2","status":200,"bytes_in":431,"bytes_out":5123,)"
        R"("duration_ms":12.034,"upstream":"backend","endpoint":"10.0.0.7:5000",)"
        R"("upstream_status":200,"upstream_ms":0.000,"attempts":1,"reused":true,)"
        R"("route":"/api/","protocol":"HTTP/1.1","user_agent":"curl/8.0",)"
        R"("referer":"https://shop.example.com/"})"
        "\n");
}

TEST_CASE(
    "the time is UTC to the millisecond, also when the second changes", "[unit][access_log]") {
    using namespace std::chrono;
    auto const new_year = sys_days{year{2027} / 1 / 1};
    auto const leap_day = sys_days{year{2028} / 2 / 29};
    auto const text = written_by([&](access_log_buffer& buffer) {
        auto record = ordinary_exchange();
        for (system_clock::time_point const at :
             {system_clock::time_point{new_year - 1ms}, system_clock::time_point{new_year},
              system_clock::time_point{new_year + 999'999us},
              system_clock::time_point{leap_day + 12h}}) {
            record.finished_at = at;
            buffer.append(record);
        }
    });
    auto const lines = lines_of(text);
    REQUIRE(lines.size() == 4);
    CHECK(json_object{lines[0]}.text("time") == "2026-12-31T23:59:59.999Z");
    CHECK(json_object{lines[1]}.text("time") == "2027-01-01T00:00:00.000Z");
    CHECK(json_object{lines[2]}.text("time") == "2027-01-01T00:00:00.999Z");
    CHECK(json_object{lines[3]}.text("time") == "2028-02-29T12:00:00.000Z");
}

TEST_CASE("any bytes from a client give valid JSON in valid UTF-8", "[unit][access_log]") {
    std::mt19937 random{7};
    std::uniform_int_distribution<std::size_t> short_size{0, 300};
    std::uniform_int_distribution<std::size_t> long_size{0, 6'000};
    for (int round = 0; round < 1'500; ++round) {
        auto const many = round % 10 == 0;
        std::vector<std::string> values;
        for (int i = 0; i < 11; ++i) {
            values.push_back(random_bytes(random, many ? long_size(random) : short_size(random)));
        }
        auto record = ordinary_exchange();
        record.request_id = values[0];
        record.client_address = values[1];
        record.method = values[2];
        record.target = values[3];
        record.protocol = values[4];
        record.host = values[5];
        record.user_agent = values[6];
        record.referer = values[7];
        record.route = values[8];
        record.upstream = values[9];
        record.endpoint = values[10];
        auto const line = line_for(record);
        REQUIRE(line.ends_with('\n'));
        CAPTURE(line);
        CHECK(support::json_check::valid(std::string_view{line}.substr(0, line.size() - 1)));
    }
}

TEST_CASE("the longest line has room, and cut values are marked", "[unit][access_log]") {
    for (auto const* character : {"x", "\x01", "\xff", "\""}) {
        std::string huge;
        while (huge.size() < 10'000) huge += character;
        exchange_record record;
        record.finished_at = std::chrono::system_clock::now();
        for (auto* value :
             {&record.request_id, &record.client_address, &record.method, &record.target,
              &record.protocol, &record.host, &record.user_agent, &record.referer, &record.route,
              &record.upstream, &record.endpoint, &record.trace_id, &record.span_id}) {
            *value = huge;
        }
        record.status = 0xffff;
        record.upstream_status = 0xffff;
        record.attempts = 0xff;
        record.bytes_in = record.bytes_out = ~byte_count{0};
        record.duration = record.upstream_duration = std::chrono::nanoseconds::max();
        record.why = cause::unsupported_transfer_coding;
        record.parked_duration = record.connection_age = std::chrono::nanoseconds::max();
        record.connection_idle =
            std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds::max());
        record.connection_uses = ~std::uint32_t{0};
        auto const line = line_for(record);
        CHECK(line.size() <= line_bytes_max);
        CHECK(support::json_check::valid(std::string_view{line}.substr(0, line.size() - 1)));
        CHECK(line.find(R"("truncated":true)") != line.npos);
    }
}

TEST_CASE(
    "a reader that stops never stops a core, and its log has only whole lines",
    "[unit][access_log]") {
    auto const use = GENERATE(descriptor_use::reopened, descriptor_use::shared);
    auto const make_channel = GENERATE(make_pipe, make_socket);
    support::captured_stderr log;
    auto stuck = make_channel();
    auto writer = std::make_unique<access_log_writer>(stuck.writer.number(), use);
    auto buffer = std::make_unique<access_log_buffer>(*writer, small_budget);

    // Far more than the socket or the pipe and both chunks hold.
    constexpr std::size_t appended = 20'000;
    auto const record = ordinary_exchange();
    for (std::size_t i = 0; i < appended; ++i) buffer->append(record);
    CHECK(writer->lines_dropped() > 0);

    std::string received;
    std::thread reader{[&] { received = read_to_end(stuck.reader); }};
    buffer.reset();
    writer->stop(support::patience());
    auto const dropped = writer->lines_dropped();
    writer.reset();
    stuck.writer.close();
    reader.join();

    auto const lines = lines_of(received);
    CHECK(lines.size() + dropped == appended);
    auto const expected = line_for(record);
    CHECK(std::all_of(
        lines.begin(), lines.end(), [&](auto const& line) { return line + '\n' == expected; }));
    CHECK(log.text().find("lines dropped") != std::string::npos);
}

TEST_CASE("a core that found no room writes again once the reader does", "[unit][access_log]") {
    support::captured_stderr const log;
    auto pipe = make_pipe();
    access_log_writer writer{pipe.writer.number()};
    access_log_buffer buffer{writer, small_budget};
    auto record = ordinary_exchange();
    while (writer.lines_dropped() == 0) buffer.append(record);

    // Each turn reads what there is and tries once more, until a marked line comes through.
    record.target = "/after";
    std::string received;
    auto const until = support::steady::now() + support::patience();
    while (received.find("\"/after\"") == received.npos && support::steady::now() < until) {
        buffer.append(record);
        buffer.flush();
        char bytes[65'536];
        auto const got = read(pipe.reader.number(), bytes, sizeof bytes);
        REQUIRE(got > 0);
        received.append(bytes, static_cast<std::size_t>(got));
    }
    CHECK(received.find("\"/after\"") != received.npos);
}

TEST_CASE("stopping gives a stuck reader only so long", "[unit][access_log]") {
    support::captured_stderr const log;
    auto const use = GENERATE(descriptor_use::reopened, descriptor_use::shared);
    auto stuck = make_pipe();
    std::size_t appended = 0;
    std::uint64_t dropped = 0;
    {
        access_log_writer writer{stuck.writer.number(), use};
        access_log_buffer buffer{writer, small_budget};
        auto const record = ordinary_exchange();
        for (; writer.lines_dropped() == 0; ++appended) buffer.append(record);
        buffer.flush();
        writer.stop(10ms);
        dropped = writer.lines_dropped();
    }
    stuck.writer.close();
    auto const received = read_to_end(stuck.reader);
    auto const whole = std::count(received.begin(), received.end(), '\n');
    CHECK(static_cast<std::size_t>(whole) + dropped == appended);
}

// The call comes while the writer waits for room, as it nearly always does with so small a pipe and
// so slow a reader.
TEST_CASE("stopping while the reader is slow ends when all is written", "[unit][access_log]") {
    support::captured_stderr const log;
    auto slow = make_pipe();
    REQUIRE(fcntl(slow.writer.number(), F_SETPIPE_SZ, 4'096) == 4'096);
    std::string received;
    std::size_t appended = 0;
    std::uint64_t dropped = 0;
    std::thread reader;
    {
        access_log_writer writer{slow.writer.number()};
        {
            access_log_buffer buffer{writer, small_budget};
            for (; writer.lines_dropped() == 0; ++appended) buffer.append(ordinary_exchange());
        }
        reader = std::thread{[&] {
            char bytes[256];
            for (ssize_t got = 0; (got = read(slow.reader.number(), bytes, sizeof bytes)) > 0;) {
                received.append(bytes, static_cast<std::size_t>(got));
            }
        }};
        writer.stop(support::patience());
        dropped = writer.lines_dropped();
    }
    slow.writer.close();
    reader.join();
    CHECK(lines_of(received).size() + dropped == appended);
    CHECK(dropped == 1);
}

TEST_CASE("a reader that has gone costs its lines and one message", "[unit][access_log]") {
    support::captured_stderr log;
    auto pipe = make_pipe();
    pipe.reader.close();
    constexpr std::size_t appended = 500;
    access_log_writer writer{pipe.writer.number()};
    access_log_buffer buffer{writer, {}};
    for (std::size_t i = 0; i < appended; ++i) {
        buffer.append(ordinary_exchange());
        if (i % 10 == 0) buffer.flush();
    }
    buffer.flush();
    writer.stop();
    CHECK(writer.lines_dropped() == appended);
    auto const said = lines_of(log.text());
    CHECK(std::count_if(said.begin(), said.end(), [](auto const& line) {
              return line.find("cannot be written") != line.npos;
          }) == 1);
}

TEST_CASE("a full device costs the lines and is reported once", "[unit][access_log]") {
    support::captured_stderr log;
    descriptor const full{open("/dev/full", O_WRONLY | O_CLOEXEC)};
    REQUIRE(full.number() >= 0);
    access_log_writer writer{full.number()};
    access_log_buffer buffer{writer, {}};
    for (int i = 0; i < 300; ++i) buffer.append(ordinary_exchange());
    buffer.flush();
    writer.stop();
    CHECK(writer.lines_dropped() == 300);
    CHECK(log.text().find("No space left on device") != std::string::npos);
}

TEST_CASE("lines of several cores do not mix", "[unit][access_log]") {
    std::array<std::string, 3> const names{"core 0", "core 1", "core 2"};
    constexpr std::size_t each = 5'000;
    descriptor const file{memfd_create("access log", MFD_CLOEXEC)};
    {
        access_log_writer writer{file.number()};
        std::vector<std::thread> cores;
        for (auto const& name : names) {
            cores.emplace_back([&writer, &name] {
                access_log_buffer buffer{writer, with_buffer(8_MiB)};
                auto record = ordinary_exchange();
                record.route = name;
                for (std::size_t i = 0; i < each; ++i) {
                    buffer.append(record);
                    if (i % 97 == 0) buffer.flush();
                }
            });
        }
        for (auto& core : cores) core.join();
        writer.stop();
        CHECK(writer.lines_dropped() == 0);
    }
    auto const text = text_of(file);
    CHECK(lines_of(text).size() == names.size() * each);
    std::map<std::string, std::size_t> counts;
    for (auto const& line : lines_of(text)) ++counts[line + '\n'];
    for (auto const& name : names) {
        auto record = ordinary_exchange();
        record.route = name;
        CHECK(counts[line_for(record)] == each);
    }
}
