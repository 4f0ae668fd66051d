// SPDX-License-Identifier: Apache-2.0
// Writes a message head into a fixed buffer by plain appends. What does not fit is not written and
// leaves overflowed() true from then on, so that the caller checks once, at the end. Names and
// values come from a parser or from validated settings and so hold no CR or LF.
#pragma once

#include "base/check.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace gateway::http {

class head_writer {
public:
    explicit head_writer(std::span<char> out) noexcept
        : begin_{out.data()}, at_{out.data()}, end_{out.data() + out.size()} {}

    head_writer& append(std::string_view text) noexcept {
        if (room() < text.size()) return overflow();
        put(text);
        return *this;
    }
    // A literal's size is known to the compiler, which copies it without a call.
    template <std::size_t Terminated>
    head_writer& append(char const (&literal)[Terminated]) noexcept {
        if (room() < Terminated - 1) return overflow();
        put(literal);
        return *this;
    }
    head_writer& append(char c) noexcept { return append(std::string_view{&c, 1}); }
    head_writer& number(std::uint64_t value) noexcept;
    head_writer& hex(std::uint64_t value) noexcept;  // lower case, no leading zeros

    head_writer& field(std::string_view name, std::string_view value) noexcept {
        return put_field(name, name.size(), value);
    }
    template <std::size_t Terminated>
    head_writer& field(char const (&name)[Terminated], std::string_view value) noexcept {
        return put_field(name, Terminated - 1, value);
    }
    template <std::size_t Terminated>
    head_writer& field(char const (&name)[Terminated], std::uint64_t value) noexcept {
        return append(name).append(": ").number(value).append("\r\n");
    }
    head_writer& field(std::string_view name, std::uint64_t value) noexcept {
        return append(name).append(": ").number(value).append("\r\n");
    }
    head_writer& end_line() noexcept { return append("\r\n"); }

    std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
    std::string_view text() const noexcept { return {begin_, size()}; }
    bool overflowed() const noexcept { return overflowed_; }

private:
    // `name` is a literal or a view: the one is copied without a call.
    template <class Name>
    head_writer& put_field(Name const& name, std::size_t size, std::string_view value) noexcept {
        GATEWAY_DCHECK(value.find_first_of("\r\n") == std::string_view::npos);
        if (room() < size + value.size() + 4) return overflow();
        put(name);
        put(": ");
        put(value);
        put("\r\n");
        return *this;
    }
    head_writer& overflow() noexcept {
        overflowed_ = true;
        end_ = at_;
        return *this;
    }
    template <std::size_t Terminated>
    void put(char const (&literal)[Terminated]) noexcept {
        std::memcpy(at_, literal, Terminated - 1);
        at_ += Terminated - 1;
    }
    void put(std::string_view text) noexcept {
        if (text.empty()) return;
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
    }

    char* begin_;
    char* at_;
    char* end_;
    bool overflowed_ = false;
};

}  // namespace gateway::http
