// SPDX-License-Identifier: Apache-2.0
// Uploaded files in a private temporary folder, with a limit on their sum. No HTTP here.
#pragma once

#include "base/units.hpp"

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::demo {

struct close_file {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using file_handle = std::unique_ptr<std::FILE, close_file>;

enum class store_outcome { stored, replaced, full };

// Lives on one thread. Files are written and read there, in pieces: on a local disk, and in a demo,
// that is short enough.
class upload_store {
public:
    struct limits {
        byte_count bytes = 2_GiB;  // of all files, unfinished ones included
        std::size_t files = 1000;
    };
    struct entry {
        std::string name;
        byte_count bytes = 0;
    };
    class incoming;

    explicit upload_store(limits allowed);  // makes the folder; throws std::system_error
    ~upload_store();                        // removes it with all its files
    upload_store(upload_store const&) = delete;
    upload_store& operator=(upload_store const&) = delete;

    std::filesystem::path const& folder() const noexcept { return folder_; }
    std::vector<entry> const& entries() const noexcept { return entries_; }  // oldest first
    byte_count room() const noexcept { return limits_.bytes - used_; }

    // Only names that are stored open anything: a path can not be asked for. Null when unknown.
    file_handle open(std::string_view name) const;
    std::optional<entry> find(std::string_view name) const;
    bool remove(std::string_view name);

private:
    store_outcome commit(std::filesystem::path const& written, std::string name, byte_count bytes);

    limits limits_;
    std::filesystem::path folder_;
    std::vector<entry> entries_;
    byte_count used_ = 0;
    std::uint64_t last_incoming_ = 0;
};

// One file on its way in, visible to nobody before `commit`. Gone without a trace otherwise.
class upload_store::incoming {
public:
    explicit incoming(upload_store& store);  // the store must outlive it
    ~incoming();
    incoming(incoming const&) = delete;
    incoming& operator=(incoming const&) = delete;

    bool write(std::string_view bytes);      // false when the store or the disk is full
    store_outcome commit(std::string name);  // `name` comes from `safe_name`
    byte_count bytes() const noexcept { return bytes_; }

private:
    upload_store& store_;
    std::filesystem::path path_;
    file_handle file_;
    byte_count bytes_ = 0;
    bool full_ = false;
};

// A name fit for a folder and a link: the last component, without leading dots or control bytes, at
// most 120 bytes of UTF-8. Never empty.
std::string safe_name(std::string_view wanted);

}  // namespace gateway::demo
