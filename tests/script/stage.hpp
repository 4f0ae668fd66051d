// SPDX-License-Identifier: Apache-2.0
// A stage for scripted exchanges: one core and one shard on the test's own thread, a client and an
// origin that the script plays itself over loopback sockets. Nothing runs unless the script lets
// it, so each step can be made to fail in turn.
#pragma once

#include "net/tls_credentials.hpp"
#include "observe/traffic_counters.hpp"
#include "proxy/shard.hpp"
#include "runtime/core.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gateway::script {

// A blocking-free socket of the script's. Closes itself.
class peer {
public:
    explicit peer(int descriptor = -1) noexcept : descriptor_(descriptor) {}
    peer(peer&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    peer& operator=(peer&& other) noexcept {
        close();
        descriptor_ = std::exchange(other.descriptor_, -1);
        return *this;
    }
    ~peer() { close(); }

    bool is_open() const noexcept { return descriptor_ >= 0; }
    bool send(std::string_view bytes) const noexcept;  // false when the connection is gone
    // What has come by now, appended; true once the other side has ended or broken off.
    bool receive(std::string& into) const;
    bool was_reset() const noexcept { return reset_; }  // as receive() found out
    void finish() const noexcept;                       // FIN
    void reset() noexcept;                              // RST
    void close() noexcept;
    int descriptor() const noexcept { return descriptor_; }

private:
    int descriptor_;
    mutable bool reset_ = false;
};

// A change of the settings for scripts that inject failures. After a write that failed the gateway
// listens for what the origin may have said about it; of an injected one the origin knows nothing,
// and the wait is sat out.
void wait_briefly(settings::snapshot& all);

class stage {
public:
    // One route "/" to one upstream, which is `origin` of this stage. `change` edits the settings.
    explicit stage(std::function<void(settings::snapshot&)> const& change = {});
    ~stage();

    peer connect_client();

    // Lets the core run until `done`; false when that does not happen within five seconds.
    bool run_until(std::function<bool()> const& done);
    // The next connection of the gateway to the origin.
    peer accept_origin();
    bool origin_was_asked() const;  // a connection waits to be accepted
    net::address origin_address() const;

    // The same of a second upstream, when `change` has added one.
    peer accept_second_origin();
    bool second_origin_was_asked() const;

    // Ends the client and lets everything finish. False when something is left behind.
    bool is_clean_after(peer& client);

    proxy::shard& shard() noexcept { return *shard_; }
    observe::traffic_counters& counters() noexcept { return counters_; }
    runtime::core& core() noexcept { return core_; }

private:
    int origin_;
    int second_origin_;
    runtime::core core_{0};
    settings::snapshot settings_;
    observe::traffic_counters counters_{1, 2};
    net::admission admission_{{.connections = 1000}};
    net::tls_store tls_;
    std::unique_ptr<proxy::shard> shard_;
};

// Fails the n-th system call of the gateway's streams with `error`, counting from 0.
class fault {
public:
    fault(unsigned at, int error) noexcept;
    ~fault();
    bool happened() const noexcept;
};

}  // namespace gateway::script
