// SPDX-License-Identifier: Apache-2.0
// Measures the process's memory against its limit, ten times a second, and tells the cores.
#pragma once

#include "app/repeating.hpp"
#include "net/admission.hpp"
#include "runtime/memory_limit.hpp"

#include <boost/asio/io_context.hpp>

namespace gateway::app {

class memory_watch {
public:
    // On the control thread; `process` is borrowed.
    memory_watch(
        boost::asio::io_context& control, runtime::memory_gauge gauge, net::admission& process);

    void start();

private:
    void measure();

    repeating measuring_;
    runtime::memory_gauge gauge_;
    net::admission& process_;
};

}  // namespace gateway::app
