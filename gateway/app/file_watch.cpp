// SPDX-License-Identifier: Apache-2.0
#include "app/file_watch.hpp"

#include "observe/log.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <system_error>
#include <utility>

namespace gateway::app {
namespace {

namespace fs = std::filesystem;

// Links followed by hand, each in a folder of its own; more of them are a loop.
constexpr int links_max = 16;

constexpr std::uint32_t folder_events =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB;
constexpr std::uint32_t file_events = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;

std::uint64_t hash_of(std::string const& path) {
    std::ifstream file{path, std::ios::binary};
    std::string const bytes{std::istreambuf_iterator<char>{file}, {}};
    return std::hash<std::string>{}(bytes);
}

std::string folder_of(fs::path const& path) {
    return path.has_parent_path() ? path.parent_path().string() : std::string{"."};
}

}  // namespace

file_watch::file_watch(
    boost::asio::io_context& control, std::string path, std::function<void()> changed)
    : control_(control),
      path_(std::move(path)),
      changed_(std::move(changed)),
      look_timer_(control),
      quiet_timer_(control) {}

file_watch::~file_watch() { stop(); }

void file_watch::start() {
    if (std::exchange(running_, true)) return;
    mark_read();
    int const descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0) {
        observe::log_warn(
            "cannot be told of changes of {} ({}); looking every {} ms", path_,
            std::strerror(errno), look_every.count());
    } else {
        events_.emplace(control_, descriptor);
        watch_names();
        await_events();
    }
    await_look();
    observe::log_info("watching {} for changes", path_);
}

void file_watch::stop() {
    running_ = false;
    events_.reset();
    look_timer_.cancel();
    quiet_timer_.cancel();
}

void file_watch::mark_read() { read_ = seen_ = version_now({}); }

// The content is read only when something else about the file differs.
file_watch::version file_watch::version_now(version const& known) const {
    struct stat found {};
    if (::stat(path_.c_str(), &found) != 0) return {};
    version now{
        .device = found.st_dev,
        .inode = found.st_ino,
        .changed_ns = found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec,
        .size = found.st_size};
    now.hash = now.has_same_place(known) ? known.hash : hash_of(path_);
    return now;
}

// The folder tells of renames, and so does the folder of each link on the way; the file itself
// tells of writes that came through another name, as they do through a bind mount.
void file_watch::watch_names() {
    int const descriptor = events_->native_handle();
    fs::path at{path_};
    std::error_code failed;
    for (int i = 0; i < links_max; ++i) {
        ::inotify_add_watch(descriptor, folder_of(at).c_str(), folder_events);
        // A link may also stand in for one of the folders, as "..data" does in Kubernetes.
        fs::path const folder{folder_of(at)};
        if (fs::is_symlink(folder, failed)) {
            ::inotify_add_watch(descriptor, folder_of(folder).c_str(), folder_events);
        }
        if (!fs::is_symlink(at, failed)) break;
        fs::path const target = fs::read_symlink(at, failed);
        if (failed) break;
        at = target.is_absolute() ? target : folder / target;
    }
    ::inotify_add_watch(descriptor, path_.c_str(), file_events);
}

void file_watch::await_events() {
    events_->async_wait(
        boost::asio::posix::stream_descriptor::wait_read,
        [this](boost::system::error_code aborted) {
            if (aborted || !events_) return;
            std::array<char, 4096> unread;
            while (::read(events_->native_handle(), unread.data(), unread.size()) > 0) {}
            // Two writes may fall into one tick of the file system's clock.
            look({});
            watch_names();  // what the names stand for may be new; known watches are kept
            await_events();
        });
}

void file_watch::await_look() {
    look_timer_.expires_after(look_every);
    look_timer_.async_wait([this](boost::system::error_code aborted) {
        if (aborted || !running_) return;
        look(seen_);
        await_look();
    });
}

void file_watch::look(version const& known) {
    warn_if_orphaned();
    version const now = version_now(known);
    if (now == seen_) return;
    seen_ = now;
    note_change();
}

// A bind mount of one file goes on showing the old one after an editor outside put another in its
// place, and nothing here can see the new one.
void file_watch::warn_if_orphaned() {
    struct stat found {};
    bool const orphaned = ::stat(path_.c_str(), &found) == 0 && found.st_nlink == 0;
    if (orphaned && !std::exchange(orphaned_, true)) {
        observe::log_warn(
            "{} was replaced by another file outside of this container, which still shows the old "
            "one: mount its folder instead of the file",
            path_);
    }
}

// Starts the wait for quiet again with every change.
void file_watch::note_change() {
    quiet_timer_.expires_after(settle);
    quiet_timer_.async_wait([this](boost::system::error_code aborted) {
        if (aborted || !running_) return;
        version const now = version_now({});
        if (now != seen_) {
            seen_ = now;
            note_change();
            return;
        }
        // Gone for a moment, between a delete and a rename; or back to what it was.
        if (now.size < 0 || (now.hash == read_.hash && now.size == read_.size)) return;
        read_ = now;
        changed_();
    });
}

}  // namespace gateway::app
