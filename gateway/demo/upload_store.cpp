// SPDX-License-Identifier: Apache-2.0
#include "demo/upload_store.hpp"

#include "demo/json.hpp"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace gateway::demo {
namespace {

constexpr std::size_t name_bytes_max = 120;

std::filesystem::path make_folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "gateway-demo-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), "cannot make " + pattern);
    }
    return pattern;
}

auto named(std::string_view name) {
    return [name](upload_store::entry const& one) { return one.name == name; };
}

}  // namespace

upload_store::upload_store(limits allowed) : limits_(allowed), folder_(make_folder()) {}

upload_store::~upload_store() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

file_handle upload_store::open(std::string_view name) const {
    if (!find(name)) return nullptr;
    return file_handle(std::fopen((folder_ / name).c_str(), "rbe"));
}

std::optional<upload_store::entry> upload_store::find(std::string_view name) const {
    auto const found = std::find_if(entries_.begin(), entries_.end(), named(name));
    if (found == entries_.end()) return std::nullopt;
    return *found;
}

bool upload_store::remove(std::string_view name) {
    auto const found = std::find_if(entries_.begin(), entries_.end(), named(name));
    if (found == entries_.end()) return false;
    std::error_code ignored;
    std::filesystem::remove(folder_ / found->name, ignored);
    used_ -= found->bytes;
    entries_.erase(found);
    return true;
}

store_outcome upload_store::commit(
    std::filesystem::path const& written, std::string name, byte_count bytes) {
    auto const old = find(name);
    if (!old && entries_.size() >= limits_.files) return store_outcome::full;
    if (old) remove(name);
    std::error_code error;
    std::filesystem::rename(written, folder_ / name, error);
    if (error) return store_outcome::full;
    entries_.push_back({std::move(name), bytes});
    return old ? store_outcome::replaced : store_outcome::stored;
}

// Safe names do not begin with a dot, so an unfinished file never has the name of a finished one.
upload_store::incoming::incoming(upload_store& store)
    : store_(store),
      path_(store.folder_ / (".incoming-" + std::to_string(++store.last_incoming_))),
      file_(std::fopen(path_.c_str(), "wbxe")) {
    // Pieces are large already.
    if (file_) std::setvbuf(file_.get(), nullptr, _IONBF, 0);
}

upload_store::incoming::~incoming() {
    if (path_.empty()) return;
    store_.used_ -= bytes_;
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

bool upload_store::incoming::write(std::string_view bytes) {
    if (full_ || !file_ || bytes.size() > store_.room()) {
        full_ = true;
        return false;
    }
    store_.used_ += bytes.size();
    bytes_ += bytes.size();
    full_ = std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size();
    return !full_;
}

store_outcome upload_store::incoming::commit(std::string name) {
    if (full_ || !file_) return store_outcome::full;
    file_.reset();
    auto const outcome = store_.commit(path_, std::move(name), bytes_);
    // The bytes belong to the store now, and there is nothing left to remove.
    if (outcome != store_outcome::full) path_.clear();
    return outcome;
}

std::string safe_name(std::string_view wanted) {
    // Both separators: a name may come from Windows.
    auto const separator = wanted.find_last_of("/\\");
    if (separator != std::string_view::npos) wanted.remove_prefix(separator + 1);
    wanted.remove_prefix(std::min(wanted.find_first_not_of(". "), wanted.size()));
    std::string out;
    while (!wanted.empty()) {
        auto const length = utf8_sequence(wanted);
        auto const taken = std::max<std::size_t>(length, 1);
        if (out.size() + taken > name_bytes_max) break;
        auto const c = static_cast<unsigned char>(wanted.front());
        if (length == 0 || c < 0x20 || c == 0x7f) {
            out += '_';
        } else {
            out += wanted.substr(0, length);
        }
        wanted.remove_prefix(taken);
    }
    return out.empty() ? "unnamed" : out;
}

}  // namespace gateway::demo
