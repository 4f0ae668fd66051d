// SPDX-License-Identifier: Apache-2.0
#include "app/candidate_desk.hpp"

#include "observe/log.hpp"
#include "settings/changes.hpp"
#include "settings/problem.hpp"

#include <exception>
#include <utility>

namespace gateway::app {
namespace {

constexpr std::size_t problems_said_max = 20;
constexpr unsigned conflict = 409;
constexpr unsigned unprocessable = 422;

candidate_desk::result refused(unsigned status, std::string said) {
    return {.known = false, .said = std::move(said), .status = status};
}

std::string problems_text(settings::loaded const& loaded) {
    std::size_t const count = loaded.problems.size();
    std::string text =
        std::to_string(count) + (count == 1 ? " problem" : " problems") + "; nothing is compared.";
    for (std::size_t i = 0; i < count && i < problems_said_max; ++i) {
        text += '\n' + settings::to_text(loaded.problems[i]);
    }
    return text;
}

}  // namespace

candidate_desk::result candidate_desk::load(
    std::optional<std::string> const& file, std::string const& by) {
    // Whoever may ask this must not read any file of the machine through its mistakes.
    if (file && (file->empty() || file->find('/') != file->npos || file->front() == '.')) {
        return refused(
            400, "file must be the name of a file beside the configuration, without a folder.");
    }
    if (!life_.has_file()) return refused(conflict, "This configuration is in no file.");
    std::string const path = life_.path_beside(file);
    settings::loaded loaded;
    try {
        loaded = life_.load_from(path);
    } catch (std::exception const& failed) {
        return refused(unprocessable, path + ": " + failed.what());
    }
    if (!loaded.value) return refused(unprocessable, problems_text(loaded));
    asked_ = std::move(*loaded.value);
    state_.file = path;
    compare_from_now();
    observe::log_info(
        "candidate {} is compared with configuration {}, asked by {}: {}", path, state_.generation,
        by, state_.changes);
    std::string said = "Live requests are compared with what " + path +
                       " would make of them: " + state_.changes +
                       ". /config/candidate shows the differences.";
    return {.known = true, .said = std::move(said)};
}

void candidate_desk::compare_from_now() {
    auto effective = std::make_shared<settings::snapshot>(asked_);
    settings::keep_restart_values(wanted_, *effective);
    candidate_ = std::move(effective);
    state_.loaded_at = admin::wall_now();
    state_.generation = life_.generation();
    state_.changes = settings::describe_changes(wanted_, *candidate_);
    state_.restart = settings::restart_keys_changed(wanted_, asked_);
    for (auto const& each : cores_) each->shadow(candidate_);
}

candidate_desk::result candidate_desk::promote(std::string const& by) {
    if (!candidate_) return refused(conflict, "There is no candidate.");
    if (!life_.adopt("candidate " + state_.file + ", promoted by " + by, asked_)) {
        return refused(
            conflict, "It was not promoted: " +
                          (life_.last_failure().empty()
                               ? std::string{"another configuration is on its way into effect."}
                               : life_.last_failure()));
    }
    std::string said = "Candidate " + state_.file + " comes into effect.";
    if (state_.file != life_.source()) {
        said += " The next reload takes " + std::string{life_.source()} +
                " again: copy the candidate over it.";
    }
    forget();
    return {.known = true, .said = std::move(said)};
}

candidate_desk::result candidate_desk::drop(std::string const& by) {
    if (!candidate_) return refused(conflict, "There is no candidate.");
    forget();
    observe::log_info("candidate {} is dropped, asked by {}", state_.file, by);
    return {.known = true, .said = "Candidate " + state_.file + " is dropped."};
}

void candidate_desk::forget() {
    candidate_.reset();
    for (auto const& each : cores_) each->shadow(nullptr);
}

void candidate_desk::reconfigured() {
    if (!candidate_) return;
    compare_from_now();
    observe::log_info(
        "candidate {} is compared with configuration {} from now on", state_.file,
        state_.generation);
}

}  // namespace gateway::app
