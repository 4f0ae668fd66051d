// SPDX-License-Identifier: Apache-2.0
// A parsed message head: offsets into the caller's buffer, no bytes of its own. A parser of
// http/head_parser.hpp fills it. The views it gives out live as long as the buffer stays where it
// is; after the buffer moved, rebase() makes the head valid again.
#pragma once

#include "http/fields.hpp"
#include "http/limits.hpp"
#include "http/methods.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gateway::http {

struct field {
    std::uint32_t name_begin;
    std::uint32_t value_begin;
    std::uint16_t name_size;
    std::uint16_t value_size;  // without the whitespace around the value
    field_id id;
};

// What requests and responses have in common. About 4 KiB; not cleared between messages.
class head {
public:
    std::span<field const> fields() const noexcept { return {fields_.data(), field_count_}; }
    std::string_view name(field const& f) const noexcept {
        return {base_ + f.name_begin, f.name_size};
    }
    std::string_view value(field const& f) const noexcept {
        return {base_ + f.value_begin, f.value_size};
    }

    bool has(field_id id) const noexcept { return (present_ & bit_of(id)) != 0; }
    field const* find(field_id id) const noexcept {  // the first of that name, or null
        return has(id) ? &fields_[first_[static_cast<std::size_t>(id)]] : nullptr;
    }
    // The first value of that name, or nothing. An absent and an empty field look the same here.
    std::string_view value_of(field_id id) const noexcept {
        auto const* f = find(id);
        return f ? value(*f) : std::string_view{};
    }
    unsigned count(field_id id) const noexcept {
        unsigned n = 0;
        if (has(id)) {
            for (std::size_t i = first_[static_cast<std::size_t>(id)]; i < field_count_; ++i) {
                n += fields_[i].id == id ? 1U : 0U;
            }
        }
        return n;
    }

    // Bytes of the whole head, blank line included, in the buffer the parser was given.
    std::size_t size() const noexcept { return size_; }
    char const* base() const noexcept { return base_; }
    void rebase(char const* base) noexcept { base_ = base; }
    // The head's bytes as they came.
    std::string_view text() const noexcept { return {base_, size_}; }

    std::uint8_t minor_version = 1;  // 0 or 1

protected:
    friend class field_section_parser;

    static constexpr std::uint64_t bit_of(field_id id) noexcept {
        return std::uint64_t{1} << static_cast<unsigned>(id);
    }

    // The arrays stay uninitialised on purpose: `present_` and `field_count_` say what is valid.
    head() noexcept {}  // NOLINT(modernize-use-equals-default)

    char const* base_ = nullptr;
    std::uint64_t present_ = 0;
    std::uint32_t size_ = 0;
    std::uint32_t field_count_ = 0;
    std::array<std::uint8_t, 64> first_;
    std::array<field, fields_capacity> fields_;
    static_assert(fields_capacity <= 256, "first_ holds indexes in eight bits");
};

struct request_head : head {
    std::string_view method_text() const noexcept { return {base_ + method_begin_, method_size_}; }
    std::string_view target() const noexcept { return {base_ + target_begin_, target_size_}; }

    method method_id = method::other;

private:
    friend class request_parser;
    std::uint32_t method_begin_ = 0;
    std::uint32_t target_begin_ = 0;
    std::uint16_t method_size_ = 0;
    std::uint16_t target_size_ = 0;
};

struct response_head : head {
    std::string_view reason() const noexcept { return {base_ + reason_begin_, reason_size_}; }

    std::uint16_t status = 0;  // 100..999

private:
    friend class response_parser;
    std::uint32_t reason_begin_ = 0;
    std::uint16_t reason_size_ = 0;
};

}  // namespace gateway::http
