// SPDX-License-Identifier: Apache-2.0
#include "app/figure_lines.hpp"

#include "admin/metrics_builder.hpp"

#include <unistd.h>

namespace gateway::app {

figure_lines::figure_lines(
    boost::asio::io_context& control,
    settings::snapshot const& wanted,
    observe::task_identity const& who,
    admin::metrics_page& figures,
    observe::access_log_writer* access_log)
    : writing_(control, wanted.metrics.cloudwatch_interval, [this] { write(); }),
      figures_(figures),
      lines_(wanted.metrics.cloudwatch_namespace, who) {
    if (access_log == nullptr) {
        own_writer_ = std::make_unique<observe::access_log_writer>(STDOUT_FILENO);
        access_log = own_writer_.get();
    }
    out_ = std::make_unique<observe::access_log_buffer>(*access_log, wanted.logging);
}

figure_lines::~figure_lines() = default;

void figure_lines::start() { writing_.start(); }

void figure_lines::write() {
    auto const page = figures_.collect();
    auto const all = lines_.lines(page);
    for (auto const& line : all) {
        out_->append_line(line);
    }
    out_->flush();
}

void figure_lines::finish() {
    writing_.stop();
    write();
    out_.reset();
    if (own_writer_) own_writer_->stop();
}

}  // namespace gateway::app
