// SPDX-License-Identifier: Apache-2.0
// Waits with an end. The deadline exists only while a coroutine really waits, so a call that
// succeeds at once pays nothing for it.
#pragma once

#include "net/stream.hpp"
#include "runtime/core.hpp"
#include "runtime/deadline_list.hpp"
#include "runtime/task.hpp"

#include <coroutine>

namespace gateway::net {

// co_await readable_within{...} gives cause::none when a read may succeed, otherwise why not.
class readable_within {
public:
    readable_within(
        stream& socket, runtime::core& home, runtime::deadline_list& limit, cause late) noexcept
        : socket_(socket), home_(home), limit_(limit), late_(late) {}

    bool await_ready() const noexcept { return socket_.readable().await_ready(); }
    void await_suspend(std::coroutine_handle<> self) {
        deadline_.start(limit_, home_.now(), socket_, runtime::deadline::side::read, late_);
        socket_.readable().await_suspend(self);
    }
    cause await_resume() noexcept {
        deadline_.stop();
        return socket_.read_abort();
    }

private:
    stream& socket_;
    runtime::core& home_;
    runtime::deadline_list& limit_;
    cause late_;
    runtime::deadline deadline_;
};

class writable_within {
public:
    writable_within(
        stream& socket, runtime::core& home, runtime::deadline_list& limit, cause late) noexcept
        : socket_(socket), home_(home), limit_(limit), late_(late) {}

    bool await_ready() const noexcept { return socket_.writable().await_ready(); }
    void await_suspend(std::coroutine_handle<> self) {
        deadline_.start(limit_, home_.now(), socket_, runtime::deadline::side::write, late_);
        socket_.writable().await_suspend(self);
    }
    cause await_resume() noexcept {
        deadline_.stop();
        return socket_.write_abort();
    }

private:
    stream& socket_;
    runtime::core& home_;
    runtime::deadline_list& limit_;
    cause late_;
    runtime::deadline deadline_;
};

// How long a peer may take no byte, and what it is called when it takes longer.
struct write_pace {
    runtime::core& home;
    runtime::deadline_list& limit;
    cause late;
};

// Writes all pieces (advancing them), waiting as often as needed. ok: all is gone.
runtime::task<io_status> write_rest(stream& to, std::span<iovec> pieces, write_pace pace);

}  // namespace gateway::net
