// SPDX-License-Identifier: Apache-2.0
// A question to every core, and what is made of the answers once all are there or time is up.
#pragma once

#include "base/units.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace gateway::app {

// Lives on the control thread; answers come in there.
class core_question {
public:
    virtual ~core_question() = default;
    // Whether it is over; ends it when it is `late`.
    virtual bool is_over(time_point now) = 0;
    virtual void forget() noexcept = 0;
};

template <class Answer>
class asked_cores final : public core_question {
public:
    using answers = std::vector<std::optional<Answer>>;  // by core; empty: it did not answer

    asked_cores(std::size_t cores, time_point limit, std::function<void(answers)> done)
        : answers_(cores), missing_(cores), limit_(limit), done_(std::move(done)) {}

    void take(std::size_t core, Answer answer) {
        if (!done_ || answers_[core]) return;
        answers_[core] = std::move(answer);
        if (--missing_ == 0) end();
    }
    bool is_over(time_point now) override {
        if (done_ && now >= limit_) end();
        return !done_;
    }
    void forget() noexcept override { done_ = nullptr; }

private:
    void end() {
        auto const done = std::exchange(done_, nullptr);
        done(std::move(answers_));
    }

    answers answers_;
    std::size_t missing_;
    time_point limit_;
    std::function<void(answers)> done_;
};

}  // namespace gateway::app
