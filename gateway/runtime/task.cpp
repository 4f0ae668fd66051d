// SPDX-License-Identifier: Apache-2.0
#include "runtime/task.hpp"

#include <cstdlib>

namespace gateway::runtime {
namespace {

void end_process(std::exception_ptr) noexcept { std::abort(); }

escaped_handler escaped = end_process;

// A coroutine nobody awaits: it starts at once and frees itself at its end.
struct detached {
    struct promise_type {
        static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
        static void operator delete(void* frame, std::size_t bytes) noexcept {
            frame_pool::release(frame, bytes);
        }
        detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { escaped(std::current_exception()); }
    };
};

detached run_to_end(task<void> work) { co_await std::move(work); }

}  // namespace

void on_escaped(escaped_handler handler) noexcept { escaped = handler; }

void spawn(task<void> work) { run_to_end(std::move(work)); }

struct side_task::root {
    struct promise_type {
        static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
        static void operator delete(void* frame, std::size_t bytes) noexcept {
            frame_pool::release(frame, bytes);
        }
        root get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { escaped(std::current_exception()); }
    };
};

side_task::root side_task::run(task<void> work, side_task& self) {
    {
        // The task's frame goes before its waiter learns of the end: it borrows from the waiter.
        task<void> const owned = std::move(work);
        co_await owned;
    }
    self.finished_ = true;
    if (self.waiter_) self.waiter_.resume();
}

void side_task::start(task<void> work) {
    started_ = true;
    finished_ = false;
    waiter_ = nullptr;
    run(std::move(work), *this);
}

}  // namespace gateway::runtime
