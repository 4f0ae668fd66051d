// SPDX-License-Identifier: Apache-2.0
// The only file that knows the file format. YAML comes in as events rather than as yaml-cpp's own
// tree, because that tree keeps repeated keys silently and says nothing of size or depth.
#include "settings/load.hpp"

#include "settings/node.hpp"
#include "settings/reader.hpp"
#include "settings/schema.hpp"
#include "settings/validate.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

namespace gateway::settings {
namespace {

// Good YAML that no configuration may hold. Like yaml-cpp's own complaints it ends the parse.
struct not_accepted : YAML::ParserException {
    using ParserException::ParserException;
};

// Builds the tree of one document, expanding variables on the way.
class tree_builder final : public YAML::EventHandler {
public:
    tree_builder(environment const& variables, problem_list& problems)
        : variables_(variables), problems_(problems) {}

    std::optional<node> root;

    void OnDocumentStart(YAML::Mark const& mark) override {
        if (root) throw not_accepted(mark, "one document");
    }
    void OnDocumentEnd() override {}

    void OnNull(YAML::Mark const& mark, YAML::anchor_t anchor) override {
        node one = started(mark, node_kind::nothing);
        if (awaits_key()) one.kind = node_kind::scalar;  // "null" and "~" are spelled out as keys.
        // yaml-cpp gives the place after a missing value, often that of the next line's key.
        if (awaits_value()) std::tie(one.line, one.column) = place_of_key();
        finish(mark, std::move(one), anchor);
    }

    void OnScalar(
        YAML::Mark const& mark,
        std::string const& tag,
        YAML::anchor_t anchor,
        std::string const& value) override {
        refuse_own_tag(mark, tag);
        node one = started(mark, node_kind::scalar);
        one.written = value;
        one.text = value;
        if (!awaits_key()) expand_variables(one);
        finish(mark, std::move(one), anchor);
    }

    void OnAlias(YAML::Mark const& mark, YAML::anchor_t anchor) override {
        auto const target = anchored_.find(anchor);
        if (target == anchored_.end()) {
            throw not_accepted(mark, "an alias outside of what it stands for");
        }
        weigh(mark, target->second.weight);
        if (awaits_key() && target->second.content.kind != node_kind::scalar) refuse_key(mark);
        place(node{target->second.content}, target->second.weight);
    }

    void OnSequenceStart(
        YAML::Mark const& mark,
        std::string const& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value) override {
        begin(mark, tag, anchor, node_kind::list);
    }
    void OnSequenceEnd() override { end(); }

    void OnMapStart(
        YAML::Mark const& mark,
        std::string const& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value) override {
        begin(mark, tag, anchor, node_kind::map);
    }
    void OnMapEnd() override { end(); }

private:
    struct open_node {
        node content;
        YAML::anchor_t anchor;
        std::size_t weight;  // With all that is in it.
        std::map<std::string, int> lines_of_keys;
    };
    struct anchored_node {
        node content;
        std::size_t weight;
    };

    bool awaits_key() const {
        if (open_.empty()) return false;
        node const& top = open_.back().content;
        return top.kind == node_kind::map && top.keys.size() == top.items.size();
    }
    bool awaits_value() const {
        return !open_.empty() && open_.back().content.kind == node_kind::map && !awaits_key();
    }
    std::pair<int, int> place_of_key() const {
        node const& key = open_.back().content.keys.back();
        return {key.line, key.column};
    }

    [[noreturn]] static void refuse_key(YAML::Mark const& mark) {
        throw not_accepted(mark, "a word as the key");
    }

    // "!" marks a quoted scalar and "?" a plain one; the rest of the core schema changes nothing.
    static void refuse_own_tag(YAML::Mark const& mark, std::string const& tag) {
        bool const harmless = tag.empty() || tag == "!" || tag == "?" ||
                              tag.compare(0, 18, "tag:yaml.org,2002:") == 0;
        if (!harmless) throw not_accepted(mark, "a value without the tag " + tag);
    }

    static std::size_t weight_of(node const& one) {
        return 64 + one.written.size() + one.text.size();
    }

    void weigh(YAML::Mark const& mark, std::size_t bytes) {
        weight_ += bytes;
        if (weight_ <= unfolded_bytes_max) return;
        throw not_accepted(mark, "at most 16 MiB with all aliases unfolded");
    }

    static node started(YAML::Mark const& mark, node_kind kind) {
        node one;
        one.kind = kind;
        one.line = mark.line + 1;
        one.column = mark.column + 1;
        return one;
    }

    void begin(
        YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor, node_kind kind) {
        refuse_own_tag(mark, tag);
        if (awaits_key()) refuse_key(mark);
        if (open_.size() == depth_max) {
            throw not_accepted(mark, "at most " + std::to_string(depth_max) + " levels");
        }
        open_.push_back({started(mark, kind), anchor, 64, {}});
        weigh(mark, open_.back().weight);
    }

    void end() {
        open_node done = std::move(open_.back());
        open_.pop_back();
        remember(done.content, done.anchor, done.weight);
        place(std::move(done.content), done.weight);
    }

    void finish(YAML::Mark const& mark, node one, YAML::anchor_t anchor) {
        std::size_t const weight = weight_of(one);
        weigh(mark, weight);
        remember(one, anchor, weight);
        place(std::move(one), weight);
    }

    void remember(node const& content, YAML::anchor_t anchor, std::size_t weight) {
        if (anchor == YAML::NullAnchor) return;
        weigh(YAML::Mark::null_mark(), weight);  // A copy like any other.
        anchored_.insert_or_assign(anchor, anchored_node{content, weight});
    }

    void place(node one, std::size_t weight) {
        if (open_.empty()) {
            root = std::move(one);
            return;
        }
        bool const is_key = awaits_key();
        open_node& parent = open_.back();
        parent.weight += weight;
        if (!is_key) {
            parent.content.items.push_back(std::move(one));
            return;
        }
        auto const [earlier, fresh] = parent.lines_of_keys.emplace(one.written, one.line);
        if (!fresh) {
            problems_.add(
                {.line = one.line,
                 .column = one.column,
                 .found = in_quotes(one.written) + " twice",
                 .expected = "each key once",
                 .hint = "the first stands on line " + std::to_string(earlier->second)});
        }
        parent.content.keys.push_back(std::move(one));
    }

    void expand_variables(node& one) {
        expansion done = expand(one.written, variables_);
        one.text = std::move(done.text);
        if (done.found.empty()) return;
        one.refused = true;
        problems_.add(
            {.line = one.line,
             .column = one.column,
             .found = std::move(done.found),
             .expected = std::move(done.expected),
             .hint = std::move(done.hint)});
    }

    environment const& variables_;
    problem_list& problems_;
    std::vector<open_node> open_;
    std::map<YAML::anchor_t, anchored_node> anchored_;
    std::size_t weight_ = 0;
};

struct position {
    int line;
    int column;
};

position position_of(std::string_view text, std::size_t offset) {
    std::string_view const before = text.substr(0, offset);
    auto const lines = std::count(before.begin(), before.end(), '\n');
    std::size_t const line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    return {static_cast<int>(lines) + 1, static_cast<int>(offset - line_start) + 1};
}

std::string_view line_at(std::string_view text, int line) {
    for (; line > 1; --line) {
        std::size_t const end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    std::string_view found = text.substr(0, text.find('\n'));
    if (!found.empty() && found.back() == '\r') found.remove_suffix(1);
    return found;
}

// yaml-cpp takes byte 4 for the end of the input, and other encodings by a guess.
std::optional<problem> check_characters(std::string_view text) {
    auto const allowed = [](char c) {
        auto const byte = static_cast<unsigned char>(c);
        return c == '\n' || c == '\r' || c == '\t' || (byte >= 0x20 && byte != 0x7f && byte < 0xf8);
    };
    auto const bad = std::find_if_not(text.begin(), text.end(), allowed);
    if (bad == text.end()) return std::nullopt;
    auto const offset = static_cast<std::size_t>(bad - text.begin());
    position const at = position_of(text, offset);
    return problem{
        .line = at.line,
        .column = at.column,
        .found = "byte " + std::to_string(static_cast<unsigned char>(*bad)),
        .expected = "text in UTF-8 without control characters"};
}

// What is wrong as a rule where yaml-cpp says this.
std::string syntax_hint(std::string_view said, std::string_view line) {
    bool const tab =
        line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
    if (tab) return "indent with blanks, not with tabs";
    std::size_t const colon = line.find(": ");
    bool const illegal = said.find("illegal map value") != said.npos;
    if (illegal && colon != line.npos && line.find(": ", colon + 2) != line.npos) {
        return "put a value that holds a colon and a blank in quotes";
    }
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> known{{
        {"illegal map value", "a colon may be missing at the end of a line before"},
        {"end of sequence flow not found", "a [ or a quote before it is not closed"},
        {"end of map flow not found",
         "a { or a quote before it is not closed, or a comma is "
         "missing"},
        {"end of map not found", "its indentation is that of no line before"},
        {"unknown token", "put the value in quotes"},
    }};
    for (auto const& [what, hint] : known) {
        if (said.find(what) != said.npos) return std::string{hint};
    }
    return {};
}

problem syntax_problem(std::string_view text, YAML::Exception const& error) {
    bool const well_formed = dynamic_cast<not_accepted const*>(&error) != nullptr;
    int const line = std::max(error.mark.line, 0) + 1;
    std::string_view const content = line_at(text, line);
    bool const end = content.find_first_not_of(" \t") == std::string_view::npos;
    return {
        .line = line,
        .column = std::max(error.mark.column, 0) + 1,
        .found = end ? "the end of the text" : in_quotes(content),
        .expected = well_formed ? error.msg : "well-formed YAML (" + error.msg + ")",
        .hint = well_formed ? std::string{} : syntax_hint(error.msg, content)};
}

std::optional<node> parse(
    std::string_view text, environment const& variables, problem_list& problems) {
    if (std::optional<problem> bad = check_characters(text)) {
        problems.add(std::move(*bad));
        return std::nullopt;
    }
    try {
        std::istringstream input{std::string{text}};
        YAML::Parser parser{input};
        tree_builder builder{variables, problems};
        while (parser.HandleNextDocument(builder)) {}
        return builder.root ? std::move(builder.root) : node{};
    } catch (YAML::Exception const& error) {
        problems.add(syntax_problem(text, error));
    }
    return std::nullopt;
}

void note_places(node const& from, std::string const& path, key_places& into) {
    if (!path.empty()) into[path] = {from.line, from.column};
    for (std::size_t i = 0; i < from.items.size(); ++i) {
        std::string const step = from.kind == node_kind::map
                                     ? (path.empty() ? "" : ".") + from.keys[i].written
                                     : '[' + std::to_string(i) + ']';
        note_places(from.items[i], path + step, into);
    }
}

loaded read_tree(node const& root, problem_list& problems) {
    snapshot out;
    reader in{problems};
    in.found.root = &root;
    if (root.kind != node_kind::map) {
        std::string const found = root.kind == node_kind::nothing ? "an empty file" : shown(root);
        in.refuse(root, found, "a map with keys such as upstreams and routes");
        return {};
    }
    in.read_section("", root, &out);
    if (!find(root, "listeners")) out.listeners.emplace_back();
    follow_load_balancer(out, root);
    validate(out, in);
    if (!problems.empty()) return {};
    name_routes(out);
    loaded fine{std::move(out), {}};
    note_places(root, {}, fine.places);
    return fine;
}

loaded refused_file(std::string const& path, std::string found, std::string expected) {
    return {
        std::nullopt, {{.file = path, .found = std::move(found), .expected = std::move(expected)}}};
}

loaded refused_size(std::string const& path) {
    return refused_file(path, "more than 1 MiB", "a configuration of at most 1 MiB");
}

}  // namespace

loaded load_text(std::string_view text, std::string file_name, environment const& variables) {
    if (text.size() > file_bytes_max) return refused_size(file_name);
    problem_list problems{file_name};
    loaded out;
    if (std::optional<node> const root = parse(text, variables, problems)) {
        out = read_tree(*root, problems);
    }
    out.problems = problems.take();
    out.file = std::move(file_name);
    return out;
}

loaded load_file(std::string const& path, environment const& variables) {
    errno = 0;
    std::ifstream file{path, std::ios::binary};
    std::string text(file_bytes_max + 1, '\0');
    if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
    // Reading a folder fails only now, and without reaching the end.
    if (!file.eof() && !file.good()) {
        std::string const why = errno != 0 ? std::strerror(errno) : "no file that can be read";
        return refused_file(path, why, "a configuration file that can be read");
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    return load_text(text, path, variables);
}

loaded load_default(environment const& variables) {
    return load_text(default_text, "built-in configuration", variables);
}

}  // namespace gateway::settings
