// SPDX-License-Identifier: Apache-2.0
// What the gateway's log writes while this lives.
#pragma once

#include "observe/log.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace gateway::support {

class captured_stderr {
public:
    explicit captured_stderr(settings::log_level level = settings::log_level::info) {
        dup2(memory_, STDERR_FILENO);
        observe::set_up_log(level);
    }
    ~captured_stderr() {
        dup2(before_, STDERR_FILENO);
        observe::set_up_log(settings::log_level::info);
        close(memory_);
        close(before_);
    }
    captured_stderr(captured_stderr const&) = delete;
    captured_stderr& operator=(captured_stderr const&) = delete;

    std::string text() const {
        std::string all(static_cast<std::size_t>(lseek(memory_, 0, SEEK_END)), '\0');
        auto const got = pread(memory_, all.data(), all.size(), 0);
        all.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
        return all;
    }

private:
    int before_ = dup(STDERR_FILENO);
    int memory_ = memfd_create("captured stderr", MFD_CLOEXEC);
};

}  // namespace gateway::support
