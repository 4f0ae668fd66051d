// SPDX-License-Identifier: Apache-2.0
// Who is let in, and what memory allows.
#include "net/admission.hpp"

#include "net/ecs_metadata.hpp"
#include "runtime/memory_limit.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace gateway;
using net::admission;
using runtime::memory_level;

namespace {

http::address16 client_at(std::initializer_list<std::uint8_t> last_bytes) {
    http::address16 address{};
    std::copy(last_bytes.begin(), last_bytes.end(), address.end() - last_bytes.size());
    return address;
}

http::address16 subscriber(std::uint8_t net, std::uint8_t host) {
    http::address16 address{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, net};
    address[15] = host;
    return address;
}

using files = std::map<std::string, std::string>;

runtime::file_reader reader_of(files all) {
    return [all = std::move(all)](std::string const& path) -> std::optional<std::string> {
        auto const found = all.find(path);
        if (found == all.end()) return std::nullopt;
        return found->second;
    };
}

}  // namespace

TEST_CASE("the process has so many connections and no more", "[unit][admission]") {
    admission door{{.connections = 2}};
    auto const one = client_at({0xff, 0xff, 10, 0, 0, 1});
    CHECK(door.admit(one, false) == cause::none);
    CHECK(door.admit(one, false) == cause::none);
    CHECK(door.admit(one, false) == cause::too_many_connections);
    CHECK(door.open() == 2);
    door.leave(one, false);
    CHECK(door.admit(one, false) == cause::none);
}

TEST_CASE("one client has so many connections, another its own", "[unit][admission]") {
    admission door{{.connections = 100, .connections_per_client = 2}};
    auto const one = client_at({0xff, 0xff, 10, 0, 0, 1});
    auto const other = client_at({0xff, 0xff, 10, 0, 0, 2});
    CHECK(door.admit(one, false) == cause::none);
    CHECK(door.admit(one, false) == cause::none);
    CHECK(door.admit(one, false) == cause::too_many_connections_of_client);
    CHECK(door.admit(other, false) == cause::none);
    CHECK(door.open() == 3);
    door.leave(one, false);
    CHECK(door.admit(one, false) == cause::none);
    CHECK(door.admit(one, false) == cause::too_many_connections_of_client);
    SECTION("a trusted proxy speaks for many") {
        for (int i = 0; i < 10; ++i) CHECK(door.admit(one, true) == cause::none);
    }
}

TEST_CASE("a refused connection counts for nobody", "[unit][admission]") {
    admission door{{.connections = 1, .connections_per_client = 2}};
    auto const one = client_at({0xff, 0xff, 10, 0, 0, 1});
    auto const other = client_at({0xff, 0xff, 10, 0, 0, 2});
    CHECK(door.admit(one, false) == cause::none);
    for (int i = 0; i < 5; ++i) CHECK(door.admit(other, false) == cause::too_many_connections);
    door.leave(one, false);
    CHECK(door.admit(other, false) == cause::none);
    CHECK(door.open() == 1);
}

TEST_CASE("an IPv6 subscriber is one client", "[unit][admission]") {
    admission door{{.connections = 100, .connections_per_client = 2}};
    CHECK(door.admit(subscriber(1, 1), false) == cause::none);
    CHECK(door.admit(subscriber(1, 2), false) == cause::none);
    CHECK(door.admit(subscriber(1, 3), false) == cause::too_many_connections_of_client);
    CHECK(door.admit(subscriber(2, 1), false) == cause::none);
}

TEST_CASE("the memory's level rises at 85 and 92 % and falls 3 % lower", "[unit][memory]") {
    using runtime::level_of;
    constexpr byte_count limit = 1000;
    CHECK(level_of(849, limit, memory_level::calm) == memory_level::calm);
    CHECK(level_of(850, limit, memory_level::calm) == memory_level::tight);
    CHECK(level_of(919, limit, memory_level::calm) == memory_level::tight);
    CHECK(level_of(920, limit, memory_level::calm) == memory_level::critical);
    CHECK(level_of(920, limit, memory_level::tight) == memory_level::critical);
    CHECK(level_of(890, limit, memory_level::critical) == memory_level::critical);
    CHECK(level_of(889, limit, memory_level::critical) == memory_level::tight);
    CHECK(level_of(820, limit, memory_level::tight) == memory_level::tight);
    CHECK(level_of(819, limit, memory_level::tight) == memory_level::calm);
    CHECK(level_of(100, limit, memory_level::critical) == memory_level::calm);
    CHECK(level_of(5000, 0, memory_level::calm) == memory_level::calm);
}

TEST_CASE("the smallest memory limit on the way up counts", "[unit][memory]") {
    files const v2{
        {"/proc/self/cgroup", "0::/ecs/task\n"},
        {"/sys/fs/cgroup/ecs/task/memory.max", "max\n"},
        {"/sys/fs/cgroup/ecs/memory.max", "536870912\n"},
        {"/sys/fs/cgroup/memory.max", "max\n"}};
    runtime::memory_gauge const gauge{0, 8_GiB, reader_of(v2)};
    CHECK(gauge.limit() == 512_MiB);
    CHECK(gauge.source() == "cgroup");
    runtime::memory_gauge const wanted{64_MiB, 8_GiB, reader_of(v2)};
    CHECK(wanted.limit() == 64_MiB);
    CHECK(wanted.source() == "settings");
    runtime::memory_gauge const without{0, 8_GiB, reader_of({})};
    CHECK(without.limit() == 8_GiB);
    CHECK(without.source() == "fallback");
}

TEST_CASE("cgroup v1 writes no limit as a huge number", "[unit][memory]") {
    auto const with = [](std::string const& limit) {
        return runtime::memory_gauge{
            0, 8_GiB,
            reader_of(
                {{"/proc/self/cgroup", "9:memory:/docker/x\n"},
                 {"/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", limit}})};
    };
    CHECK(with("9223372036854771712\n").limit() == 8_GiB);
    CHECK(with("268435456\n").limit() == 256_MiB);
}

TEST_CASE("the kernel's memory for sockets counts, its page cache does not", "[unit][memory]") {
    runtime::memory_gauge const gauge{
        0, 8_GiB,
        reader_of(
            {{"/proc/self/cgroup", "0::/\n"},
             {"/proc/self/statm", "50000 1000 500 1 0 400 0\n"},
             {"/sys/fs/cgroup/memory.max", "104857600\n"},
             {"/sys/fs/cgroup/memory.current", "90000000\n"},
             {"/sys/fs/cgroup/memory.stat",
              "anon 5000000\nactive_file 20000000\ninactive_file 30000000\nsock 1\n"}})};
    CHECK(gauge.used() == 40'000'000);
    runtime::memory_gauge const own{
        64_MiB, 8_GiB, reader_of({{"/proc/self/statm", "50000 1000 500 1 0 400 0\n"}})};
    CHECK(own.used() == 1000 * 4096);
}

TEST_CASE("a task's memory limit is read from its metadata in MiB", "[unit][memory]") {
    CHECK(net::parse_task_limits(R"({"Limits":{"CPU":0.5,"Memory":1024}})").memory == 1_GiB);
    CHECK_FALSE(net::parse_task_limits(R"({"Limits":{"CPU":0.5}})").memory);
    CHECK_FALSE(net::parse_task_limits(R"({"Limits":{"Memory":-1}})").memory);
}
