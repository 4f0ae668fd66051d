// SPDX-License-Identifier: Apache-2.0
// The metrics as lines on stdout (admin/cloudwatch), every so often. Lives on the control thread.
#pragma once

#include "admin/cloudwatch.hpp"
#include "admin/metrics_page.hpp"
#include "app/repeating.hpp"
#include "observe/access_log.hpp"
#include "settings/settings.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace gateway::app {

class figure_lines {
public:
    // `access_log` is the writer whose lines go to stdout too, so that two threads never mix theirs
    // there; null when there is none. All are borrowed.
    figure_lines(
        boost::asio::io_context& control,
        settings::snapshot const& wanted,
        observe::task_identity const& who,
        admin::metrics_page& figures,
        observe::access_log_writer* access_log);
    ~figure_lines();

    void start();
    // The last lines, of what has happened since the last interval.
    void finish();

private:
    void write();

    repeating writing_;
    admin::metrics_page& figures_;
    admin::cloudwatch lines_;
    std::unique_ptr<observe::access_log_writer> own_writer_;
    std::unique_ptr<observe::access_log_buffer> out_;
};

}  // namespace gateway::app
