// SPDX-License-Identifier: Apache-2.0
#include "net/span_exporter.hpp"

#include "base/all_signals_blocked.hpp"
#include "base/ascii.hpp"
#include "net/plain_get.hpp"
#include "net/shallow_json.hpp"
#include "observe/log.hpp"

#include <boost/property_tree/ptree.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace gateway::net {
namespace {

constexpr milliseconds first_pause{250};
constexpr milliseconds longest_pause{5'000};
constexpr milliseconds drops_told_every{10'000};

observe::otlp_batch::attributes resource_of(
    settings::tracing const& wanted, observe::otlp_batch::attributes const& found) {
    observe::otlp_batch::attributes all{wanted.attributes};
    auto const add = [&](std::pair<std::string, std::string> const& one) {
        auto const same = [&](auto const& each) { return each.first == one.first; };
        if (std::none_of(all.begin(), all.end(), same)) all.push_back(one);
    };
    add({"service.name", wanted.service_name});
    for (auto const& each : found) add(each);
    return all;
}

// ExportTracePartialSuccess: the collector has taken the request but not all of it.
std::uint64_t rejected_in(std::string const& answer) {
    auto const tree = read_shallow_json(answer);
    // An answer in protobuf, or none: taken as a whole.
    return tree ? tree->get<std::uint64_t>("partialSuccess.rejectedSpans", 0) : 0;
}

}  // namespace

span_exporter::span_exporter(
    settings::tracing const& wanted,
    observe::otlp_batch::attributes const& found,
    std::string_view version,
    std::vector<std::string> const& redacted)
    : wanted_(wanted),
      fields_(
          "Content-Type: application/json\r\nUser-Agent: gateway/" + std::string{version} + "\r\n"),
      batch_(resource_of(wanted, found), version, redacted) {
    for (auto const& [name, value] : wanted_.headers) {
        fields_.append(name).append(": ").append(value).append("\r\n");
    }
    all_signals_blocked const inherited_by_the_thread;
    thread_ = std::thread{&span_exporter::run, this};
}

span_exporter::~span_exporter() { stop(); }

observe::span_lane& span_exporter::open_lane() {
    std::lock_guard const lock{guard_};
    return *lanes_.emplace_back(std::make_unique<observe::span_lane>(wanted_.queue));
}

void span_exporter::redact(std::vector<std::string> parameters) {
    std::lock_guard const lock{guard_};
    redacted_ = std::move(parameters);
}

void span_exporter::stop(milliseconds limit) noexcept {
    if (!thread_.joinable()) return;
    {
        std::lock_guard const lock{guard_};
        stopping_ = true;
        stop_at_ = clock::now() + limit;
    }
    ending_.notify_all();
    thread_.join();
}

span_exporter::figures span_exporter::now() const {
    figures out{sent_.value(), 0, lost_.value(), rejected_.value()};
    std::lock_guard const lock{guard_};
    for (auto const& each : lanes_) out.dropped += each->dropped.value();
    return out;
}

void span_exporter::run() noexcept {
    pthread_setname_np(pthread_self(), "spans");
    for (bool going = true; going;) {
        try {
            going = pause(wanted_.interval);
            send_all();
            tell_drops();
        } catch (std::exception const& problem) {  // of memory, as a rule
            observe::log_error("traces: {}", problem.what());
        }
    }
}

void span_exporter::send_all() {
    while (std::size_t const spans = fill()) {
        std::string const body = batch_.take();
        deliver(body, spans);
    }
}

// Takes spans off the lanes, from each in turn.
std::size_t span_exporter::fill() {
    std::vector<observe::span_lane*> lanes;
    {
        std::lock_guard const lock{guard_};
        for (auto const& each : lanes_) lanes.push_back(each.get());
        if (redacted_) batch_.redact(*std::exchange(redacted_, std::nullopt));
    }
    for (bool found = true; found && batch_.size() < wanted_.batch;) {
        found = false;
        for (observe::span_lane* const each : lanes) {
            observe::span const* const one = each->front();
            if (one == nullptr || batch_.size() == wanted_.batch) continue;
            batch_.add(*one);
            each->pop();
            found = true;
        }
    }
    return batch_.size();
}

void span_exporter::deliver(std::string const& body, std::size_t spans) {
    auto const until = clock::now() + wanted_.retry_for;
    milliseconds wait = first_pause;
    for (;;) {
        milliseconds asked{0};
        verdict const what = is_over() ? verdict::again : judge(body, spans, asked);
        if (what == verdict::taken) return;
        if (what == verdict::refused) return rejected_.add(spans);
        milliseconds const next = std::max(wait, asked);
        if (clock::now() + next >= until || !pause(next)) {
            // The last words of a process that ends are said once more, no matter how it went.
            bool const last = clock::now() + next < until && !is_over();
            if (last && judge(body, spans, asked) == verdict::taken) return;
            return lost_.add(spans);
        }
        wait = std::min(wait * 2, longest_pause);
    }
}

// One try. The statuses that may be tried again are those of the protocol's specification (OTLP,
// "Retryable Response Codes"); `pause` is what the collector asks for.
span_exporter::verdict span_exporter::judge(
    std::string const& body, std::size_t spans, milliseconds& pause) {
    plain_answer const answer =
        plain_post(wanted_.endpoint, fields_, body, wanted_.timeout, [this] { return is_over(); });
    bool const again = answer.status == 0 || answer.status == 429 || answer.status == 502 ||
                       answer.status == 503 || answer.status == 504;
    if (answer.status >= 200 && answer.status < 300) {
        std::uint64_t const rejected = std::min<std::uint64_t>(rejected_in(answer.body), spans);
        rejected_.add(rejected);
        sent_.add(spans - rejected);
        tell(true, {});
        return verdict::taken;
    }
    tell(false, answer.status == 0 ? answer.failure : "status " + std::to_string(answer.status));
    std::uint64_t seconds = 0;
    if (ascii::parse_decimal(field_in(answer.head, "Retry-After"), 60, seconds)) {
        pause = std::chrono::seconds{seconds};
    }
    return again ? verdict::again : verdict::refused;
}

// Once for each change.
void span_exporter::tell(bool delivered, std::string const& why) {
    if (std::exchange(delivered_, delivered) == delivered) return;
    if (delivered) {
        observe::log_info("traces: {} takes them again", wanted_.endpoint);
    } else {
        observe::log_warn(
            "traces: {} does not take them ({}); is a collector there that speaks OTLP over HTTP?",
            wanted_.endpoint, why);
    }
}

void span_exporter::tell_drops() {
    figures const all = now();
    std::uint64_t const gone = all.dropped + all.lost + all.rejected;
    auto const moment = clock::now();
    bool const due = moment - drops_told_at_ >= drops_told_every || is_over();
    if (gone == drops_told_ || !due) return;
    observe::log_warn(
        "traces: {} spans lost so far: {} found the queue full, {} were not taken in time, {} were "
        "refused",
        gone, all.dropped, all.lost, all.rejected);
    drops_told_ = gone;
    drops_told_at_ = moment;
}

bool span_exporter::pause(milliseconds wait) {
    std::unique_lock lock{guard_};
    ending_.wait_for(lock, wait, [this] { return stopping_; });
    return !stopping_;
}

bool span_exporter::is_over() const {
    std::lock_guard const lock{guard_};
    return stopping_ && clock::now() >= stop_at_;
}

}  // namespace gateway::net
