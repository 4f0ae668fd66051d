// SPDX-License-Identifier: Apache-2.0
// What the control thread and the cores tell each other about endpoints. Values, never references.
#pragma once

#include "base/units.hpp"
#include "net/address.hpp"
#include "upstream/outlier_detector.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace gateway::proxy {

enum class standing : std::uint8_t {
    available,  // healthy and not ejected
    draining,   // its name lists it no longer; it may serve when nobody else can
    reserve,    // unhealthy or ejected: for fail_open only
    untested,   // no request before its first pass
    disabled,   // the operator has taken it out: no request at all
};

// What the operator wants of an endpoint, whatever its health is and its names say.
enum class operator_word : std::uint8_t {
    none,
    drain,    // no request while another endpoint can serve
    disable,  // none at all
};

// One endpoint of an upstream. Cores get the whole list whenever something in it changed.
struct endpoint_state {
    // Of an endpoint that a reload took away and that serves until another can.
    static constexpr std::uint32_t of_before = 0xffffffff;

    net::address address;
    std::uint32_t number = 0;    // its name between threads and in counters
    std::uint32_t position = 0;  // of the setting that led to it, or `of_before`
    std::uint32_t weight = 1;
    proxy::standing standing = standing::available;
    bool in_own_zone = true;  // also when zones are not known
    time_point since{};       // when its slow start began
};

// Told by cores, from their own threads.
class endpoint_watch {
public:
    // What its probes say; told after each, changed or not.
    virtual void health_changed(
        std::size_t upstream, std::uint32_t number, bool healthy, std::string why) noexcept = 0;
    // Real traffic says that the endpoint fails.
    virtual void found_outlier(
        std::size_t upstream, std::uint32_t number, upstream::finding what) noexcept = 0;
    // A connection to it could not be made; told at most twice a second by each core.
    virtual void connect_failed(net::address const& /*where*/) noexcept {}
    // A probe has ended, and there is no verdict yet.
    virtual void probed(std::size_t upstream, std::uint32_t number) noexcept = 0;

protected:
    ~endpoint_watch() = default;
};

}  // namespace gateway::proxy
