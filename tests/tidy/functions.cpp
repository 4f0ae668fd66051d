// SPDX-License-Identifier: Apache-2.0
#include "tidy/functions.hpp"

#include <algorithm>
#include <regex>
#include <utility>

namespace gateway::tidy {
namespace {

enum class scope_kind { container, function, braces };

struct scope {
    scope_kind kind;
    std::string name;
    std::size_t line;
};

// The text without template<...>, labels such as public: and leading blanks.
std::string bare(std::string const& statement) {
    static std::regex const noise{R"(^\s*((public|private|protected)\s*:|\[\[[^\]]*\]\])\s*)"};
    auto text = std::regex_replace(statement, noise, "");
    text.erase(0, std::min(text.find_first_not_of(" \n"), text.size()));
    if (text.compare(0, 8, "template") == 0) {
        std::size_t depth = 0;
        std::size_t i = text.find('<');
        for (; i < text.size(); ++i) {
            if (text[i] == '<') ++depth;
            if (text[i] == '>' && --depth == 0) break;
        }
        return bare(text.substr(std::min(i + 1, text.size())));
    }
    return text;
}

std::string name_in(std::string const& statement) {
    auto const head = statement.substr(0, statement.find('('));
    auto const end = head.find_last_not_of(" \n");
    if (end == std::string::npos) return {};
    auto const begin = head.find_last_of(" \n*&", end);
    return head.substr(begin == std::string::npos ? 0 : begin + 1, end - begin);
}

// What the brace after `statement` opens.
scope_kind kind_of(std::string const& statement) {
    static std::regex const container{
        R"(^(inline\s+)?(namespace|class|struct|union|enum|extern)\b)"};
    static std::regex const body{
        R"((\)|\}|&|\b(const|noexcept|override|final|mutable|try))\s*$|\)[^()]*->[^(){}]*$)"};
    static std::regex const initialises_member{R"(\)\s*(noexcept\s*)?:[^:])"};
    auto const text = bare(statement);
    if (std::regex_search(text, container)) return scope_kind::container;
    if (text.find('(') == std::string::npos) return scope_kind::braces;
    if (std::regex_search(text, initialises_member)) {
        auto const last = text.find_last_not_of(" \n");
        return text[last] == ')' || text[last] == '}' ? scope_kind::function : scope_kind::braces;
    }
    return std::regex_search(text, body) ? scope_kind::function : scope_kind::braces;
}

class reader {
public:
    std::vector<function_extent> run(source_file const& code) {
        auto continued = false;
        for (auto const& line : code.lines) {
            ++line_;
            auto const directive = continued || line.compare(0, 1, "#") == 0;
            continued = directive && !line.empty() && line.back() == '\\';
            if (!directive) read(line);
        }
        return std::move(found_);
    }

private:
    void read(std::string const& line) {
        for (auto const c : line) {
            if (c == '{') {
                open();
            } else if (c == '}') {
                close();
            } else if (c == ';' && parentheses_ == 0) {
                statement_.clear();
            } else {
                if (c == '(') ++parentheses_;
                if (c == ')' && parentheses_ > 0) --parentheses_;
                statement_ += c;
            }
        }
        statement_ += '\n';
    }

    void open() {
        auto const inside = std::any_of(scopes_.begin(), scopes_.end(), [](scope const& outer) {
            return outer.kind != scope_kind::container;
        });
        auto const opaque = inside || parentheses_ > 0;
        auto const kind = opaque ? scope_kind::braces : kind_of(statement_);
        scopes_.push_back({kind, name_in(bare(statement_)), line_});
        if (kind == scope_kind::braces) {
            statement_ += '{';
        } else {
            statement_.clear();
        }
    }

    void close() {
        if (scopes_.empty()) return;
        auto const closed = std::move(scopes_.back());
        scopes_.pop_back();
        if (closed.kind == scope_kind::braces) {
            statement_ += '}';  // an initialiser: the statement goes on
            return;
        }
        statement_.clear();
        if (closed.kind == scope_kind::function) {
            found_.push_back({closed.name, closed.line, line_ - closed.line + 1});
        }
    }

    std::vector<scope> scopes_;
    std::vector<function_extent> found_;
    std::string statement_;  // since the last one ended
    std::size_t parentheses_ = 0;
    std::size_t line_ = 0;
};

}  // namespace

std::vector<function_extent> functions_of(source_file const& file) {
    return reader{}.run(code_of(file));
}

}  // namespace gateway::tidy
