// SPDX-License-Identifier: Apache-2.0
#include "app/upgrade.hpp"

#include "app/command_line.hpp"
#include "observe/log.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>

#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace gateway::app {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

// Read when this process starts; afterwards the kernel may know it as a deleted file.
std::string own_path() {
    std::error_code failed;
    std::filesystem::path const path = std::filesystem::read_symlink("/proc/self/exe", failed);
    return failed ? std::string{} : path.string();
}

std::vector<std::string> own_arguments() {
    std::ifstream file{"/proc/self/cmdline"};
    std::string const text{std::istreambuf_iterator<char>{file}, {}};
    std::vector<std::string> all;
    for (std::size_t at = 0; at < text.size(); at += all.back().size() + 1) {
        all.emplace_back(text.c_str() + at);
    }
    return all;
}

// Ours, but for what was meant for this process alone.
std::vector<std::string> environment_with(std::string handover) {
    std::vector<std::string> all{std::move(handover)};
    for (auto entry = environ; *entry != nullptr; ++entry) {
        std::string_view const text{*entry};
        bool const own = text.starts_with("WATCHDOG_PID=") || text.starts_with("LISTEN_") ||
                         text.starts_with(std::string{handed_sockets::variable} + '=');
        if (!own) all.emplace_back(text);
    }
    return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> all;
    for (auto& each : strings) all.push_back(each.data());
    all.push_back(nullptr);
    return all;
}

std::string text_of_end(int status) {
    if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
    int const code = WEXITSTATUS(status);
    std::string const text = "ended with exit code " + std::to_string(code);
    if (code == exit_usage) return text + ": the configuration or the command line is wrong";
    return code == 127 ? text + ": the program could not be run" : text;
}

// Files that `posix_spawn` leaves open in the new process: those named here and no others.
class kept_open {
public:
    kept_open() { ::posix_spawn_file_actions_init(&actions_); }
    ~kept_open() { ::posix_spawn_file_actions_destroy(&actions_); }
    kept_open(kept_open const&) = delete;
    kept_open& operator=(kept_open const&) = delete;
    // A descriptor duplicated to itself loses its close-on-exec flag.
    void add(int descriptor) {
        ::posix_spawn_file_actions_adddup2(&actions_, descriptor, descriptor);
    }
    posix_spawn_file_actions_t const* get() const noexcept { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

// What is blocked here, for `runtime/signal_watch`, is not for the new process to inherit.
class nothing_blocked {
public:
    nothing_blocked() {
        sigset_t none;
        sigemptyset(&none);
        ::posix_spawnattr_init(&attributes_);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
    }
    ~nothing_blocked() { ::posix_spawnattr_destroy(&attributes_); }
    nothing_blocked(nothing_blocked const&) = delete;
    nothing_blocked& operator=(nothing_blocked const&) = delete;
    posix_spawnattr_t const* get() const noexcept { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

}  // namespace

std::string_view word_of(upgrade_failure why) noexcept {
    constexpr std::array<std::string_view, upgrade_failure_count> words{
        "first_process", "leaving", "not_started", "ended", "too_late"};
    return words[static_cast<std::size_t>(why)];
}

upgrade::upgrade(
    asio::io_context& control,
    std::function<std::vector<int>()> sockets,
    std::function<void(pid_t)> taken_over)
    : sockets_(std::move(sockets)),
      taken_over_(std::move(taken_over)),
      line_(control),
      timer_(control),
      program_(own_path()) {}

std::vector<std::pair<std::string_view, std::uint64_t>> upgrade::figures() const {
    std::vector<std::pair<std::string_view, std::uint64_t>> all;
    for (std::size_t i = 0; i < failed_.size(); ++i) {
        all.emplace_back(word_of(static_cast<upgrade_failure>(i)), failed_[i]);
    }
    return all;
}

std::vector<int> listening_sockets(
    std::vector<std::unique_ptr<core_unit>> const& cores, admin::admin_server const& admin) {
    std::vector<std::vector<int>> of_cores;
    std::size_t most = 0;
    for (auto const& each : cores) {
        of_cores.push_back(each->sockets());
        most = std::max(most, of_cores.back().size());
    }
    // In the order of the configuration, as far as every core has as many.
    std::vector<int> all;
    for (std::size_t i = 0; i < most; ++i) {
        for (auto const& each : of_cores) {
            if (i < each.size()) all.push_back(each[i]);
        }
    }
    all.push_back(admin.descriptor());
    return all;
}

void upgrade::begin(milliseconds longest, bool draining) {
    if (draining) {
        fail(upgrade_failure::leaving, "this process drains already");
        return;
    }
    if (::getpid() == 1) {
        fail(
            upgrade_failure::first_process,
            "this process is the first of its container, which would end with it; start a new "
            "container and stop this one when that is ready");
        return;
    }
    if (next_ != 0) {
        observe::log_warn("upgrade: process {} is about to take over already", next_);
        return;
    }
    auto const sockets = sockets_();
    observe::log_info(
        "upgrade: starting {} to take over {} sockets, within {} s", program_, sockets.size(),
        static_cast<double>(longest.count()) / 1000);
    start(sockets);
    if (next_ == 0) return;
    listen();
    timer_.expires_after(longest);
    timer_.async_wait([this](boost::system::error_code aborted) {
        if (aborted || next_ == 0) return;
        fail(
            upgrade_failure::too_late,
            "process " + std::to_string(next_) + " could not serve in time and was ended");
    });
}

void upgrade::start(std::vector<int> const& sockets) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        fail(
            upgrade_failure::not_started,
            std::string{"there is no line to it: "} + std::strerror(errno));
        return;
    }
    kept_open files;
    files.add(ends[1]);
    std::string handover = std::string{handed_sockets::variable} + '=' + std::to_string(ends[1]);
    char between = ':';
    for (int const each : sockets) {
        files.add(each);
        handover += between + std::to_string(each);
        between = ',';
    }
    auto arguments = own_arguments();
    auto environment = environment_with(std::move(handover));
    auto const argument_pointers = pointers_to(arguments);
    auto const environment_pointers = pointers_to(environment);
    pid_t started = 0;
    nothing_blocked const mask;
    int const error = ::posix_spawn(
        &started, program_.c_str(), files.get(), mask.get(), argument_pointers.data(),
        environment_pointers.data());
    ::close(ends[1]);
    if (error != 0) {
        ::close(ends[0]);
        fail(
            upgrade_failure::not_started, std::string{"it cannot be run: "} + std::strerror(error));
        return;
    }
    next_ = started;
    may_serve_ = false;
    line_.assign(local{}, ends[0]);
}

void upgrade::listen() {
    asio::async_read(
        line_, asio::buffer(&word_, 1), [this](boost::system::error_code ended, std::size_t) {
            if (ended == asio::error::operation_aborted || next_ == 0) return;
            if (ended) {
                line_ended();
            } else {
                heard(word_);
            }
        });
}

void upgrade::heard(char word) {
    if (word == handover::ready) {
        may_serve_ = true;
        ::send(line_.native_handle(), &handover::go, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        listen();
    } else if (word == handover::serving && may_serve_) {
        timer_.cancel();
        line_.close();
        pid_t const serves = std::exchange(next_, 0);
        taken_over_(serves);
    } else {
        fail(
            upgrade_failure::ended,
            "process " + std::to_string(next_) + " does not talk like a gateway and was ended");
    }
}

void upgrade::line_ended() {
    // It has ended or closed its end; if it lives it does so for nothing.
    pid_t const gone = std::exchange(next_, 0);
    ::kill(gone, SIGKILL);
    int status = 0;
    ::waitpid(gone, &status, 0);
    fail(upgrade_failure::ended, "process " + std::to_string(gone) + ' ' + text_of_end(status));
}

void upgrade::fail(upgrade_failure why, std::string const& what) {
    ++failed_[static_cast<std::size_t>(why)];
    forget();
    observe::log_warn("upgrade failed: {}; this process goes on", what);
}

void upgrade::forget() {
    timer_.cancel();
    boost::system::error_code ignored;
    line_.close(ignored);
    pid_t const child = std::exchange(next_, 0);
    if (child == 0) return;
    // Who serves already drains; who does not has nothing to lose.
    ::kill(child, may_serve_ ? SIGTERM : SIGKILL);
    if (!may_serve_) ::waitpid(child, nullptr, 0);
}

predecessor::predecessor(asio::io_context& control, int line) : line_(control), exists_(line >= 0) {
    if (exists_) line_.assign(local{}, line);
}

void predecessor::offer(std::function<void()> go) {
    go_ = std::move(go);
    say(handover::ready);
    // Whatever ends the wait: if the old one has gone, nobody else serves.
    asio::async_read(
        line_, asio::buffer(&word_, 1), [this](boost::system::error_code ended, std::size_t) {
            if (ended != asio::error::operation_aborted) go_();
        });
}

void predecessor::serving() {
    if (!exists_) return;
    say(handover::serving);
    boost::system::error_code ignored;
    line_.close(ignored);
}

void predecessor::say(char word) {
    ::send(line_.native_handle(), &word, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace gateway::app
