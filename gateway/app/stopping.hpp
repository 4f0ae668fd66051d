// SPDX-License-Identifier: Apache-2.0
// From a signal to the end: the lame duck still serves who comes, but says goodbye; the drain
// accepts nobody, finishes what runs and ends tunnels; the cut ends what is left.
#pragma once

#include "app/core_unit.hpp"
#include "base/units.hpp"
#include "net/admission.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace gateway::app {

// Lives on the control thread, whose context it stops when all is over.
class stopping {
public:
    using units = std::vector<std::unique_ptr<core_unit>>;

    // `drain_begins` ends what only new requests need. All is borrowed.
    stopping(
        boost::asio::io_context& control,
        net::admission const& process,
        units const& cores,
        std::function<void()> drain_begins);

    struct plan {
        char const* why;
        milliseconds longest;    // in all
        milliseconds lame_duck;  // its first part
        bool accepts = true;     // in that part; else others do already
    };
    void begin(plan how);  // once
    bool begun() const noexcept { return begun_; }
    // The line that sums it up; when the cores have stopped.
    void tell() const;

private:
    void await_drain(time_point latest, time_point alone_from);
    void drain();
    void look(time_point limit);
    std::uint64_t settled() const;

    boost::asio::io_context& control_;
    net::admission const& process_;
    units const& cores_;
    std::function<void()> drain_begins_;
    boost::asio::steady_timer timer_;
    bool begun_ = false;
    bool cutting_ = false;
    time_point begun_at_{};
    time_point limit_{};
    std::uint64_t settled_before_ = 0;
    std::size_t cut_ = 0;
};

}  // namespace gateway::app
