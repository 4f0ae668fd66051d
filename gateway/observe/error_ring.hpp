// SPDX-License-Identifier: Apache-2.0
// The last exchanges of one core whose outcome the gateway decided, for whoever asks what just went
// wrong. Those that clients are to blame for have a place of their own, or a scanner would push the
// others out. Lives on one core; noting one copies a few hundred bytes and allocates nothing.
#pragma once

#include "observe/exchange_record.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gateway::observe {

// Text that is cut at its room.
template <std::size_t Size>
class short_text {
public:
    short_text() = default;
    explicit short_text(std::string_view from) noexcept
        : size_(static_cast<std::uint16_t>(std::min(from.size(), Size))) {
        std::copy_n(from.data(), size_, text_.data());
    }
    std::string_view view() const noexcept { return {text_.data(), size_}; }

private:
    std::uint16_t size_ = 0;
    std::array<char, Size> text_;
};

struct noted_error {
    std::uint64_t number = 0;  // counts up from 1 on its core
    std::chrono::system_clock::time_point at{};
    std::chrono::nanoseconds duration{0};
    cause why = cause::none;
    std::uint16_t status = 0;
    std::uint8_t attempts = 0;
    method_label method = method_label::other;
    short_text<64> route;
    short_text<64> upstream;
    short_text<64> endpoint;
    short_text<160> path;  // without its query, which may hold secrets
    short_text<64> request_id;
    short_text<46> client;
};

class error_ring {
public:
    static constexpr std::size_t kept = 48;
    static constexpr std::size_t kept_of_clients = 16;

    void note(exchange_record const& from) noexcept {
        bool const of_client = facts_of(from.why).fault == source::downstream;
        noted_error& one = of_client ? clients_[clients_noted_++ % kept_of_clients]
                                     : others_[others_noted_++ % kept];
        one.number = ++noted_;
        one.at = from.finished_at;
        one.duration = from.duration;
        one.why = from.why;
        one.status = from.status;
        one.attempts = from.attempts;
        one.method = from.method_index;
        one.route = short_text<64>{from.route};
        one.upstream = short_text<64>{from.upstream};
        one.endpoint = short_text<64>{from.endpoint};
        one.path = short_text<160>{from.target.substr(0, from.target.find('?'))};
        one.request_id = short_text<64>{from.request_id};
        one.client = short_text<46>{from.client_address};
    }

    // Those that are newer than that number, in no order.
    std::vector<noted_error> newer_than(std::uint64_t number) const {
        std::vector<noted_error> found;
        for (auto const& each : others_) {
            if (each.number > number) found.push_back(each);
        }
        for (auto const& each : clients_) {
            if (each.number > number) found.push_back(each);
        }
        return found;
    }

private:
    std::uint64_t noted_ = 0;
    std::size_t others_noted_ = 0;
    std::size_t clients_noted_ = 0;
    std::array<noted_error, kept> others_{};
    std::array<noted_error, kept_of_clients> clients_{};
};

}  // namespace gateway::observe
