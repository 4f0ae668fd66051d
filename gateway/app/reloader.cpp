// SPDX-License-Identifier: Apache-2.0
#include "app/reloader.hpp"

#include "admin/state_page.hpp"
#include "net/tls_client.hpp"
#include "observe/log.hpp"
#include "settings/changes.hpp"
#include "settings/problem.hpp"

#include <boost/asio/post.hpp>

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <set>
#include <tuple>
#include <utility>

namespace gateway::app {
namespace {

// The first request of a new upstream should find its endpoints known, but a name server that is
// slow or an application that does not start delays nothing longer than this.
constexpr milliseconds preparation_max{500};
constexpr milliseconds preparation_look{2};
constexpr std::size_t problems_logged_max = 20;

using endpoint_key = std::tuple<std::string, std::string, std::uint16_t>;

std::set<endpoint_key> endpoints_of(settings::snapshot const& from) {
    std::set<endpoint_key> all;
    for (settings::upstream const& upstream : from.upstreams) {
        for (settings::endpoint const& each : upstream.endpoints) {
            all.emplace(upstream.name, each.address.host, each.address.port);
        }
    }
    return all;
}

bool contains(std::vector<std::uint32_t> const& all, std::uint32_t one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

std::string listed(std::vector<std::string> const& keys) {
    std::string out;
    for (std::string const& each : keys) out += (out.empty() ? "" : ", ") + each;
    return out;
}

// Reads the files and has OpenSSL judge them before any core depends on it.
std::shared_ptr<net::tls_store const> read_tls(settings::snapshot const& wanted) {
    auto store = std::make_shared<net::tls_store const>(wanted);
    for (std::size_t i = 0; i < wanted.upstreams.size(); ++i) {
        if (store->of(i) == nullptr) continue;
        net::tls_client const tried{wanted.upstreams[i], *store->of(i)};
    }
    return store;
}

}  // namespace

reloader::reloader(parts all, reload_source from, std::function<void()> adopted)
    : all_(all),
      source_(std::move(from)),
      adopted_(std::move(adopted)),
      started_with_(all.wanted),
      numbers_(all.wanted),
      current_(std::make_shared<proxy::edition>(proxy::first_edition(all.wanted))),
      timer_(all.control) {}

void reloader::start() {
    for (std::size_t i = 0; i < current_->settings.upstreams.size(); ++i) {
        for (auto const& each : current_->settings.upstreams[i].endpoints) follow(i, each);
    }
    watch();
}

void reloader::stop() {
    stopped_ = true;
    timer_.cancel();
    if (watch_) watch_->stop();
}

void reloader::watch() {
    bool const wished = all_.wanted.runtime.reload_on_change && !source_.path.empty();
    if (wished && !watch_) {
        watch_.emplace(
            all_.control, source_.path, [this] { reload(source_.path + " has changed"); });
        watch_->start();
    } else if (!wished && watch_) {
        observe::log_info("no longer watching {} for changes", source_.path);
        watch_.reset();
    }
}

void reloader::follow(std::size_t place, settings::endpoint const& one) {
    settings::upstream const& upstream = current_->settings.upstreams[place];
    std::uint32_t const number = current_->upstream_numbers[place];
    settings::host_port const at = one.address;
    all_.names.follow(
        upstream.name, at.host, at.port,
        [this, number, at](std::vector<net::listing> const& found) {
            all_.desk.list(number, at, found);
        });
}

void reloader::reload(std::string const& why) {
    if (stopped_) {
        observe::log_warn("{}: not reloaded: the gateway is draining", why);
        return;
    }
    if (!source_.load) {
        observe::log_warn("{}: not reloaded: this configuration is in no file", why);
        return;
    }
    if (next_) {
        again_ = why;
        return;
    }
    if (watch_) watch_->mark_read();
    std::optional<settings::snapshot> const asked = load(why);
    if (asked && make_candidate(why, *asked)) prepare();
}

bool reloader::adopt(std::string const& why, settings::snapshot const& asked) {
    if (stopped_ || next_ || !make_candidate(why, asked)) return false;
    prepare();
    return true;
}

// Another file in the same folder, or the same.
std::string reloader::path_beside(std::optional<std::string> const& file) const {
    if (!file) return source_.path;
    std::size_t const folder = source_.path.rfind('/');
    return folder == std::string::npos ? *file : source_.path.substr(0, folder + 1) + *file;
}

std::optional<settings::snapshot> reloader::load(std::string const& why) {
    settings::loaded loaded;
    try {
        loaded = source_.load(source_.path);
    } catch (std::exception const& failed) {
        refuse(why, failed.what());
        return std::nullopt;
    }
    if (loaded.value) return std::move(loaded.value);
    std::size_t const count = loaded.problems.size();
    refuse(why, std::to_string(count) + (count == 1 ? " problem" : " problems") + " in the file");
    for (std::size_t i = 0; i < count && i < problems_logged_max; ++i) {
        observe::log_error("{}", settings::to_text(loaded.problems[i]));
    }
    if (count > problems_logged_max) {
        observe::log_error("{} further problems: gateway check", count - problems_logged_max);
    }
    return std::nullopt;
}

void reloader::refuse(std::string const& why, std::string const& reason) {
    all_.figures.reload_failed();
    last_failure_ = reason;
    observe::log_error(
        "{}: configuration refused, {} stays in effect: {}", why, all_.figures.generation, reason);
}

bool reloader::make_candidate(std::string const& why, settings::snapshot const& asked) {
    settings::snapshot effective = asked;
    settings::keep_restart_values(started_with_, effective);
    auto made = std::make_unique<candidate>();
    try {
        made->tls = read_tls(effective);
        bool const logs = effective.logging.access != settings::access_log_mode::off;
        if (logs && !all_.log) {
            std::string const& file = effective.logging.access_file;
            all_.log = file.empty() ? std::make_unique<observe::access_log_writer>(STDOUT_FILENO)
                                    : std::make_unique<observe::access_log_writer>(file);
            all_.log->identify(all_.who);
        }
    } catch (std::exception const& failed) {
        refuse(why, failed.what());
        return false;
    }
    std::optional<proxy::edition> numbered = numbers_.number(effective);
    if (!numbered) {
        refuse(why, "it names more routes or upstreams than one process can count; restart it");
        return false;
    }
    made->why = why;
    made->asked = asked;
    made->edition = std::make_shared<proxy::edition const>(std::move(*numbered));
    next_ = std::move(made);
    return true;
}

// Upstreams that no request can reach yet get to know their endpoints.
void reloader::prepare() {
    proxy::edition const& next = *next_->edition;
    for (auto const& each : all_.cores) {
        each->counters().grow(series().routes.size(), series().upstreams.size());
        each->prepare(next_->edition, next_->tls);
    }
    all_.desk.prepare(next, current_->upstream_numbers);
    auto const before = std::exchange(current_, next_->edition);
    for (std::size_t i = 0; i < next.upstream_numbers.size(); ++i) {
        if (contains(before->upstream_numbers, next.upstream_numbers[i])) continue;
        for (auto const& each : next.settings.upstreams[i].endpoints) follow(i, each);
    }
    before_ = before;
    adopt_when_known(clock::now() + preparation_max);
}

void reloader::adopt_when_known(time_point limit) {
    bool const known = all_.names.has_asked_all() && !all_.desk.awaits_probes();
    if (known || clock::now() >= limit) {
        adopt();
        return;
    }
    timer_.expires_after(preparation_look);
    timer_.async_wait([this, limit](boost::system::error_code aborted) {
        if (!aborted && !stopped_) adopt_when_known(limit);
    });
}

// Cores hear of the new rules before they hear of endpoints that go by them.
void reloader::adopt() {
    settings::snapshot const& now = current_->settings;
    all_.admission.set_limits(
        {.connections = now.limits.connections,
         .connections_per_client = now.limits.connections_per_client});
    // A level that the operator has set by hand stays while the file says nothing new.
    if (now.logging.level != before_->settings.logging.level) {
        observe::set_log_level(now.logging.level);
    }
    bool const logs = now.logging.access != settings::access_log_mode::off;
    next_->cores_left = all_.cores.size();
    for (auto const& each : all_.cores) {
        each->adopt(current_, next_->tls, logs ? all_.log.get() : nullptr, [this] {
            boost::asio::post(all_.control, [this] { core_adopted(); });
        });
    }
    all_.desk.adopt(*current_);
    forget_old();
    follow_new();
}

void reloader::follow_new() {
    auto const known = endpoints_of(before_->settings);
    std::set<endpoint_key> followed;
    for (std::size_t i = 0; i < current_->settings.upstreams.size(); ++i) {
        settings::upstream const& upstream = current_->settings.upstreams[i];
        if (!contains(before_->upstream_numbers, current_->upstream_numbers[i])) continue;
        for (auto const& each : upstream.endpoints) {
            endpoint_key const key{upstream.name, each.address.host, each.address.port};
            if (!known.contains(key) && followed.insert(key).second) follow(i, each);
        }
    }
}

void reloader::forget_old() {
    auto const still = endpoints_of(current_->settings);
    for (auto const& each : endpoints_of(before_->settings)) {
        auto const& [upstream, host, port] = each;
        if (!still.contains(each)) all_.names.forget(upstream, host, port);
    }
}

void reloader::core_adopted() {
    if (!next_ || --next_->cores_left != 0) return;
    auto const done = std::move(next_);
    all_.figures.reloaded(admin::wall_now());
    last_failure_.clear();
    observe::log_info(
        "{}: configuration {} is in effect: {}", done->why, all_.figures.generation,
        settings::describe_changes(all_.wanted, current_->settings));
    auto const restart = settings::restart_keys_changed(started_with_, done->asked);
    if (!restart.empty()) {
        observe::log_warn(
            "these changes take a new process and are not in effect: {}; restart the gateway for "
            "them",
            listed(restart));
    }
    all_.wanted = current_->settings;
    all_.tls = done->tls;
    watch();
    adopted_();
    if (again_) reload(*std::exchange(again_, std::nullopt));
}

}  // namespace gateway::app
