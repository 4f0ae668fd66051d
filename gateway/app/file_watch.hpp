// SPDX-License-Identifier: Apache-2.0
// Tells when a file has other content, however it came: written in place, renamed over by an
// editor, swapped by a link as Kubernetes does, changed below a bind mount. Lives on the control
// thread.
#pragma once

#include "base/units.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace gateway::app {

class file_watch {
public:
    // `changed` is told once the file has been quiet for `settle`, so that nobody reads half of it.
    file_watch(boost::asio::io_context& control, std::string path, std::function<void()> changed);
    ~file_watch();
    file_watch(file_watch const&) = delete;
    file_watch& operator=(file_watch const&) = delete;

    // From what the file holds now on.
    void start();
    void stop();
    // The file was read for another reason; only what differs from this is news.
    void mark_read();

    static constexpr milliseconds settle{200};
    // Not every file system tells; where none does, the file is looked at this often.
    static constexpr milliseconds look_every{2'000};

private:
    // What tells versions of a file apart.
    struct version {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::int64_t changed_ns = 0;
        std::int64_t size = -1;
        std::uint64_t hash = 0;  // of its content
        bool operator==(version const&) const = default;
        bool has_same_place(version const& other) const {
            return device == other.device && inode == other.inode &&
                   changed_ns == other.changed_ns && size == other.size;
        }
    };

    version version_now(version const& known) const;
    void watch_names();
    void await_events();
    void await_look();
    void look(version const& known);
    void warn_if_orphaned();
    void note_change();

    boost::asio::io_context& control_;
    std::string path_;
    std::function<void()> changed_;
    boost::asio::steady_timer look_timer_;
    boost::asio::steady_timer quiet_timer_;
    std::optional<boost::asio::posix::stream_descriptor> events_;
    version read_{};  // the last version that was told or read
    version seen_{};  // the last version that was seen
    bool running_ = false;
    bool orphaned_ = false;
};

}  // namespace gateway::app
