// SPDX-License-Identifier: Apache-2.0
// The most important figures of a page as lines in CloudWatch's Embedded Metric Format: who reads
// stdout into CloudWatch Logs has them as metrics. A custom metric costs money for each name and
// dimension, so this is a choice, and neither task nor zone is a dimension.
#pragma once

#include "observe/task_identity.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gateway::admin {

class page;

class cloudwatch {
public:
    cloudwatch(std::string name_space, observe::task_identity who);

    // One line for the process, and one for each route, upstream and cause of an error. Counters
    // and durations are those since the last call; the first reports since the start.
    std::vector<std::string> lines(
        page const& from,
        std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

    // Values of a distribution in one line: CloudWatch takes a hundred.
    static constexpr std::size_t values_max = 100;

private:
    struct rule;
    struct group;
    static std::vector<rule> const& rules();

    void collect(rule const& one, page const& from, std::map<std::string, group>& by_value);
    double since_last(std::string const& key, double total);
    std::vector<double> durations_since_last(
        std::string const& key,
        std::vector<std::uint64_t> const& cumulative,
        std::vector<double> const& bounds);
    std::string line_of(
        char const* dimension,
        std::string const& value,
        group const& what,
        std::chrono::system_clock::time_point now) const;

    std::string const namespace_;
    observe::task_identity const who_;
    std::map<std::string, double> totals_;
    std::map<std::string, std::vector<std::uint64_t>> buckets_;
};

}  // namespace gateway::admin
