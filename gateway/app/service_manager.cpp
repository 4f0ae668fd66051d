// SPDX-License-Identifier: Apache-2.0
#include "app/service_manager.hpp"

#include "observe/log.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace gateway::app {
namespace {

std::uint64_t number_in(char const* variable) {
    char const* const text = std::getenv(variable);
    std::uint64_t value = 0;
    if (text != nullptr) std::from_chars(text, text + std::strlen(text), value);
    return value;
}

std::uint64_t monotonic_microseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

}  // namespace

service_manager::service_manager(boost::asio::io_context& control, std::function<bool()> well)
    : well_(std::move(well)), timer_(control) {
    char const* const socket = std::getenv("NOTIFY_SOCKET");
    if (socket == nullptr) return;
    // A path, or a name in the abstract space; vsock is for virtual machines.
    if (socket[0] == '/' || socket[0] == '@') socket_ = socket;
    // WATCHDOG_PID says for whom it is meant (sd_watchdog_enabled(3)).
    std::uint64_t const meant = number_in("WATCHDOG_PID");
    if (meant != 0 && meant != static_cast<std::uint64_t>(::getpid())) return;
    watchdog_ = milliseconds{number_in("WATCHDOG_USEC") / 2'000};
}

void service_manager::ready() {
    tell("READY=1\nSTATUS=serving");
    if (watchdog_.count() > 0) feed_watchdog();
}

void service_manager::stopping(std::string_view why, milliseconds drain) {
    std::string message{"STOPPING=1\nSTATUS=draining after "};
    message.append(why).append("\nMONOTONIC_USEC=");
    message.append(std::to_string(monotonic_microseconds())).append("\nEXTEND_TIMEOUT_USEC=");
    // And a second for what is cut to end.
    message.append(std::to_string((drain.count() + 2'000) * 1'000));
    tell(message);
}

void service_manager::moved_to(pid_t process) {
    timer_.cancel();
    watchdog_ = milliseconds{0};
    tell("MAINPID=" + std::to_string(process) + "\nSTATUS=serving after an upgrade");
}

// A core whose loop hangs gets no sign of life sent, and systemd restarts us.
void service_manager::feed_watchdog() {
    if (well_()) tell("WATCHDOG=1");
    timer_.expires_after(watchdog_);
    timer_.async_wait([this](boost::system::error_code aborted) {
        if (!aborted) feed_watchdog();
    });
}

void service_manager::tell(std::string_view message) const {
    sockaddr_un to{};
    if (socket_.empty() || socket_.size() >= sizeof to.sun_path) return;
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, socket_.data(), socket_.size());
    if (socket_[0] == '@') to.sun_path[0] = '\0';
    auto const size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    int const from = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ssize_t const sent = ::sendto(
        from, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&to), size);
    if (sent < 0) {
        observe::log_warn("cannot tell the service manager ({})", std::strerror(errno));
    }
    if (from >= 0) ::close(from);
}

}  // namespace gateway::app
