// SPDX-License-Identifier: Apache-2.0
#include "tidy/source_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace gateway::tidy {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        auto const end = text.find('\n');
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

// Walks C++ text and blanks what is not code.
class blanker {
public:
    explicit blanker(std::string text) : text_{std::move(text)} {}

    std::string run() {
        while (at_ < text_.size()) {
            if (starts("//")) {
                blank_until("\n", keep::end);
            } else if (starts("/*")) {
                blank_until("*/", keep::nothing);
            } else if (starts("R\"") && !in_word()) {
                auto const open = text_.find('(', at_);
                auto const mark = ")" + text_.substr(at_ + 2, open - at_ - 2) + "\"";
                blank_until(mark, keep::nothing);
            } else if (text_[at_] == '"' || (text_[at_] == '\'' && !in_word())) {
                blank_literal(text_[at_]);
            } else {
                ++at_;
            }
        }
        return std::move(text_);
    }

private:
    enum class keep { end, nothing };

    bool starts(std::string_view what) const { return text_.compare(at_, what.size(), what) == 0; }

    // A quote within a number (1'000) or an R at the end of a name opens nothing.
    bool in_word() const {
        if (at_ == 0) return false;
        auto const before = static_cast<unsigned char>(text_[at_ - 1]);
        return std::isalnum(before) != 0 || before == '_';
    }

    void blank(std::size_t end) {
        for (; at_ < std::min(end, text_.size()); ++at_) {
            if (text_[at_] != '\n') text_[at_] = ' ';
        }
    }

    void blank_until(std::string_view mark, keep what) {
        auto const found = text_.find(mark, at_ + 2);
        if (found == std::string::npos) return blank(text_.size());
        blank(what == keep::end ? found : found + mark.size());
    }

    // The quotes stay, so that `#include ""` and f("") still look like what they are.
    void blank_literal(char quote) {
        auto end = at_ + 1;
        while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
            end += text_[end] == '\\' ? 2 : 1;
        }
        ++at_;
        blank(end);
        ++at_;
    }

    std::string text_;
    std::size_t at_ = 0;
};

bool is_kept_out(fs::path const& path) {
    auto const name = path.filename().string();
    if (fs::is_directory(path)) {
        return name == "build" || name.rfind("build-", 0) == 0 || name == "node_modules" ||
               name == "dist" || name == "tmp" ||
               (name[0] == '.' && name != ".ci" && name != ".github");
    }
    static constexpr std::array binary{".png", ".svg", ".jpg", ".ico", ".woff2", ".gz", ".swp"};
    auto const extension = path.extension().string();
    return std::find(binary.begin(), binary.end(), extension) != binary.end();
}

}  // namespace

bool source_file::ends(std::string_view suffix) const {
    return path.size() >= suffix.size() &&
           path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
}

std::string_view source_file::room() const {
    constexpr std::string_view home = "gateway/";
    if (!in(home)) return {};
    auto const rest = std::string_view{path}.substr(home.size());
    auto const slash = rest.find('/');
    return slash == std::string_view::npos ? std::string_view{} : rest.substr(0, slash);
}

source_file make_file(std::string path, std::string_view text) {
    return {std::move(path), split(text)};
}

source_file code_of(source_file const& file) {
    std::string text;
    for (auto const& line : file.lines) text += line + "\n";
    return {file.path, split(blanker{std::move(text)}.run())};
}

std::vector<source_file> read_tree(std::string const& root) {
    std::vector<source_file> files;
    auto entry = fs::recursive_directory_iterator{root};
    for (; entry != fs::recursive_directory_iterator{}; ++entry) {
        if (is_kept_out(entry->path())) {
            if (entry->is_directory()) entry.disable_recursion_pending();
        } else if (entry->is_regular_file()) {
            std::ifstream in{entry->path(), std::ios::binary};
            std::string const text{std::istreambuf_iterator<char>{in}, {}};
            files.push_back(make_file(fs::relative(entry->path(), root).string(), text));
        }
    }
    std::sort(
        files.begin(), files.end(), [](auto const& a, auto const& b) { return a.path < b.path; });
    return files;
}

}  // namespace gateway::tidy
