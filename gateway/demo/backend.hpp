// SPDX-License-Identifier: Apache-2.0
// The demo's application: everything under /api/ and /uploads/.
#pragma once

#include "base/units.hpp"
#include "demo/connection.hpp"
#include "demo/uploads.hpp"

#include <boost/asio/ip/host_name.hpp>

#include <cstdint>
#include <string>

namespace gateway::demo {

// Lives on the origin's thread.
class backend {
public:
    explicit backend(upload_store::limits allowed = {}) : uploads_(allowed) {}

    awaitable<void> answer(connection& client);

    // From now on /api/health says that others should be asked.
    void announce_end() noexcept { ending_ = true; }

    std::string uploads_folder() const { return uploads_.folder(); }

private:
    awaitable<void> answer_health(connection& client);
    awaitable<void> answer_events(connection& client);

    uploads uploads_;
    time_point started_ = clock::now();
    std::string instance_ = boost::asio::ip::host_name();
    std::uint64_t answered_ = 0;
    bool ending_ = false;
};

}  // namespace gateway::demo
