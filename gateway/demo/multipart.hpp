// SPDX-License-Identifier: Apache-2.0
// multipart/form-data (RFC 7578, RFC 2046 5.1) read as a stream: pure, any split of the input gives
// the same parts, and no more than one piece of input plus one part's head is ever held.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::demo::multipart {

inline constexpr std::size_t part_head_bytes_max = 8 * 1024;
inline constexpr std::size_t parts_max = 256;

enum class problem {
    none,
    malformed_delimiter,  // a boundary followed by neither a line's end nor "--"
    malformed_head,
    head_too_large,
    too_many_parts,
    truncated,  // the input ended before the closing boundary
};

std::string_view word_of(problem value) noexcept;

// What Content-Disposition and Content-Type say of a part.
struct part_head {
    std::string name;
    std::optional<std::string> filename;  // present for a file
    std::string content_type;             // empty when the part does not say
};

// Receives the parts in order: `part_begins`, any number of `part_bytes`, `part_ends`, and again.
class sink {
public:
    virtual ~sink() = default;
    virtual void part_begins(part_head const& head) = 0;
    virtual void part_bytes(std::string_view bytes) = 0;  // valid during the call
    virtual void part_ends() = 0;
};

class parser {
public:
    // `receiver` must outlive the parser.
    parser(std::string_view boundary, sink& receiver);

    problem feed(std::string_view bytes);  // after a problem, every later call repeats it
    problem finish() const noexcept;       // call once at the end of the input

private:
    enum class state { preamble, delimiter_end, head, blank_line, bytes, epilogue, failed };

    bool step();  // false when more input is needed
    bool skip_preamble();
    bool end_delimiter();
    bool read_head_line();
    bool pass_blank_line();
    bool pass_bytes();
    bool fail(problem what);
    bool take_field(std::string_view line);

    std::string delimiter_;  // CRLF "--" boundary
    sink& receiver_;
    std::string held_;    // input not consumed yet
    std::size_t at_ = 0;  // consumed up to here
    state state_ = state::preamble;
    problem problem_ = problem::none;
    part_head head_;
    std::size_t head_bytes_ = 0;
    std::size_t parts_ = 0;
};

// The boundary of a multipart/form-data content type; absent when it is another type or has none.
std::optional<std::string> boundary_of(std::string_view content_type);

// A parameter of a field value such as `form-data; name="a"; filename="b"`, unquoted.
std::optional<std::string> parameter_of(std::string_view value, std::string_view name);

}  // namespace gateway::demo::multipart
