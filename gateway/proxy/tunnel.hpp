// SPDX-License-Identifier: Apache-2.0
// Bytes both ways after an upgrade, until both sides have ended or neither has sent for too long.
// A side's end travels as an end (half-close). An idle tunnel holds no buffer.
#pragma once

#include "base/error.hpp"
#include "net/stream.hpp"
#include "runtime/core.hpp"
#include "runtime/task.hpp"

#include <string_view>

namespace gateway::proxy {

class tunnel {
public:
    tunnel(
        runtime::core& home,
        runtime::deadline_list& idle_limit,
        net::stream& client,
        net::stream& upstream) noexcept
        : home_(home), idle_limit_(idle_limit), client_(client), upstream_(upstream) {}

    // The views are bytes already read from each side. Gives why it ended early, or none.
    runtime::task<cause> run(std::string_view from_client, std::string_view from_upstream);

private:
    runtime::task<void> pump(net::stream& from, net::stream& to, std::string_view ready);
    void source_ended(net::stream& from, net::stream& to, net::io_status status);
    void sink_failed(net::stream& to, net::io_status status);
    void end_both(cause why);

    runtime::core& home_;
    runtime::deadline_list& idle_limit_;
    net::stream& client_;
    net::stream& upstream_;
    runtime::deadline idle_;
    cause why_ = cause::none;
};

}  // namespace gateway::proxy
