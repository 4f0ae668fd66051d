// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream_pool.hpp"

#include "net/dialer.hpp"

#include <algorithm>

namespace gateway::proxy {
namespace {

// Above the limit a connection may still wait this long for its next request: under load it is
// taken again within milliseconds, and closing it would cost a connect.
constexpr milliseconds surplus_grace{1'000};
constexpr std::size_t spare_max = 1024;
// A dead endpoint fails thousands of times a second; the control thread hears of it this often.
constexpr milliseconds failure_told_pause{500};

}  // namespace

void upstream_connection::stirred(runtime::watched&) { at.pool.peer_ended(*this); }

void lease::settle(std::string_view keep_alive) noexcept {
    if (connection_ != nullptr) {
        upstream_connection& connection = *std::exchange(connection_, nullptr);
        connection.announced =
            keep_alive.empty() ? std::nullopt : upstream::announced_keep_alive(keep_alive);
        connection.at.pool.take_back(connection);
    }
}

void lease::discard() noexcept {
    if (connection_ == nullptr) return;
    upstream_connection& connection = *std::exchange(connection_, nullptr);
    connection.at.ended();
    connection.socket.close();
    connection.at.count_connections();
    upstream_pool& pool = connection.at.pool;
    if (pool.spare_.size() < spare_max) {
        pool.spare_.emplace_back(&connection);
    } else {
        delete &connection;
    }
}

upstream_pool::~upstream_pool() {
    drop_watched();
    for (auto const& each : endpoints_) close_idle_of(*each);
}

lease upstream_pool::lend_idle(endpoint& at) noexcept {
    upstream_connection* const connection = at.newest;
    time_point const now = home_.now();
    if (connection == nullptr || is_overdue(*connection, now)) return {};
    unlink(*connection);
    connection->idled = std::chrono::duration_cast<milliseconds>(now - connection->idle_since);
    at.began();
    ++connection->uses;
    counters_.upstream_reused(index_);
    return lease{connection};
}

lease upstream_pool::lend_new(endpoint& at) {
    std::unique_ptr<upstream_connection> connection;
    if (!spare_.empty() && &spare_.back()->at == &at) {
        connection = std::move(spare_.back());
        spare_.pop_back();
    } else {
        connection = std::make_unique<upstream_connection>(at);
    }
    if (at.leased + at.idle_count >= connections_max_ && at.oldest != nullptr) {
        drop_idle(*at.oldest);
    }
    at.began();
    at.count_connections();
    connection->uses = 1;
    connection->made_at = {};
    connection->idled = {};
    return lease{connection.release()};
}

runtime::task<cause> upstream_pool::connect(lease& fresh) {
    time_point const begun = clock::now();
    cause const failed = co_await net::dial(
        home_, fresh->at.address, *connect_deadlines_, fresh->socket, fresh->at.tls);
    if (failed == cause::none) {
        if (!std::exchange(reachable_, true)) line.wake();
        counters_.upstream_connected(index_);
        if (fresh->at.cell != nullptr) {
            fresh->at.cell->timings()->connects.add(observe::connect_bounds, clock::now() - begun);
        }
        fresh->made_at = home_.now();
        fresh->retire_at = fresh->made_at + upstream::jittered(
                                                settings_.keep_alive.max_age,
                                                static_cast<std::uint32_t>(random_.next() >> 32));
        if (auto const* const tls = fresh->socket.tls()) {
            counters_.upstream_shook_hands(index_, tls->is_resumed());
        }
        fresh->socket.observe(&*fresh);
    } else if (news_ != nullptr && home_.now() - fresh->at.failure_told_at >= failure_told_pause) {
        fresh->at.failure_told_at = home_.now();
        news_->connect_failed(fresh->at.address);
    }
    co_return failed;
}

void upstream_pool::take_back(upstream_connection& connection) noexcept {
    endpoint& at = connection.at;
    // What came meanwhile belongs to no request: the connection cannot be trusted with another.
    bool const usable = at.keeps_idle() && !retired_ && connection.socket.is_quiet() &&
                        connection.socket.read_abort() == cause::none &&
                        connection.socket.write_abort() == cause::none &&
                        home_.now() < connection.retire_at;
    if (!usable) {
        lease{&connection}.discard();
        return;
    }
    at.ended();
    ++at.idle_count;
    connection.idle = true;
    connection.idle_since = home_.now();
    connection.newer = nullptr;
    connection.older = at.newest;
    (at.newest != nullptr ? at.newest->newer : at.oldest) = &connection;
    at.newest = &connection;
    if (!reachable_) line.wake(1);
}

void upstream_pool::unlink(upstream_connection& connection) noexcept {
    endpoint& at = connection.at;
    (connection.newer != nullptr ? connection.newer->older : at.newest) = connection.older;
    (connection.older != nullptr ? connection.older->newer : at.oldest) = connection.newer;
    connection.idle = false;
    --at.idle_count;
}

void upstream_pool::drop_idle(upstream_connection& connection) noexcept {
    unlink(connection);
    connection.at.began();
    lease{&connection}.discard();
}

void upstream_pool::close_idle_of(endpoint& at) noexcept {
    if (watched_ != nullptr && &watched_->at == &at) drop_watched();
    while (at.oldest != nullptr) drop_idle(*at.oldest);
}

bool upstream_pool::is_overdue(
    upstream_connection const& connection, time_point now) const noexcept {
    milliseconds const limit =
        connection.announced ? keep_alive_.limit_of(*connection.announced) : keep_alive_.limit();
    return now - connection.idle_since >= limit || now >= connection.retire_at;
}

// Closes a connection that may not be used again, or keeps it for what it can teach.
void upstream_pool::retire_idle(upstream_connection& connection, time_point now) noexcept {
    bool const teaches = watched_ == nullptr && !connection.announced && !retired_ &&
                         now < connection.retire_at && keep_alive_.wants_to_know_more();
    if (!teaches) {
        drop_idle(connection);
        return;
    }
    unlink(connection);
    watched_ = &connection;
}

void upstream_pool::drop_watched() noexcept {
    if (watched_ == nullptr) return;
    watched_->at.began();
    lease{std::exchange(watched_, nullptr)}.discard();
}

// News of a connection that nobody waits at: it is no use any more.
void upstream_pool::peer_ended(upstream_connection& connection) noexcept {
    if (!connection.idle && &connection != watched_) return;
    // Under TLS a peer may say what is no news, such as a session for next time.
    if (connection.socket.is_encrypted() && connection.socket.is_quiet()) return;
    time_point const now = home_.now();
    if (connection.socket.hung_up()) {
        learned(now, std::chrono::duration_cast<milliseconds>(now - connection.idle_since));
    }
    if (&connection == watched_) {
        drop_watched();
    } else {
        drop_idle(connection);
    }
}

void upstream_pool::found_dead(upstream_connection const& connection) noexcept {
    learned(home_.now(), connection.idled);
}

void upstream_pool::learned(time_point now, milliseconds age) noexcept {
    keep_alive_.peer_closed(now, age);
    counters_.keep_alive_learned(index_, keep_alive_.limit());
}

void upstream_pool::sweep(time_point now) noexcept {
    choice_.ticked(now);
    if (now - rates_judged_at_ >= upstream::outlier_detector::judged_every) judge_rates(now);
    line.sweep(now);
    if (!reachable_) line.wake(1);
    if (!old_tls_.empty()) forget_old_tls(now);
    if (watched_ != nullptr && now - watched_->idle_since >= upstream::learned_keep_alive::cap) {
        keep_alive_.outlived_cap(now);
        counters_.keep_alive_learned(index_, keep_alive_.limit());
        drop_watched();
    }
    for (auto const& each : endpoints_) {
        upstream_connection* next = nullptr;
        for (auto* connection = each->oldest; connection != nullptr; connection = next) {
            next = connection->newer;
            bool const surplus =
                each->idle_count > idle_max_ && now - connection->idle_since >= surplus_grace;
            if (is_overdue(*connection, now)) {
                retire_idle(*connection, now);
            } else if (surplus) {
                drop_idle(*connection);
            } else if (!connection->announced) {
                break;  // those after it have waited for less
            }
        }
    }
}

void upstream_pool::retire() noexcept {
    retired_ = true;
    drop_watched();
    for (auto const& each : endpoints_) close_idle_of(*each);
}

}  // namespace gateway::proxy
