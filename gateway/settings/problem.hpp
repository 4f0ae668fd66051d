// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration, said so that the reader can mend it without looking anything
// up: where, which key, what stands there, what was expected, and what was probably meant.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::settings {

struct problem {
    std::string file{};
    int line = 0;  // From 1; 0 when the whole file is meant.
    int column = 0;
    std::string found{};  // The offending text in quotes, or in words what stands there.
    std::string expected{};
    std::string hint{};  // A closing phrase such as: did you mean "timeouts"? May be empty.
    std::string key{};   // Where in the tree, e.g. "routes[2].prefix"; empty at the root.
};

// One line, in the shape compilers use, without a final newline:
// gateway.yaml:12:7: routes[2]: found "tiemouts", expected one of ...; did you mean "timeouts"?
std::string to_text(problem const& one);

// The problems of one file. Past `problems_max` they are counted, not kept: nobody reads further,
// and a hostile file must not fill the memory.
class problem_list {
public:
    static constexpr std::size_t problems_max = 200;

    explicit problem_list(std::string file) : file_(std::move(file)) {}

    void add(problem one);
    bool empty() const noexcept { return kept_.empty(); }
    bool full() const noexcept { return kept_.size() == problems_max; }

    // In the order of the file. Leaves the list empty.
    std::vector<problem> take();

private:
    std::string file_;
    std::vector<problem> kept_;
    std::size_t dropped_ = 0;
};

// The text in quotes, control characters escaped and the middle left out when it is long.
std::string in_quotes(std::string_view text);

// The candidate that differs from the word by the fewest typing slips, or empty when all differ too
// much to be meant. Ignores case.
std::string_view nearest(std::string_view word, std::vector<std::string_view> const& candidates);

// `did you mean "..."?` for the nearest candidate, or empty.
std::string did_you_mean(std::string_view word, std::vector<std::string_view> const& candidates);

// "one of a, b and c", or the only one
std::string listed(std::vector<std::string_view> const& words);

}  // namespace gateway::settings
