// SPDX-License-Identifier: Apache-2.0
#include "observe/log_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <string>
#include <system_error>

namespace gateway::observe {

log_output::log_output(int descriptor, descriptor_use use) noexcept : descriptor_{descriptor} {
    struct stat facts {};
    if (fstat(descriptor, &facts) != 0) return;  // a closed stdout: each write says EBADF
    if (S_ISSOCK(facts.st_mode)) {
        kind_ = kind::socket;
        return;
    }
    bool const waits = S_ISFIFO(facts.st_mode) || isatty(descriptor) == 1;
    if (!waits) return;
    kind_ = kind::may_wait;
    if (use == descriptor_use::shared) return;
    std::array<char, 32> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", descriptor);
    owned_ = open(path.data(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (owned_ < 0) return;
    descriptor_ = owned_;
    kind_ = kind::never_waits;
}

log_output::log_output(char const* path)
    : descriptor_{open(
          path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0640)},
      owned_{descriptor_} {
    if (descriptor_ >= 0) return;
    throw std::system_error{
        errno, std::generic_category(), "cannot open the access log " + std::string{path}};
}

log_output::~log_output() {
    if (owned_ >= 0) close(owned_);
}

log_output::outcome log_output::write_some(std::string_view bytes) noexcept {
    for (;;) {
        ssize_t done = -1;
        if (kind_ == kind::socket) {
            done = send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        } else if (kind_ == kind::may_wait) {
            // A pipe that polls writable has a free page, so PIPE_BUF bytes go without waiting as
            // long as nobody else writes to it between the two calls.
            pollfd writable{descriptor_, POLLOUT, 0};
            if (poll(&writable, 1, 0) == 0) return {0, EAGAIN};
            done = write(descriptor_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
        } else {
            done = write(descriptor_, bytes.data(), bytes.size());
        }
        if (done >= 0) return {static_cast<std::size_t>(done), 0};
        if (errno != EINTR) return {0, errno};
    }
}

}  // namespace gateway::observe
