// SPDX-License-Identifier: Apache-2.0
#include "support/gateway_process.hpp"

#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

namespace gateway::support {
namespace {

std::size_t occurrences(std::string const& text, std::string const& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
    return count;
}

std::vector<std::uint16_t> ports_after(std::string const& log, std::string const& words) {
    std::vector<std::uint16_t> ports;
    for (auto at = log.find(words); at != log.npos; at = log.find(words, at + 1)) {
        auto const colon = log.find(':', at);
        ports.push_back(static_cast<std::uint16_t>(std::stoul(log.substr(colon + 1))));
    }
    return ports;
}

std::vector<json_object> parsed_lines(std::string const& text) {
    std::vector<json_object> lines;
    std::istringstream rest{text.substr(0, text.rfind('\n') + 1)};
    for (std::string line; std::getline(rest, line);) lines.emplace_back(line);
    return lines;
}

// The count of kilobytes /proc/PID/status gives for `name`.
std::uint64_t status_bytes(pid_t pid, std::string const& name) {
    std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(name + ':')) return std::stoull(line.substr(name.size() + 1)) << 10;
    }
    throw std::runtime_error{"no " + name + " in /proc/PID/status"};
}

std::size_t entries(pid_t pid, char const* folder) {
    std::filesystem::directory_iterator const all{"/proc/" + std::to_string(pid) + folder};
    return static_cast<std::size_t>(std::distance(all, std::filesystem::directory_iterator{}));
}

}  // namespace

std::string gateway_binary() {
    // That of a sanitizer's build tree, which has no wire tests of its own.
    char const* const other = std::getenv("GATEWAY_BINARY");
    return other == nullptr ? GATEWAY_BINARY : other;
}

temporary_file::temporary_file(std::string const& content, std::string const& suffix) {
    auto const folder = std::filesystem::temp_directory_path();
    auto name = (folder / ("gateway-test-XXXXXX" + suffix)).string();
    descriptor const file{::mkstemps(name.data(), static_cast<int>(suffix.size()))};
    if (!file) throw std::runtime_error{"no temporary file " + name};
    path_ = name;
    std::ofstream{path_} << content;
}

temporary_file::~temporary_file() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

finished gateway_to_end(std::string const& verb, std::string const& settings_text) {
    temporary_file const settings{settings_text, ".yaml"};
    return run_to_end({gateway_binary(), {verb, "-c", settings.path()}, {}});
}

gateway_process::gateway_process(configuration const& settings, process_options const& options)
    : settings_{std::make_unique<temporary_file>(settings.text(), ".yaml")} {
    child_ = std::make_unique<child_process>(command{
        options.program.empty() ? gateway_binary() : options.program,
        {"run", "-c", settings_->path()},
        options.environment,
        options.leave_stdout_unread,
        options.sockets,
        options.names});
    wait_until_listening(settings.listener_count());
}

gateway_process gateway_process::from_file(std::string const& path) {
    gateway_process process;
    process.child_ =
        std::make_unique<child_process>(command{gateway_binary(), {"run", "-c", path}, {}});
    process.wait_until_listening(1);
    return process;
}

void gateway_process::write_settings(std::string const& text) const {
    std::ofstream{settings_->path(), std::ios::trunc} << text;
}

namespace {

std::size_t occurrences(std::string const& text, std::string_view wanted) {
    std::size_t count = 0;
    for (auto at = text.find(wanted); at != text.npos; at = text.find(wanted, at + 1)) ++count;
    return count;
}

}  // namespace

void gateway_process::reload(configuration const& settings) const {
    constexpr std::string_view adopted = "is in effect: ";
    auto const before = occurrences(log(), adopted);
    write_settings(settings.text());
    signal(SIGHUP);
    child_->err().wait_for(
        [&](std::string const& log) { return occurrences(log, adopted) > before; });
}

void gateway_process::reload_in_vain(std::string const& text) const {
    constexpr std::string_view refused = "configuration refused";
    auto const before = occurrences(log(), refused);
    write_settings(text);
    signal(SIGHUP);
    child_->err().wait_for(
        [&](std::string const& log) { return occurrences(log, refused) > before; });
}

gateway_process gateway_process::demo() {
    gateway_process process;
    process.child_ = std::make_unique<child_process>(command{
        gateway_binary(), {"demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, {}});
    process.wait_until_listening(1);
    return process;
}

void gateway_process::wait_until_listening(std::size_t listeners) {
    static std::string const listener{"listening on "};
    static std::string const admin{"admin on "};
    auto const said = child_->err().wait_for([&](std::string const& log) {
        auto const whole_lines = log.substr(0, log.rfind('\n') + 1);
        return occurrences(whole_lines, listener) >= listeners &&
               occurrences(whole_lines, admin) >= 1;
    });
    ports_ = ports_after(said, listener);
    ports_.resize(listeners);
    ports_.push_back(ports_after(said, admin).front());
}

gateway_process::~gateway_process() {
    if (!child_) return;
    if (!child_->has_ended()) child_->signal(SIGINT);  // without a lame duck
    int code = 0;
    try {
        code = child_->wait_exit(patience(1s));
    } catch (timed_out const&) {
        child_->signal(SIGKILL);
        child_->wait_exit();
    }
    auto const said = log();
    if (code > 128) FAIL_CHECK("the gateway died of signal " << code - 128 << ": " << said);
    for (auto const words : {"Sanitizer", "runtime error:", "check failed:"}) {
        if (said.find(words) != said.npos) FAIL_CHECK("the gateway said: " << said);
    }
}

std::uint16_t gateway_process::port(std::size_t listener) const { return ports_.at(listener); }
std::uint16_t gateway_process::admin_port() const { return ports_.back(); }

std::string gateway_process::wait_for_log(std::string const& text) const {
    return child_->err().wait_for(
        [&](std::string const& log) { return log.find(text) != log.npos; });
}

std::vector<json_object> gateway_process::access_lines() const {
    return parsed_lines(child_->out().text());
}

json_object gateway_process::wait_for_access_line(line_test const& wanted) const {
    std::optional<json_object> found;
    child_->out().wait_for([&](std::string const& text) {
        auto const lines = parsed_lines(text);
        auto const line = std::ranges::find_if(lines, wanted);
        if (line != lines.end()) found = *line;
        return found.has_value();
    });
    return *found;
}

json_object gateway_process::wait_for_access_line_of(std::string const& path) const {
    return wait_for_access_line(
        [&](json_object const& line) { return line.has("path") && line.text("path") == path; });
}

std::vector<json_object> gateway_process::wait_for_access_lines(std::size_t count) const {
    auto const text = child_->out().wait_for([&](std::string const& so_far) {
        return static_cast<std::size_t>(std::ranges::count(so_far, '\n')) >= count;
    });
    return parsed_lines(text);
}

metrics_text gateway_process::metrics() const {
    return metrics_text{get(admin_port(), "/metrics", "Connection: close\r\n").body};
}

void gateway_process::wait_until_metric(
    std::function<bool(double)> const& enough,
    std::string const& name,
    double value,
    metrics_text::labels const& labels) const {
    auto const until = steady::now() + patience();
    for (;;) {
        auto const now = metrics();
        if (enough(now.sum(name, labels))) return;
        if (steady::now() > until) {
            throw timed_out{name + " never became " + std::to_string(value) + " in " + now.text()};
        }
    }
}

void gateway_process::wait_for_metric(
    std::string const& name, double value, metrics_text::labels const& labels) const {
    wait_until_metric([value](double now) { return now == value; }, name, value, labels);
}

void gateway_process::wait_for_metric_at_least(
    std::string const& name, double value, metrics_text::labels const& labels) const {
    wait_until_metric([value](double now) { return now >= value; }, name, value, labels);
}

std::uint64_t gateway_process::peak_memory_bytes() const {
    return status_bytes(child_->pid(), "VmHWM");
}

void gateway_process::forget_peak_memory() const {
    std::ofstream{"/proc/" + std::to_string(child_->pid()) + "/clear_refs"} << 5;
}

std::size_t gateway_process::open_descriptors() const { return entries(child_->pid(), "/fd"); }
std::size_t gateway_process::threads() const { return entries(child_->pid(), "/task"); }

message post(gateway_process const& gateway, std::string const& target, std::string const& fields) {
    return ask(
        gateway.admin_port(), "POST " + target + " HTTP/1.1\r\nHost: localhost:" +
                                  std::to_string(gateway.admin_port()) + "\r\n" + fields + "\r\n");
}

}  // namespace gateway::support
