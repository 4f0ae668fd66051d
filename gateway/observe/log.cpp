// SPDX-License-Identifier: Apache-2.0
// The only place that knows spdlog.
#include "observe/log.hpp"

#include "observe/log_output.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>

namespace gateway::observe {
namespace {

// Below PIPE_BUF with the time and level in front, so that lines of several threads and processes
// on one pipe do not mix.
constexpr std::size_t message_bytes_max = 4'000;

// Writes each line at once or counts it as lost; spdlog's own stderr sink would wait for a reader
// that has stopped, and with it the core that logs.
class stderr_sink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    void use_current_stderr() {
        std::lock_guard const lock{mutex_};
        output_ = std::make_unique<log_output>(STDERR_FILENO);
    }

private:
    void sink_it_(spdlog::details::log_msg const& message) override {
        if (lost_ > 0) {
            spdlog::memory_buf_t note;
            fmt::format_to(
                std::back_inserter(note), "({} messages lost: stderr was full)\n", lost_);
            if (!write({note.data(), note.size()})) {
                ++lost_;
                return;
            }
            lost_ = 0;
        }
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        if (!write({line.data(), line.size()})) ++lost_;
    }
    void flush_() override {}

    // A line is at most PIPE_BUF long, so a pipe takes all of it or nothing. A terminal or a socket
    // may take a part; the rest is given up and the line closed by the next message's own.
    bool write(std::string_view line) { return output_->write_some(line).error == 0; }

    std::unique_ptr<log_output> output_ = std::make_unique<log_output>(STDERR_FILENO);
    std::size_t lost_ = 0;
};

struct log {
    std::shared_ptr<stderr_sink> sink = std::make_shared<stderr_sink>();
    spdlog::logger logger{"gateway", sink};

    log() {
        logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
            "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v", spdlog::pattern_time_type::utc));
        logger.set_level(spdlog::level::info);
    }
};

// Never destroyed: threads may log until the process has ended.
log& the_log() {
    static log& instance = *new log;
    return instance;
}

spdlog::level::level_enum spdlog_level(settings::log_level level) noexcept {
    using enum settings::log_level;
    switch (level) {
        case trace: return spdlog::level::trace;
        case debug: return spdlog::level::debug;
        case info: return spdlog::level::info;
        case warn: return spdlog::level::warn;
        case error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

void set_up_log(settings::log_level level) {
    the_log().sink->use_current_stderr();
    set_log_level(level);
}

void set_log_level(settings::log_level level) noexcept {
    the_log().logger.set_level(spdlog_level(level));
}

bool log_enabled(settings::log_level level) noexcept {
    return the_log().logger.should_log(spdlog_level(level));
}

void log_message(settings::log_level level, std::string_view text) noexcept {
    if (!log_enabled(level)) return;
    text = text.substr(0, message_bytes_max);
    bool const clean = std::none_of(text.begin(), text.end(), is_control);
    try {
        std::string replaced;
        if (!clean) {
            replaced = text;
            std::replace_if(replaced.begin(), replaced.end(), is_control, ' ');
            text = replaced;
        }
        the_log().logger.log(spdlog_level(level), spdlog::string_view_t{text.data(), text.size()});
    } catch (std::exception const&) {
        // Only memory can be short here (spdlog catches its own), and then a message is lost.
        return;
    }
}

void flush_log() noexcept { the_log().logger.flush(); }

}  // namespace gateway::observe
