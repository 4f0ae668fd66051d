// SPDX-License-Identifier: Apache-2.0
#include "net/resolver.hpp"

#include "net/name_query.hpp"
#include "observe/log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <deque>
#include <random>
#include <string_view>
#include <utility>

namespace gateway::net {
namespace {

namespace asio = boost::asio;
using upstream::look_up;
using upstream::move;

std::string text_of(upstream::place const& at) {
    return address::from_bytes(at.bytes, at.port).text();
}

upstream::place place_of(address const& at) { return {at.bytes(), at.port()}; }

std::string_view told_as(move what) {
    switch (what) {
        case move::appeared: return "appeared";
        case move::returned: return "is back";
        case move::reweighted: return "has another weight";
        case move::disappeared: return "disappeared; it drains";
        case move::dropped: break;
    }
    return "is given up: absent, and failing or for too long";
}

}  // namespace

// Owned by `shared`; everything of it runs on the control thread.
struct resolver::name {
    name(shared& home, std::string upstream, std::string host, std::uint16_t port, changed told);

    bool is_due(time_point now) const { return !query && !waiting && now >= book.ask_again_at(); }
    void ask();
    void answered(name_query_result const& result);
    void note(look_up how, std::string const& reason);
    void publish(upstream::changes const& all);
    void await_next();

    shared& owner;
    std::string upstream;
    std::string host;
    std::uint16_t port;
    changed told;
    upstream::address_book book;
    asio::steady_timer timer;
    std::unique_ptr<name_query> query;
    bool waiting = false;  // for others to finish
    bool complained = false;
    bool overfull = false;
    bool forgotten = false;
    name_figures figures{};
    std::optional<time_point> found_at;
};

struct resolver::shared {
    void ask_in_turn(name& who);
    void ask_waiting();

    asio::io_context& control;
    settings::dns const limits;
    std::minstd_rand chance{std::random_device{}()};
    std::vector<std::unique_ptr<name>> names{};
    std::deque<name*> queue{};  // each name at most once
    std::size_t under_way = 0;
    bool stopped = false;

    double draw() { return std::uniform_real_distribution<double>{0, 1}(chance); }
};

resolver::name::name(
    shared& home, std::string of, std::string host_name, std::uint16_t port_number, changed who)
    : owner(home),
      upstream(std::move(of)),
      host(std::move(host_name)),
      port(port_number),
      told(std::move(who)),
      book(home.limits),
      timer(home.control) {
    figures.upstream = upstream;
    figures.name = host;
}

void resolver::shared::ask_in_turn(name& who) {
    if (stopped || who.query || who.waiting) return;
    if (under_way >= limits.lookups) {
        who.waiting = true;
        queue.push_back(&who);
        return;
    }
    ++under_way;
    who.ask();
}

void resolver::shared::ask_waiting() {
    while (!queue.empty() && under_way < limits.lookups && !stopped) {
        name& next = *queue.front();
        queue.pop_front();
        next.waiting = false;
        ++under_way;
        next.ask();
    }
}

void resolver::name::ask() {
    timer.cancel();
    book.asked(clock::now());
    query = std::make_unique<name_query>(
        owner.control, owner.limits, host, port,
        [this](name_query_result const& result) { answered(result); });
}

void resolver::name::answered(name_query_result const& result) {
    auto const done = std::move(query);  // what calls us
    --owner.under_way;
    auto const now = clock::now();
    ++figures.look_ups[static_cast<std::size_t>(result.how)];
    note(result.how, result.reason);
    if (result.how == look_up::found) {
        found_at = now;
        publish(book.answered(result.answer, now, owner.draw()));
        if (book.ignored() != 0 && !overfull) {
            observe::log_warn(
                "upstream name {} has more than {} addresses; {} of them are not used "
                "(dns.addresses)",
                host, owner.limits.addresses, book.ignored());
        }
        overfull = book.ignored() != 0;
    } else {
        book.failed(now, owner.draw());
        publish(book.expire(now));
    }
    await_next();
    owner.ask_waiting();
}

void resolver::name::note(look_up how, std::string const& reason) {
    bool const fine = how == look_up::found;
    if (fine && complained) observe::log_info("upstream name {} resolves again", host);
    if (!fine && !complained) {
        observe::log_warn(
            "upstream name {} does not resolve ({}: {}); {}", host, word_of(how), reason,
            found_at ? "keeping its addresses" : "trying again");
    }
    complained = !fine;
}

void resolver::name::publish(upstream::changes const& all) {
    if (all.empty()) return;
    for (upstream::change const& each : all) {
        ++figures.moves[static_cast<std::size_t>(each.what)];
        observe::log_info(
            "upstream {}: {} of {} {}", upstream, text_of(each.at), host, told_as(each.what));
    }
    std::vector<listing> list;
    for (auto const& one : book.entries()) {
        list.push_back({address::from_bytes(one.at.bytes, one.at.port), one.weight, one.present});
    }
    told(list);
}

void resolver::name::await_next() {
    if (owner.stopped) return;
    timer.expires_at(book.ask_again_at());
    timer.async_wait([this](boost::system::error_code aborted) {
        if (aborted || forgotten || !is_due(clock::now())) return;
        owner.ask_in_turn(*this);
    });
}

resolver::resolver(asio::io_context& control, settings::dns const& limits)
    : shared_(std::make_unique<shared>(shared{control, limits})) {}

resolver::~resolver() = default;

void resolver::follow(
    std::string const& upstream, std::string host, std::uint16_t port, changed told) {
    if (auto const literal = address::from_literal(host, port)) {
        told({{*literal}});
        return;
    }
    shared_->names.push_back(
        std::make_unique<name>(*shared_, upstream, std::move(host), port, std::move(told)));
    shared_->ask_in_turn(*shared_->names.back());
}

void resolver::forget(std::string const& upstream, std::string const& host, std::uint16_t port) {
    auto& names = shared_->names;
    auto const found = std::find_if(names.begin(), names.end(), [&](auto const& each) {
        return each->upstream == upstream && each->host == host && each->port == port;
    });
    if (found == names.end()) return;
    std::shared_ptr<name> const gone = std::move(*found);
    names.erase(found);
    std::erase(shared_->queue, gone.get());
    if (gone->query) --shared_->under_way;
    gone->forgotten = true;
    gone->query.reset();
    gone->timer.cancel();
    // What its timer has put into the loop already comes before this.
    asio::post(shared_->control, [gone] {});
    shared_->ask_waiting();
}

bool resolver::has_asked_all() const noexcept {
    return std::all_of(shared_->names.begin(), shared_->names.end(), [](auto const& each) {
        auto const& counts = each->figures.look_ups;
        return std::any_of(counts.begin(), counts.end(), [](auto count) { return count != 0; });
    });
}

void resolver::connect_failed(address const& where) {
    if (shared_->stopped) return;
    auto const now = clock::now();
    upstream::place const at = place_of(where);
    for (auto const& each : shared_->names) {
        auto const before = each->book.ask_again_at();
        each->publish(each->book.connect_failed(at, now));
        if (each->query || each->waiting || each->book.ask_again_at() == before) continue;
        each->await_next();
    }
}

void resolver::health_changed(address const& where, bool passing) {
    if (shared_->stopped) return;
    for (auto const& each : shared_->names) {
        each->publish(each->book.health_changed(place_of(where), passing));
    }
}

std::vector<name_figures> resolver::figures() const {
    std::vector<name_figures> out;
    auto const now = clock::now();
    for (auto const& each : shared_->names) {
        name_figures& one = out.emplace_back(each->figures);
        one.present = each->book.present();
        one.absent = each->book.absent();
        if (each->found_at) {
            one.answer_age = std::chrono::duration_cast<milliseconds>(now - *each->found_at);
        }
    }
    return out;
}

void resolver::stop() {
    shared_->stopped = true;
    shared_->queue.clear();
    for (auto const& each : shared_->names) {
        each->query.reset();
        each->timer.cancel();
    }
}

}  // namespace gateway::net
