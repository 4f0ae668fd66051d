// SPDX-License-Identifier: Apache-2.0
// What the admin listener shows and changes besides metrics and health: which page there is, who
// may ask for it and with which parameters. What happens then is for the actions.
#pragma once

#include "admin/admin_request.hpp"
#include "admin/change_guard.hpp"
#include "proxy/endpoint_state.hpp"
#include "proxy/inflight.hpp"
#include "settings/settings.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::admin {

enum class change : std::uint8_t {
    log_level,
    drain,
    undrain,
    disable,
    enable,
    maintenance_on,
    maintenance_off,
    candidate_loaded,
    candidate_promoted,
    candidate_dropped,
};
inline constexpr std::size_t change_count = 10;
std::string_view word_of(change what) noexcept;

// Made on the control thread. Texts are what the operator is told.
class operator_actions {
public:
    using text_told = std::function<void(std::string)>;

    virtual void tell_status(text_told done) = 0;
    virtual void tell_in_flight(proxy::inflight_query const& query, text_told done) = 0;
    virtual std::string config_text() = 0;
    virtual std::string log_level() = 0;

    struct result {
        bool known = true;  // what was named is there, and it was done
        std::string said;
        unsigned status = 404;  // when it was not
    };
    virtual result set_log_level(settings::log_level level, std::string const& by) = 0;
    virtual result operate(
        std::string const& upstream,
        std::string const& endpoint,
        change what,
        std::string const& by) = 0;
    // `retry_after` zero ends it.
    virtual result maintain(
        std::string const& route, std::chrono::seconds retry_after, std::string const& by) = 0;
    virtual void tell_candidate(text_told done) = 0;
    // A configuration on trial; `file` stands beside the one that runs.
    virtual result load_candidate(
        std::optional<std::string> const& file, std::string const& by) = 0;
    virtual result promote_candidate(std::string const& by) = 0;
    virtual result drop_candidate(std::string const& by) = 0;

protected:
    ~operator_actions() = default;
};

class operator_pages {
public:
    using answered = std::function<void(admin_reply)>;

    operator_pages(settings::admin const& wanted, operator_actions& actions)
        : guard_(wanted), actions_(actions) {}

    // `done` is called once, now or later, on the same thread.
    void answer(admin_request const& asked, answered done);

    change_rule rule() const noexcept { return guard_.rule(); }
    std::uint64_t made(change what) const noexcept { return made_[static_cast<std::size_t>(what)]; }
    std::uint64_t refused() const noexcept { return refused_; }

private:
    struct page;
    static page const* find(std::string_view path) noexcept;

    void index(admin_request const& asked, answered done);
    void status(admin_request const& asked, answered done);
    void in_flight(admin_request const& asked, answered done);
    void config(admin_request const& asked, answered done);
    void log_level(admin_request const& asked, answered done);
    void endpoint(admin_request const& asked, answered done);
    void maintenance(admin_request const& asked, answered done);
    void candidate(admin_request const& asked, answered done);
    void note_refusal(admin_request const& asked, admin_reply const& refused);
    admin_reply done_with(change what, operator_actions::result const& result);

    change_guard guard_;
    operator_actions& actions_;
    std::array<std::uint64_t, change_count> made_{};
    std::uint64_t refused_ = 0;
    time_point refusal_said_at_{};
};

// The dashboard, with the policy that lets a browser run nothing but it.
admin_reply dashboard();

}  // namespace gateway::admin
