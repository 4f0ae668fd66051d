// SPDX-License-Identifier: Apache-2.0
#include "upstream/balancer.hpp"

#include "upstream/rendezvous.hpp"
#include "upstream/weighted_draw.hpp"

#include <algorithm>

namespace gateway::upstream {
namespace {

// Turns in a virtual time: who is chosen is next in line a while later, the sooner the heavier.
// Ties go to the lower index, so the line begins where `start` says.
class turns {
public:
    explicit turns(std::uint64_t start) noexcept : start_(start) {}

    void arrange(std::span<candidate> among) noexcept {
        std::uint64_t const n = among.size();
        for (std::uint64_t i = 0; i < n; ++i) {
            candidate& each = among[i];
            // Those who come later, or come back, join the line; they do not make up for the past.
            if (each.turn > now_) continue;
            std::uint64_t const place = (i + n - start_ % n) % n;
            each.turn = now_ + 1 + place * wait_of(each) / n;
        }
    }
    void take(candidate& chosen) noexcept {
        now_ = chosen.turn;
        chosen.turn += wait_of(chosen);
    }

private:
    static std::uint64_t wait_of(candidate const& of) noexcept {
        return (std::uint64_t{1} << 40) / std::max(of.weight, 1U);
    }

    std::uint64_t start_;
    std::uint64_t now_ = 0;
};

class round_robin final : public balancer {
public:
    explicit round_robin(std::uint64_t start) noexcept : line_(start) {}

    void arrange(std::span<candidate> among) override { line_.arrange(among); }

    std::size_t choose(
        std::span<candidate> among, std::uint64_t, std::size_t avoid) noexcept override {
        std::size_t best = nobody;
        std::uint64_t soonest = ~std::uint64_t{0};
        for (std::size_t i = 0; i < among.size(); ++i) {
            candidate const& each = among[i];
            if (each.turn >= soonest || i == avoid || !each.has_room()) continue;
            best = i;
            soonest = each.turn;
        }
        if (best != nobody) line_.take(among[best]);
        return best;
    }

private:
    turns line_;
};

// Of equally busy ones whose turn comes first. The first look asks nobody for room and has no
// branch to mispredict: who is less busy than the last is anybody's guess.
class least_requests final : public balancer {
public:
    explicit least_requests(std::uint64_t start) noexcept : line_(start) {}

    void arrange(std::span<candidate> among) override {
        line_.arrange(among);
        for (candidate& each : among) set_weight_inverse(each);
    }

    std::size_t choose(
        std::span<candidate> among, std::uint64_t, std::size_t avoid) noexcept override {
        std::size_t best = nobody;
        wide lowest = ~wide{0};
        for (std::size_t i = 0; i < among.size(); ++i) {
            wide const rank = rank_of(among[i]);
            bool const wins = rank < lowest;
            best = wins ? i : best;
            lowest = wins ? rank : lowest;
        }
        if (best == avoid || (best != nobody && !among[best].has_room())) {
            best = best_with_room(among, avoid);
        }
        if (best != nobody) line_.take(among[best]);
        return best;
    }

private:
    __extension__ using wide = unsigned __int128;

    static wide rank_of(candidate const& one) noexcept {
        return (wide{std::uint64_t{one.in_flight} * one.weight_inverse} << 64) | one.turn;
    }

    static std::size_t best_with_room(
        std::span<candidate const> among, std::size_t avoid) noexcept {
        std::size_t best = nobody;
        wide lowest = ~wide{0};
        for (std::size_t i = 0; i < among.size(); ++i) {
            wide const rank = rank_of(among[i]);
            if (rank >= lowest || i == avoid || !among[i].has_room()) continue;
            best = i;
            lowest = rank;
        }
        return best;
    }

    turns line_;
};

// The less busy of two drawn by weight: nearly as even as looking at all, for the price of two, and
// with no herd: gateways that know nothing of each other do not all take the same.
class two_choices final : public balancer {
public:
    explicit two_choices(std::uint64_t start) noexcept : random_(start) {}

    void arrange(std::span<candidate> among) override { draw_.arrange(among); }

    std::size_t choose(
        std::span<candidate> among, std::uint64_t, std::size_t avoid) noexcept override {
        if (among.empty()) return nobody;
        std::size_t const first = draw_.draw(random_);
        std::size_t const second = another_than(first, among.size());
        bool const first_fits = first != avoid && among[first].has_room();
        bool const second_fits = second != avoid && among[second].has_room();
        if (first_fits && second_fits) {
            return among[second].is_less_busy_than(among[first]) ? second : first;
        }
        if (first_fits) return first;
        if (second_fits) return second;
        return any_from(among, first, avoid);
    }

private:
    std::size_t another_than(std::size_t first, std::size_t count) noexcept {
        if (count == 1) return first;
        // Where one weighs nearly all, a second look may find it again and again.
        for (int tries = 0; tries < 3; ++tries) {
            std::size_t const second = draw_.draw(random_);
            if (second != first) return second;
        }
        return first + 1 == count ? 0 : first + 1;
    }

    static std::size_t any_from(
        std::span<candidate const> among, std::size_t begin, std::size_t avoid) noexcept {
        std::size_t best = nobody;
        for (std::size_t step = 0; step < among.size(); ++step) {
            std::size_t const i = (begin + step) % among.size();
            if (i == avoid || !among[i].has_room()) continue;
            if (best == nobody || among[i].is_less_busy_than(among[best])) best = i;
        }
        return best;
    }

    random_numbers random_;
    weighted_draw draw_;
};

// The highest score wins: a key keeps its endpoint while others come and go (Thaler, Ravishankar).
class key_hash final : public balancer {
public:
    void arrange(std::span<candidate> among) override {
        weights_differ_ = std::any_of(among.begin(), among.end(), [&](candidate const& each) {
            return each.weight != among.front().weight;
        });
        for (candidate& each : among) set_weight_inverse(each);
    }

    std::size_t choose(
        std::span<candidate> among, std::uint64_t key, std::size_t avoid) noexcept override {
        return weights_differ_ ? weighted_rendezvous(among, key, avoid)
                               : rendezvous(among, key, avoid);
    }

private:
    bool weights_differ_ = false;
};

}  // namespace

std::unique_ptr<balancer> make_balancer(settings::balance_method method, std::uint64_t start) {
    using enum settings::balance_method;
    switch (method) {
        case round_robin: return std::make_unique<upstream::round_robin>(start);
        case least_requests: return std::make_unique<upstream::least_requests>(start);
        case hash: return std::make_unique<key_hash>();
        case two_choices:
        case sticky_cookie: break;
    }
    return std::make_unique<upstream::two_choices>(start);
}

}  // namespace gateway::upstream
