// SPDX-License-Identifier: Apache-2.0
#include "support/json_object.hpp"

#include <charconv>
#include <cstdint>
#include <stdexcept>

namespace gateway::support {
namespace {

class cursor {
public:
    explicit cursor(std::string_view text) : whole_{text}, rest_{text} {}

    void expect(char c) {
        if (!take_if(c)) fail(std::string{"expected "} + c);
    }
    bool take_if(char c) {
        skip_space();
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool at_end() {
        skip_space();
        return rest_.empty();
    }
    bool at_string() {
        skip_space();
        return !rest_.empty() && rest_.front() == '"';
    }

    std::string string() {
        expect('"');
        std::string value;
        for (;;) {
            auto const c = take();
            if (c == '"') return value;
            if (static_cast<unsigned char>(c) < 0x20) fail("a control byte in a string");
            if (c == '\\') {
                append_escaped(value);
            } else {
                value += c;
            }
        }
    }

    // A number, true, false or null, as written.
    std::string word() {
        auto const size = rest_.find_first_not_of("+-.0123456789abcdefghijklmnopqrstuvwxyzE");
        std::string const value{rest_.substr(0, size)};
        rest_.remove_prefix(value.size());
        double number = 0;
        auto const end = value.data() + value.size();
        auto const is_number = std::from_chars(value.data(), end, number).ptr == end;
        auto const is_literal = value == "true" || value == "false" || value == "null";
        if (value.empty() || !(is_number || is_literal)) fail("not a value");
        return value;
    }

    [[noreturn]] void fail(std::string const& why) const {
        auto const at = std::to_string(whole_.size() - rest_.size());
        throw std::runtime_error{why + " at offset " + at + " of: " + std::string{whole_}};
    }

private:
    char take() {
        if (rest_.empty()) fail("an unexpected end");
        auto const c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    void skip_space() {
        while (!rest_.empty() && rest_.find_first_of(" \t\r\n") == 0) rest_.remove_prefix(1);
    }
    // Code points beyond ASCII become '?': no test compares them.
    void append_escaped(std::string& value) {
        static constexpr std::string_view names{"\"\\/bfnrt"};
        static constexpr std::string_view bytes{"\"\\/\b\f\n\r\t"};
        auto const c = take();
        if (auto const at = names.find(c); at != names.npos) {
            value += bytes[at];
            return;
        }
        if (c != 'u' || rest_.size() < 4) fail("an unknown escape");
        std::uint32_t code = 0;
        auto const digits = rest_.substr(0, 4);
        auto const end = digits.data() + 4;
        if (std::from_chars(digits.data(), end, code, 16).ptr != end) fail("not four digits");
        rest_.remove_prefix(4);
        value += code < 0x80 ? static_cast<char>(code) : '?';
    }

    std::string_view whole_;
    std::string_view rest_;
};

}  // namespace

json_object::json_object(std::string_view line) : line_{line} {
    cursor at{line_};
    at.expect('{');
    if (!at.take_if('}')) {
        do {
            auto name = at.string();
            at.expect(':');
            auto const is_string = at.at_string();
            auto value = is_string ? at.string() : at.word();
            if (!members_.emplace(name, member{is_string, value}).second) {
                at.fail("a repeated name, " + name + ',');
            }
        } while (at.take_if(','));
        at.expect('}');
    }
    if (!at.at_end()) at.fail("more than one value");
}

json_object::member const& json_object::at(std::string const& name) const {
    auto const found = members_.find(name);
    if (found == members_.end()) throw std::runtime_error{"no \"" + name + "\" in: " + line_};
    return found->second;
}

std::string json_object::text(std::string const& name) const {
    auto const& found = at(name);
    if (!found.is_string) throw std::runtime_error{'"' + name + "\" is no string in: " + line_};
    return found.value;
}

double json_object::number(std::string const& name) const {
    auto const& found = at(name);
    if (found.is_string) throw std::runtime_error{'"' + name + "\" is no number in: " + line_};
    return std::stod(found.value);
}

}  // namespace gateway::support
