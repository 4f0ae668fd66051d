// SPDX-License-Identifier: Apache-2.0
#include "support/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace gateway::support {
namespace {

struct pipe_ends {
    descriptor read;
    descriptor write;
};

pipe_ends make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::system_error{errno, std::generic_category(), "pipe2"};
    }
    return {descriptor{ends[0]}, descriptor{ends[1]}};
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> all;
    for (auto& s : strings) all.push_back(s.data());
    all.push_back(nullptr);
    return all;
}

constexpr int first_handed = 3;
constexpr int out_of_the_way = 200;
std::string const pid_variable{"LISTEN_PID="};

// Copies that no dup2 to the descriptors from 3 on overwrites.
std::vector<descriptor> moved_away(std::vector<int> const& sockets) {
    std::vector<descriptor> all;
    for (int const each : sockets) all.emplace_back(::fcntl(each, F_DUPFD_CLOEXEC, out_of_the_way));
    return all;
}

descriptor move_away(descriptor from) {
    return descriptor{::fcntl(from.number(), F_DUPFD_CLOEXEC, out_of_the_way)};
}

// In the child, whose number is not known before; digits only, as the entry has room for.
void write_pid(char* entry, std::size_t size) {
    pid_t left = ::getpid();
    for (std::size_t i = size; i-- > pid_variable.size(); left /= 10) {
        entry[i] = static_cast<char>('0' + left % 10);
    }
}

// Between fork and exec only calls that are safe in a signal handler: other threads of ours may
// have held any lock.
[[noreturn]] void become(
    char const* program, char* const* arguments, char* const* environment, int out, int err) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Catch's handlers were inherited; a signal before exec would run them in here.
    for (int const number : {SIGTERM, SIGINT, SIGHUP}) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    int const nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::close(nothing);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::execve(program, arguments, environment);
    ::_exit(127);
}

}  // namespace

captured_output::~captured_output() { wait_for_end(); }

void captured_output::read_from(descriptor pipe) {
    pipe_ = std::move(pipe);
    reader_ = std::thread{[this] { read_all(); }};
}

void captured_output::read_all() {
    std::array<char, 1 << 16> piece{};
    for (;;) {
        auto const n = ::read(pipe_.number(), piece.data(), piece.size());
        if (n < 0 && errno == EINTR) continue;
        std::lock_guard lock{mutex_};
        if (n > 0) text_.append(piece.data(), static_cast<std::size_t>(n));
        ended_ = n <= 0;
        changed_.notify_all();
        if (ended_) return;
    }
}

std::string captured_output::text() const {
    std::lock_guard lock{mutex_};
    return text_;
}

std::string captured_output::wait_for(std::function<bool(std::string const&)> const& enough) const {
    std::unique_lock lock{mutex_};
    bool reached = false;
    changed_.wait_for(lock, patience(), [&] { return (reached = enough(text_)) || ended_; });
    if (!reached) throw timed_out{"this output is not what was awaited: \"" + text_ + '"'};
    return text_;
}

void captured_output::wait_for_end() {
    if (reader_.joinable()) reader_.join();
}

child_process::child_process(command const& what) {
    auto out = make_pipe();
    auto err = make_pipe();
    auto arguments = what.arguments;
    arguments.insert(arguments.begin(), what.program);
    auto environment = what.environment;
    auto const handed = moved_away(what.sockets);
    if (!handed.empty()) {
        // From this place on the pipes must not lie where the sockets go.
        out = {move_away(std::move(out.read)), move_away(std::move(out.write))};
        err = {move_away(std::move(err.read)), move_away(std::move(err.write))};
        environment.insert(
            environment.begin(),
            {pid_variable + std::string(10, '0'), "LISTEN_FDS=" + std::to_string(handed.size()),
             "LISTEN_FDNAMES=" + what.names});
    }
    // The first of two equal names counts, so what the test says goes before what we have.
    for (auto entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
    auto const argument_pointers = pointers_to(arguments);
    auto const environment_pointers = pointers_to(environment);

    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_ = ::fork();
    if (pid_ != 0) ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (pid_ < 0) throw std::system_error{errno, std::generic_category(), "fork"};
    if (pid_ == 0) {
        for (std::size_t i = 0; i < handed.size(); ++i) {
            ::dup2(handed[i].number(), first_handed + static_cast<int>(i));
        }
        if (!handed.empty()) write_pid(environment[0].data(), environment[0].size());
        become(
            what.program.c_str(), argument_pointers.data(), environment_pointers.data(),
            out.write.number(), err.write.number());
    }
    // glibc 2.36 declares pidfd_open without C linkage, so a C++ program has to go around it.
    watch_ = descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
    if (what.leave_stdout_unread) {
        unread_ = std::move(out.read);
    } else {
        out_.read_from(std::move(out.read));
    }
    err_.read_from(std::move(err.read));
}

child_process::~child_process() {
    if (ended_) return;
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

void child_process::signal(int number) const {
    if (!ended_) ::kill(pid_, number);
}

void child_process::read_stdout_now() { out_.read_from(std::move(unread_)); }

int child_process::wait_exit(milliseconds wait) {
    if (ended_) return code_;
    pollfd watched{watch_.number(), POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(wait.count())) != 1) {
        throw timed_out{"the process has not ended; it said: " + err_.text()};
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ended_ = true;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    out_.wait_for_end();
    err_.wait_for_end();
    return code_;
}

finished run_to_end(command const& what) {
    child_process child{what};
    auto const code = child.wait_exit();
    return {code, child.out().text(), child.err().text()};
}

}  // namespace gateway::support
