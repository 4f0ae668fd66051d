// SPDX-License-Identifier: Apache-2.0
// The backend's /uploads/: stores what is sent, lists it and serves it again.
#pragma once

#include "demo/connection.hpp"
#include "demo/upload_store.hpp"

#include <string>

namespace gateway::demo {

// Lives on the origin's thread.
class uploads {
public:
    explicit uploads(upload_store::limits allowed = {}) : store_(allowed) {}

    // Answers a request whose path begins with /uploads/.
    awaitable<void> answer(connection& client);

    std::string folder() const { return store_.folder().string(); }

private:
    awaitable<void> list(connection& client);
    awaitable<void> receive_form(connection& client);
    awaitable<void> receive_file(connection& client, std::string name);
    awaitable<void> serve(connection& client, std::string name);
    awaitable<void> remove(connection& client, std::string name);

    upload_store store_;
};

}  // namespace gateway::demo
