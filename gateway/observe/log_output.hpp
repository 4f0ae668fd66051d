// SPDX-License-Identifier: Apache-2.0
// A descriptor of the process, usually stdout or stderr, that is written to without ever waiting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::observe {

// `reopened`: pipes and terminals are opened once more through /proc, so that O_NONBLOCK touches
// our own open file description and not the one we share with the shell or the container's runtime.
// `shared`: the descriptor is used as it is, in pieces that cannot wait. Also the fallback where
// reopening is refused (a pipe of another user).
enum class descriptor_use : std::uint8_t { reopened, shared };

// Borrows the descriptor; it must stay open for as long as this lives.
class log_output {
public:
    explicit log_output(int descriptor, descriptor_use use = descriptor_use::reopened) noexcept;
    // Opens a file to append to; makes it when it is missing. Throws std::system_error.
    explicit log_output(char const* path);
    ~log_output();
    log_output(log_output const&) = delete;
    log_output& operator=(log_output const&) = delete;

    struct outcome {
        std::size_t written = 0;
        int error = 0;  // errno; EAGAIN when the reader is behind, EPIPE when it has gone
    };
    // Writes a first part of `bytes`, as much as goes at once. The calling thread must block
    // SIGPIPE or the process ignore it.
    outcome write_some(std::string_view bytes) noexcept;

    // To poll for POLLOUT after EAGAIN.
    int descriptor() const noexcept { return descriptor_; }

private:
    enum class kind : std::uint8_t {
        never_waits,  // regular files and devices such as /dev/null; also what was reopened
        socket,       // systemd hands one out as stdout
        may_wait,     // pipes and terminals that could not be reopened
    };

    int descriptor_;
    int owned_ = -1;  // what the destructor closes
    kind kind_ = kind::never_waits;
};

}  // namespace gateway::observe
