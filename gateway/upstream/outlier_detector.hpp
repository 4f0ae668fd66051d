// SPDX-License-Identifier: Apache-2.0
// Which endpoints fail, seen in the traffic of one core. It only notices; whether an endpoint is
// ejected is decided for the whole process (see ejections).
#pragma once

#include "base/error.hpp"
#include "base/units.hpp"
#include "settings/endpoint_settings.hpp"

#include <cstdint>
#include <span>

namespace gateway::upstream {

// How one attempt ended, as far as it tells about its endpoint.
struct outcome {
    cause why = cause::none;   // none: a response came
    std::uint16_t status = 0;  // of the response; 0 without one
};

// Of one endpoint.
struct track_record {
    std::uint32_t failures_in_a_row = 0;
    std::uint32_t good = 0;  // in this window
    std::uint32_t bad = 0;
};

enum class finding : std::uint8_t { none, failures_in_a_row, low_success_rate };

// A failure that says the endpoint itself is broken: no connection, a reset, no answer in time, no
// HTTP, 502 to 504. Another 5xx may be the fault of the request; it counts for the success rate
// only, which all endpoints share when the application is to blame.
bool is_failure(outcome const& what) noexcept;
// Whether it says anything at all: not when the client left or was at fault.
bool is_evidence(outcome const& what) noexcept;

class outlier_detector {
public:
    // Success rates are counted over a window and looked at while it lasts: a clear case need not
    // wait for its end.
    static constexpr milliseconds judged_every{1'000};
    static constexpr milliseconds window{10'000};

    explicit outlier_detector(settings::ejection const& rules) noexcept : rules_(&rules) {}

    // After a finding the count begins anew, so a refused ejection is asked for again later.
    finding observe(track_record& of, outcome const& what) const noexcept;

    // Whether the success rate of `of` is far below that of the others, beyond what chance would
    // do: by more than a fifth, and by more than three standard errors. `all` includes it.
    bool is_outlier(
        track_record const& of, std::span<track_record const* const> all) const noexcept;

    bool judges_rates() const noexcept { return rules_->success_rate; }

private:
    settings::ejection const* rules_;
};

}  // namespace gateway::upstream
