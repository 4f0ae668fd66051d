// SPDX-License-Identifier: Apache-2.0
#include "upstream/learned_keep_alive.hpp"

#include "base/ascii.hpp"

#include <algorithm>

namespace gateway::upstream {
namespace {

// We close at this share of the time after which the peer was seen to.
constexpr int margin_percent = 80;

}  // namespace

void learned_keep_alive::peer_closed(time_point now, milliseconds age) noexcept {
    milliseconds& latest = samples_[(count_ + samples_max - 1) % samples_max];
    if (count_ != 0 && now - last_at_ <= batch) {
        latest = std::max(latest, age);
    } else {
        samples_[count_++ % samples_max] = age;
        last_at_ = now;
    }
    learn();
}

void learned_keep_alive::outlived_cap(time_point now) noexcept {
    peer_closed(now, cap * 100 / margin_percent);
}

// The low end of what was seen: one in eight may be lower still, as closes for other reasons are.
void learned_keep_alive::learn() noexcept {
    auto sorted = samples_;
    std::size_t const known = std::min(count_, samples_max);
    std::sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(known));
    milliseconds const wanted = std::min(sorted[known / 8] * margin_percent / 100, cap);
    if (wanted <= start || known >= 2) learned_ = wanted;
}

milliseconds learned_keep_alive::limit_of(milliseconds announced) const noexcept {
    if (fixed_) return std::min(*fixed_, announced);
    // Something between us and the upstream may close earlier than it says.
    if (count_ != 0) announced = std::min(announced, std::max(learned_, milliseconds{0}));
    return std::min(announced, cap);
}

// RFC 2068 19.7.1.1 and the expired draft that servers follow: "timeout=5, max=100".
std::optional<milliseconds> announced_keep_alive(std::string_view value) noexcept {
    constexpr std::string_view name = "timeout=";
    constexpr std::uint64_t seconds_max = 1'000'000;
    std::string_view part;
    while (ascii::next_element(value, part)) {
        std::uint64_t seconds = 0;
        if (!ascii::equal_ignoring_case(part.substr(0, name.size()), name)) continue;
        if (!ascii::parse_decimal(part.substr(name.size()), seconds_max, seconds)) continue;
        auto const whole = static_cast<milliseconds::rep>(seconds);
        return milliseconds{whole <= 1 ? whole * 500 : (whole - 1) * 1'000};
    }
    return std::nullopt;
}

milliseconds jittered(milliseconds age, std::uint32_t random) noexcept {
    auto const fifth = age.count() / 5;
    return age - milliseconds{fifth} + milliseconds{fifth == 0 ? 0 : random % (2 * fifth + 1)};
}

}  // namespace gateway::upstream
