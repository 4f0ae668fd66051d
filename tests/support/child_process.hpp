// SPDX-License-Identifier: Apache-2.0
// A program run by a test: its output captured while it runs, its end awaited, and nothing of it
// left behind.
#pragma once

#include "support/stream.hpp"

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gateway::support {

// Collects what a pipe delivers until its other end closes.
class captured_output {
public:
    captured_output() = default;
    ~captured_output();

    void read_from(descriptor pipe);
    std::string text() const;
    // The text once `enough` says so; throws timed_out with the text so far.
    std::string wait_for(std::function<bool(std::string const&)> const& enough) const;
    void wait_for_end();

private:
    void read_all();

    descriptor pipe_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::string text_;
    bool ended_ = false;
    std::thread reader_;
};

struct command {
    std::string program;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // "NAME=value", added to ours
    // A consumer that has stopped reading: the pipe stays open and fills up.
    bool leave_stdout_unread = false;
    // Handed over as a service manager does: sd_listen_fds(3). Names are joined by ":".
    std::vector<int> sockets{};
    std::string names{};
};

class child_process {
public:
    explicit child_process(command const& what);
    ~child_process();  // kills it when it still runs

    pid_t pid() const { return pid_; }
    void signal(int number) const;
    // The exit code, or 128 + the signal that ended it; all its output has arrived then.
    int wait_exit(milliseconds wait = patience(20s));
    bool has_ended() const { return ended_; }

    captured_output const& out() const { return out_; }
    captured_output const& err() const { return err_; }
    void read_stdout_now();  // ends `leave_stdout_unread`

private:
    pid_t pid_ = -1;
    descriptor watch_;  // readable when the process has ended
    descriptor unread_;
    captured_output out_;
    captured_output err_;
    bool ended_ = false;
    int code_ = 0;
};

struct finished {
    int exit_code = 0;
    std::string out;
    std::string err;
};

// Runs a program that ends by itself.
finished run_to_end(command const& what);

}  // namespace gateway::support
