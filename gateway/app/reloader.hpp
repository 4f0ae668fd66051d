// SPDX-License-Identifier: Apache-2.0
// Gives a running process another configuration. Lives on the control thread.
//
// A reload loads and judges the file; a bad one changes nothing. Then upstreams that are new are
// prepared, their names looked up and their endpoints probed, while requests still go by the old
// routes; then every core swaps its snapshot, and the endpoints of the other upstreams follow. What
// runs keeps what it began with.
#pragma once

#include "app/core_unit.hpp"
#include "app/endpoint_desk.hpp"
#include "app/file_watch.hpp"
#include "app/series_numbers.hpp"
#include "net/admission.hpp"
#include "net/resolver.hpp"
#include "net/tls_credentials.hpp"
#include "observe/access_log.hpp"
#include "observe/reload_figures.hpp"
#include "observe/task_identity.hpp"
#include "settings/load.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::app {

// Where a configuration comes from again.
struct reload_source {
    // From that file; empty: nowhere. Anew from `path` on a reload.
    std::function<settings::loaded(std::string const& path)> load{};
    std::string path{};  // of the file; empty: there is none to watch
};

class reloader {
public:
    // What it changes. All borrowed.
    struct parts {
        boost::asio::io_context& control;
        settings::snapshot& wanted;  // in effect
        std::vector<std::unique_ptr<core_unit>>& cores;
        std::unique_ptr<observe::access_log_writer>& log;
        net::admission& admission;
        net::resolver& names;
        endpoint_desk& desk;
        std::shared_ptr<net::tls_store const>& tls;  // of the configuration in effect
        observe::task_identity const& who;           // for an access log that is switched on
        observe::reload_figures& figures;
    };
    // `adopted` is told when a configuration has come into effect on every core.
    reloader(parts all, reload_source from, std::function<void()> adopted);

    proxy::edition const& current() const noexcept { return *current_; }
    observe::traffic_names const& series() const noexcept { return numbers_.names(); }
    // Why the last one was refused; empty when it was not.
    std::string const& last_failure() const noexcept { return last_failure_; }
    std::uint64_t generation() const noexcept { return all_.figures.generation; }
    bool has_file() const noexcept { return source_.load && !source_.path.empty(); }
    settings::loaded load_from(std::string const& path) const { return source_.load(path); }
    std::string path_beside(std::optional<std::string> const& file) const;
    // Of the file, or that there is none.
    std::string_view source() const noexcept {
        return source_.path.empty() ? std::string_view{"built-in configuration"} : source_.path;
    }

    // Follows the endpoints of the first configuration, and its file when that is wished.
    void start();
    // `why` begins the log's lines: what asked for it. While another is under way it comes after.
    void reload(std::string const& why);
    // The same with settings that are loaded already. False when that cannot be now, or when they
    // are refused; last_failure() says why.
    bool adopt(std::string const& why, settings::snapshot const& asked);
    void stop();

private:
    // A configuration on its way into effect.
    struct candidate {
        std::string why;
        settings::snapshot asked;  // as the file has it
        std::shared_ptr<proxy::edition const> edition;
        std::shared_ptr<net::tls_store const> tls;
        std::size_t cores_left = 0;
    };

    std::optional<settings::snapshot> load(std::string const& why);
    void refuse(std::string const& why, std::string const& reason);
    bool make_candidate(std::string const& why, settings::snapshot const& asked);
    void prepare();
    void adopt_when_known(time_point limit);
    void adopt();
    void core_adopted();
    void follow(std::size_t place, settings::endpoint const& one);
    void follow_new();
    void forget_old();
    void watch();

    parts all_;
    reload_source source_;
    std::function<void()> adopted_;
    settings::snapshot const started_with_;
    series_numbers numbers_;
    std::shared_ptr<proxy::edition const> current_;
    std::shared_ptr<proxy::edition const> before_;
    std::unique_ptr<candidate> next_;
    std::optional<std::string> again_;  // asked for while another was under way
    std::optional<file_watch> watch_;
    boost::asio::steady_timer timer_;
    std::string last_failure_;
    bool stopped_ = false;
};

}  // namespace gateway::app
