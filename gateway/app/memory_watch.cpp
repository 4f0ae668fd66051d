// SPDX-License-Identifier: Apache-2.0
#include "app/memory_watch.hpp"

#include "observe/log.hpp"

#include <utility>

namespace gateway::app {
namespace {

constexpr milliseconds pause{100};

}  // namespace

memory_watch::memory_watch(
    boost::asio::io_context& control, runtime::memory_gauge gauge, net::admission& process)
    : measuring_(control, pause, [this] { measure(); }),
      gauge_(std::move(gauge)),
      process_(process) {}

void memory_watch::start() {
    observe::log_info("memory limit {} MiB ({})", gauge_.limit() / 1_MiB, gauge_.source());
    measure();
    measuring_.start();
}

void memory_watch::measure() {
    auto const before = process_.memory_level();
    byte_count const used = gauge_.used();
    auto const level = runtime::level_of(used, gauge_.limit(), before);
    process_.set_memory({level, used, gauge_.limit()});
    if (level == before) return;
    auto const text = [](runtime::memory_level now) {
        switch (now) {
            case runtime::memory_level::calm: return "all is served again";
            case runtime::memory_level::tight: return "bodies are not read for now";
            default: return "new requests get 503";
        }
    };
    observe::log_warn(
        "memory is {}: {} of {} MiB in use; {}", runtime::word_of(level), used / 1_MiB,
        gauge_.limit() / 1_MiB, text(level));
}

}  // namespace gateway::app
