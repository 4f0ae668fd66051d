// SPDX-License-Identifier: Apache-2.0
#include "admin/candidate_page.hpp"

#include "admin/json_text.hpp"

#include <algorithm>

namespace gateway::admin {
namespace {

void write_row(json_text& to, proxy::shadow_row const& row) {
    to.begin_object();
    to.member("requests", row.requests);
    to.member("running_route", row.running_route);
    to.member("candidate_route", row.candidate_route);
    to.object("example");
    to.member("method", row.method);
    to.member("host", row.host);
    to.member("path", row.path);
    to.end_object();
    to.array("differences");
    for (auto const& each : row.details) {
        to.begin_object();
        to.member("in", word_of(each.what));
        to.member("running", each.running);
        to.member("candidate", each.candidate);
        to.end_object();
    }
    to.end_array();
    to.end_object();
}

}  // namespace

std::string no_candidate_text() {
    json_text to;
    to.begin_object();
    to.member("loaded", false);
    to.end_object();
    return to.take() + '\n';
}

std::string candidate_text(
    candidate_state const& of, proxy::shadow_figures const& found, std::size_t cores_silent) {
    json_text to;
    to.begin_object();
    to.member("loaded", true);
    to.member("file", of.file);
    to.member("loaded_at_ms", epoch_ms(of.loaded_at));
    to.member("compared_with_generation", of.generation);
    to.member("changes", of.changes);
    to.array("needs_restart");
    for (auto const& each : of.restart) to.value(each);
    to.end_array();
    to.member("compared", found.compared);
    to.member("different", found.different);
    if (cores_silent != 0) to.member("cores_silent", cores_silent);
    to.object("different_in");
    for (std::size_t i = 0; i < proxy::difference_count; ++i) {
        if (found.by[i] == 0) continue;
        to.member(word_of(static_cast<proxy::difference>(i)), found.by[i]);
    }
    to.end_object();
    std::vector<proxy::shadow_row const*> rows;
    for (auto const& each : found.rows) rows.push_back(&each);
    std::sort(rows.begin(), rows.end(), [](auto* a, auto* b) { return a->requests > b->requests; });
    to.array("rows");
    for (auto const* each : rows) write_row(to, *each);
    to.end_array();
    if (found.beyond != 0) to.member("requests_beyond_rows", found.beyond);
    to.end_object();
    return to.take() + '\n';
}

}  // namespace gateway::admin
