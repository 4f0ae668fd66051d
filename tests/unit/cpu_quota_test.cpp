// SPDX-License-Identifier: Apache-2.0
#include "runtime/cpu_quota.hpp"

#include "net/ecs_metadata.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace gateway;

namespace {

using files = std::map<std::string, std::string>;

runtime::file_reader reader_of(files const& all) {
    return [&all](std::string const& path) -> std::optional<std::string> {
        auto const found = all.find(path);
        if (found == all.end()) return std::nullopt;
        return found->second;
    };
}

}  // namespace

TEST_CASE("cpu.max says a quota or none", "[unit][quota]") {
    CHECK(runtime::parse_cpu_max("200000 100000\n") == 2.0);
    CHECK(runtime::parse_cpu_max("25000 100000") == 0.25);
    CHECK_FALSE(runtime::parse_cpu_max("max 100000\n"));
    CHECK_FALSE(runtime::parse_cpu_max(""));
    CHECK_FALSE(runtime::parse_cpu_max("garbage"));
    CHECK_FALSE(runtime::parse_cpu_max("0 100000"));
    CHECK_FALSE(runtime::parse_cpu_max("100000 0"));
}

TEST_CASE("the smallest quota on the way up counts", "[unit][quota]") {
    files const v2{
        {"/proc/self/cgroup", "0::/ecs/task/container\n"},
        {"/sys/fs/cgroup/ecs/task/container/cpu.max", "max 100000\n"},
        {"/sys/fs/cgroup/ecs/task/cpu.max", "50000 100000\n"},
        {"/sys/fs/cgroup/ecs/cpu.max", "400000 100000\n"}};
    CHECK(runtime::cgroup_cpus(reader_of(v2)) == 0.5);
}

TEST_CASE("a container's own namespace shows its quota at the root", "[unit][quota]") {
    files const v2{{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "150000 100000\n"}};
    CHECK(runtime::cgroup_cpus(reader_of(v2)) == 1.5);
}

TEST_CASE("cgroup v1 is read from its cpu controller", "[unit][quota]") {
    files const v1{
        {"/proc/self/cgroup", "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n0::/\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "-1\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "25000\n"},
        {"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}};
    CHECK(runtime::cgroup_cpus(reader_of(v1)) == 0.25);
}

TEST_CASE("without cgroup files there is no quota", "[unit][quota]") {
    CHECK_FALSE(runtime::cgroup_cpus(reader_of({})));
}

TEST_CASE("threads are the quota rounded up, within what may be used", "[unit][quota]") {
    CHECK(runtime::threads_for(0.25, 64) == 1);
    CHECK(runtime::threads_for(1.5, 64) == 2);
    CHECK(runtime::threads_for(2.0, 64) == 2);
    CHECK(runtime::threads_for(100.0, 4) == 4);
    CHECK(runtime::threads_for(std::nullopt, 4) == 4);
    CHECK(runtime::threads_for(std::nullopt, 0) == 1);
}

TEST_CASE("a task's CPU limit is read from its metadata", "[unit][quota]") {
    CHECK(
        net::parse_task_limits(R"({"Cluster":"c","Limits":{"CPU":0.5,"Memory":1024}})").cpus ==
        0.5);
    CHECK(net::parse_task_limits(R"({"AvailabilityZone":"eu-1a"})").zone == "eu-1a");
    CHECK(net::parse_task_limits(R"({"Cluster":"c"})").zone.empty());
    CHECK_FALSE(net::parse_task_limits(R"({"Cluster":"c"})").cpus);
    CHECK_FALSE(net::parse_task_limits(R"({"Limits":{"CPU":0}})").cpus);
    CHECK_FALSE(net::parse_task_limits("<html>").cpus);
    CHECK_FALSE(net::parse_task_limits("").cpus);
}

TEST_CASE("metadata that nobody offers costs no more than its limit", "[unit][quota]") {
    auto const begin = std::chrono::steady_clock::now();
    CHECK_FALSE(net::ask_task_limits("http://127.0.0.1:1/v4", 300ms).cpus);
    CHECK_FALSE(net::ask_task_limits("not a uri", 300ms).cpus);
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
}
