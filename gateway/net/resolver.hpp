// SPDX-License-Identifier: Apache-2.0
// Keeps the addresses of endpoint names current. Lives on the control thread; look-ups run on the
// resolver's own thread, so no core ever waits for a name server.
#pragma once

#include "base/units.hpp"
#include "net/address.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace gateway::net {

class resolver {
public:
    // Told on the control thread: the first answer, and every answer that differs from the last.
    // Never told of a failure or an empty answer once there was a good one: the last good set
    // stays.
    using changed = std::function<void(std::vector<address> const&)>;

    static constexpr milliseconds refresh{5'000};
    static constexpr milliseconds retry{1'000};  // while a name has never resolved

    explicit resolver(boost::asio::io_context& control);
    ~resolver();

    // A literal address is told at once and never looked up again.
    void follow(std::string host, std::uint16_t port, changed told);
    void stop();
    // Every name has been looked up at least once, with whatever outcome.
    bool has_asked_all() const noexcept;
    // A look-up is under way. It cannot be interrupted, and destroying the io_context waits for it.
    bool is_looking_up() const noexcept;

private:
    struct name;
    struct shared;
    std::unique_ptr<shared> shared_;
};

}  // namespace gateway::net
