// SPDX-License-Identifier: Apache-2.0
#include "support/successor.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

namespace gateway::support {
namespace {

std::vector<pid_t> serving_in(std::string const& log) {
    static std::string const before{"upgrade: process "};
    std::vector<pid_t> all;
    for (auto at = log.find(before); at != log.npos; at = log.find(before, at + 1)) {
        auto const number = at + before.size();
        auto const end = log.find_first_not_of("0123456789", number);
        if (end == log.npos || log.compare(end, 7, " serves") != 0) continue;
        all.push_back(std::atoi(log.c_str() + number));
    }
    return all;
}

}  // namespace

successors::successors(gateway_process& first) : first_{first} {
    // Whoever loses its parent becomes a child of ours.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

successors::~successors() {
    if (ended_) return;
    for (pid_t const each : known()) ::kill(each, SIGKILL);
    first_.signal(SIGKILL);
}

std::vector<pid_t> successors::known() const { return serving_in(first_.log()); }

pid_t successors::wait_for(std::size_t nth) const {
    auto const log = first_.wait_for_log_until(
        [&](std::string const& text) { return serving_in(text).size() >= nth; });
    return serving_in(log).at(nth - 1);
}

int successors::wait_exit() {
    auto const all = known();
    ::kill(all.back(), SIGINT);
    // All of them hold the first one's outputs, which end with the last.
    first_.wait_exit();
    ended_ = true;
    int status = 0;
    for (pid_t const each : all) {
        if (::waitpid(each, &status, 0) != each) return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace gateway::support
