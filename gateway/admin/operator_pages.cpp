// SPDX-License-Identifier: Apache-2.0
#include "admin/operator_pages.hpp"

#include "observe/log.hpp"
#include "settings/syntax.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

namespace gateway::admin {
namespace {

constexpr std::string_view index_text =
    "The gateway's admin listener. In a browser this is a dashboard.\n"
    "\n"
    "/metrics      counters, for Prometheus\n"
    "/livez        200 while every core answers, otherwise 503 and which one does not\n"
    "/readyz       200 while it takes new requests, otherwise 503 and the reason\n"
    "/status       what it is doing, as JSON\n"
    "/inflight     requests under way, the oldest first; ?older=5s&limit=200\n"
    "/config       the settings in effect, without secrets\n"
    "/events       /status each second, as server-sent events\n"
    "/log          the log level\n"
    "\n"
    "Changes, by POST from loopback or with Authorization: Bearer (admin.token):\n"
    "\n"
    "/log?level=debug\n"
    "/drain?upstream=NAME&endpoint=ADDRESS     no request while another endpoint can serve\n"
    "/undrain?upstream=NAME&endpoint=ADDRESS\n"
    "/disable?upstream=NAME&endpoint=ADDRESS   no request at all\n"
    "/enable?upstream=NAME&endpoint=ADDRESS\n"
    "/maintenance/on?route=NAME&retry_after=60s   503 with cause maintenance\n"
    "/maintenance/off?route=NAME\n"
    "/config/candidate?file=NAME   compares a changed configuration with live requests, without\n"
    "                              acting by it; GET shows the differences. NAME is a file beside\n"
    "                              the configuration; without it, the configuration file itself\n"
    "/config/candidate/promote     puts it into effect\n"
    "/config/candidate/drop\n";

constexpr std::chrono::seconds retry_after_default{60};
constexpr std::chrono::seconds retry_after_max{86'400};
constexpr std::size_t rows_max = 1'000;
constexpr milliseconds refusals_said_every{1'000};

// A parameter read by its syntax: what it says, or what it should.
template <class Syntax>
struct read_parameter {
    std::optional<typename Syntax::value> value{};
    std::string problem{};
};

template <class Syntax>
read_parameter<Syntax> read(admin_request const& asked, std::string_view name) {
    auto const text = asked.parameter(name);
    if (!text) return {};
    settings::refusal why{std::string{Syntax::expected}, {}};
    if (auto value = Syntax::parse(*text, why)) return {std::move(value), {}};
    std::string problem =
        std::string{name} + "=" + text->substr(0, 100) + " is not " + why.expected;
    if (!why.hint.empty()) problem += "; " + why.hint;
    return {std::nullopt, problem + "."};
}

admin_reply missing(std::initializer_list<std::string_view> names) {
    std::string text = "Say ";
    for (std::string_view const name : names) {
        text += (text.size() == 4 ? "" : " and ") + std::string{name};
    }
    return refusal(400, text + " in the query; / shows how.");
}

}  // namespace

std::string_view word_of(change what) noexcept {
    constexpr std::array<std::string_view, change_count> words{
        "log_level",
        "drain",
        "undrain",
        "disable",
        "enable",
        "maintenance_on",
        "maintenance_off",
        "candidate_loaded",
        "candidate_promoted",
        "candidate_dropped"};
    return words[static_cast<std::size_t>(what)];
}

struct operator_pages::page {
    std::string_view path;
    bool reads;
    bool changes;
    void (operator_pages::*answer)(admin_request const&, answered);
};

operator_pages::page const* operator_pages::find(std::string_view path) noexcept {
    static constexpr std::array<page, 14> pages{{
        {"/", true, false, &operator_pages::index},
        {"/status", true, false, &operator_pages::status},
        {"/inflight", true, false, &operator_pages::in_flight},
        {"/config", true, false, &operator_pages::config},
        {"/log", true, true, &operator_pages::log_level},
        {"/drain", false, true, &operator_pages::endpoint},
        {"/undrain", false, true, &operator_pages::endpoint},
        {"/disable", false, true, &operator_pages::endpoint},
        {"/enable", false, true, &operator_pages::endpoint},
        {"/maintenance/on", false, true, &operator_pages::maintenance},
        {"/maintenance/off", false, true, &operator_pages::maintenance},
        {"/config/candidate", true, true, &operator_pages::candidate},
        {"/config/candidate/promote", false, true, &operator_pages::candidate},
        {"/config/candidate/drop", false, true, &operator_pages::candidate},
    }};
    auto const found = std::find_if(
        pages.begin(), pages.end(), [&](page const& each) { return each.path == path; });
    return found == pages.end() ? nullptr : &*found;
}

void operator_pages::answer(admin_request const& asked, answered done) {
    page const* const found = find(asked.path);
    if (found == nullptr) {
        done(refusal(404, "Nothing is here; / says what is."));
        return;
    }
    bool const changes = asked.method == "POST";
    if (changes ? !found->changes : !(found->reads && asked.reads())) {
        std::string const allowed = !found->reads    ? "POST"
                                    : found->changes ? "GET, HEAD, POST"
                                                     : "GET, HEAD";
        admin_reply reply = refusal(
            405, found->reads ? "Only " + allowed + " are answered here."
                              : "This changes something, so it has to be asked by POST.");
        reply.fields.emplace_back("Allow", allowed);
        done(std::move(reply));
        return;
    }
    if (changes) {
        if (auto refused = guard_.refuse(asked)) {
            note_refusal(asked, *refused);
            done(std::move(*refused));
            return;
        }
    }
    (this->*found->answer)(asked, std::move(done));
}

// Whoever guesses tokens must not fill the log.
void operator_pages::note_refusal(admin_request const& asked, admin_reply const& refused) {
    ++refused_;
    auto const now = clock::now();
    if (refusal_said_at_ != time_point{} && now - refusal_said_at_ < refusals_said_every) return;
    refusal_said_at_ = now;
    observe::log_warn(
        "admin: {} from {} refused: {}", asked.path, asked.client,
        std::string_view{refused.body}.substr(0, refused.body.size() - 1));
}

void operator_pages::index(admin_request const& asked, answered done) {
    if (asked.accept.find("text/html") != std::string_view::npos) {
        done(dashboard());
    } else {
        done({.body = std::string{index_text}});
    }
}

void operator_pages::status(admin_request const&, answered done) {
    actions_.tell_status([done = std::move(done)](std::string text) {
        done({.body = std::move(text), .type = json_type});
    });
}

void operator_pages::in_flight(admin_request const& asked, answered done) {
    auto const older = read<settings::duration>(asked, "older");
    auto const limit = read<settings::count>(asked, "limit");
    for (std::string const& problem : {older.problem, limit.problem}) {
        if (!problem.empty()) return done(refusal(400, problem));
    }
    proxy::inflight_query query;
    if (older.value) query.older = *older.value;
    if (limit.value) query.rows_max = std::min<std::size_t>(*limit.value, rows_max);
    actions_.tell_in_flight(query, [done = std::move(done)](std::string text) {
        done({.body = std::move(text), .type = json_type});
    });
}

void operator_pages::config(admin_request const&, answered done) {
    done({.body = actions_.config_text(), .type = "application/yaml"});
}

void operator_pages::log_level(admin_request const& asked, answered done) {
    if (asked.reads()) return done({.body = actions_.log_level() + '\n'});
    auto const level = read<settings::level_name>(asked, "level");
    if (!level.problem.empty()) return done(refusal(400, level.problem));
    if (!level.value) return done(missing({"level"}));
    done(done_with(change::log_level, actions_.set_log_level(*level.value, asked.client)));
}

void operator_pages::endpoint(admin_request const& asked, answered done) {
    auto const upstream = asked.parameter("upstream");
    auto const address = asked.parameter("endpoint");
    if (!upstream || !address) return done(missing({"upstream", "endpoint"}));
    change const what = asked.path == "/drain"     ? change::drain
                        : asked.path == "/undrain" ? change::undrain
                        : asked.path == "/disable" ? change::disable
                                                   : change::enable;
    done(done_with(what, actions_.operate(*upstream, *address, what, asked.client)));
}

void operator_pages::maintenance(admin_request const& asked, answered done) {
    auto const route = asked.parameter("route");
    if (!route) return done(missing({"route"}));
    if (asked.path == "/maintenance/off") {
        return done(done_with(
            change::maintenance_off,
            actions_.maintain(*route, std::chrono::seconds{0}, asked.client)));
    }
    auto const wanted = read<settings::duration>(asked, "retry_after");
    if (!wanted.problem.empty()) return done(refusal(400, wanted.problem));
    auto const retry_after = std::chrono::ceil<std::chrono::seconds>(
        wanted.value.value_or(milliseconds{retry_after_default}));
    if (retry_after < std::chrono::seconds{1} || retry_after > retry_after_max) {
        return done(refusal(400, "retry_after must be from 1s to 24h."));
    }
    done(done_with(change::maintenance_on, actions_.maintain(*route, retry_after, asked.client)));
}

void operator_pages::candidate(admin_request const& asked, answered done) {
    if (asked.reads()) {
        actions_.tell_candidate([done = std::move(done)](std::string text) {
            done({.body = std::move(text), .type = json_type});
        });
    } else if (asked.path == "/config/candidate/promote") {
        done(done_with(change::candidate_promoted, actions_.promote_candidate(asked.client)));
    } else if (asked.path == "/config/candidate/drop") {
        done(done_with(change::candidate_dropped, actions_.drop_candidate(asked.client)));
    } else {
        done(done_with(
            change::candidate_loaded,
            actions_.load_candidate(asked.parameter("file"), asked.client)));
    }
}

admin_reply operator_pages::done_with(change what, operator_actions::result const& result) {
    if (!result.known) return refusal(result.status, result.said);
    ++made_[static_cast<std::size_t>(what)];
    return {.body = result.said + '\n'};
}

}  // namespace gateway::admin
