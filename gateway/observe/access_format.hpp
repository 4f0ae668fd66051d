// SPDX-License-Identifier: Apache-2.0
// What an access-log line looks like, and which exchanges get one. Pure but for a cached second.
#pragma once

#include "observe/exchange_record.hpp"
#include "observe/redaction.hpp"
#include "observe/task_identity.hpp"
#include "settings/settings.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::observe {

// How many exchanges a line stands for; these two stand for none, for different reasons.
inline constexpr std::uint32_t line_of_a_probe = 0xffffffff;
inline constexpr std::uint32_t line_thinned_out = 0;

// Lives on one core.
class access_format {
public:
    // `who` stands in every line that has fields, as far as it is known.
    explicit access_format(settings::logging const& wanted, task_identity who = {});

    // How many exchanges this one's line stands for: 1, or `logging.sample` when the others like it
    // are left out. Errors, retries and slow exchanges always count for themselves.
    std::uint32_t weight_of(exchange_record const& record) noexcept;

    // Writes one line with its newline, at most line_bytes_max; returns its end.
    char* write(exchange_record const& record, std::uint32_t weight, char* out) noexcept;

private:
    template <class Line>
    char* write_fields(exchange_record const& record, std::uint32_t weight, char* out) noexcept;
    char* write_combined(exchange_record const& record, char* out) noexcept;
    std::string_view second_text(std::chrono::sys_seconds second) noexcept;

    settings::access_log_mode mode_;
    std::uint32_t fields_;  // a bit for each settings::log_field
    std::uint32_t sample_;
    std::chrono::nanoseconds slow_;
    bool probes_;
    std::uint32_t passed_over_ = 0;  // since the last line that stands for others
    redaction secrets_;
    task_identity who_;
    std::chrono::sys_seconds cached_second_ = std::chrono::sys_seconds::min();
    std::array<char, 26> cached_text_{};
    std::size_t cached_size_ = 0;
};

}  // namespace gateway::observe
