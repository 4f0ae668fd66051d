// SPDX-License-Identifier: Apache-2.0
// The real binary, started on ports the kernel chooses and watched from outside as an operator
// would: its log, its access log, its metrics, its memory, its exit code.
#pragma once

#include "support/child_process.hpp"
#include "support/configuration.hpp"
#include "support/json_object.hpp"
#include "support/metrics_text.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gateway::support {

std::string gateway_binary();

// A file that lives as long as this object.
class temporary_file {
public:
    temporary_file(std::string const& content, std::string const& suffix);
    ~temporary_file();
    temporary_file(temporary_file const&) = delete;
    temporary_file& operator=(temporary_file const&) = delete;
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

// `gateway run` or `check` on this text, to its end.
finished gateway_to_end(std::string const& verb, std::string const& settings_text);

struct process_options {
    std::vector<std::string> environment;
    bool leave_stdout_unread = false;
    std::vector<int> sockets{};  // see command
    std::string names{};
    std::string program{};  // empty: the one that was built
};

class gateway_process {
public:
    // Returns when every listener and the admin server listen.
    explicit gateway_process(configuration const& settings, process_options const& options = {});
    // The same from a file of the test's own, with one listener.
    static gateway_process from_file(std::string const& path);
    static gateway_process demo();  // `gateway demo`, both addresses on loopback
    ~gateway_process();             // also fails the test when a sanitizer or a check spoke up
    gateway_process(gateway_process&&) = default;

    std::uint16_t port(std::size_t listener = 0) const;
    std::uint16_t admin_port() const;

    void signal(int number) const { child_->signal(number); }
    // Other content for the settings file, then SIGHUP. `reload` returns when it is in effect on
    // every core; `reload_in_vain` when it was refused.
    void write_settings(std::string const& text) const;
    void reload(configuration const& settings) const;
    void reload_in_vain(std::string const& text) const;
    std::string settings_path() const { return settings_->path(); }
    pid_t pid() const { return child_->pid(); }
    int wait_exit(milliseconds wait = patience(20s)) { return child_->wait_exit(wait); }
    void read_stdout_now() { child_->read_stdout_now(); }

    std::string log() const { return child_->err().text(); }
    std::string wait_for_log(std::string const& text) const;
    std::string wait_for_log_until(std::function<bool(std::string const&)> const& enough) const {
        return child_->err().wait_for(enough);
    }

    std::string output() const { return child_->out().text(); }  // stdout so far

    using line_test = std::function<bool(json_object const&)>;
    std::vector<json_object> access_lines() const;
    json_object wait_for_access_line(line_test const& wanted) const;
    json_object wait_for_access_line_of(std::string const& path) const;
    std::vector<json_object> wait_for_access_lines(std::size_t count) const;

    metrics_text metrics() const;
    // Scrapes until the sum is `value`: counters of a finished exchange may trail its last byte.
    void wait_for_metric(
        std::string const& name, double value, metrics_text::labels const& labels = {}) const;
    void wait_for_metric_at_least(
        std::string const& name, double value, metrics_text::labels const& labels = {}) const;

    std::uint64_t peak_memory_bytes() const;  // since the last call of forget_peak_memory
    void forget_peak_memory() const;
    std::size_t open_descriptors() const;
    std::size_t threads() const;

private:
    gateway_process() = default;
    void wait_until_listening(std::size_t listeners);
    void wait_until_metric(
        std::function<bool(double)> const& enough,
        std::string const& name,
        double value,
        metrics_text::labels const& labels) const;

    std::unique_ptr<temporary_file> settings_;
    std::unique_ptr<child_process> child_;
    std::vector<std::uint16_t> ports_;  // the listeners', then the admin server's
};

struct message;

// Asks the admin listener for a change, as an operator's curl would.
message post(
    gateway_process const& gateway, std::string const& target, std::string const& fields = {});

}  // namespace gateway::support
