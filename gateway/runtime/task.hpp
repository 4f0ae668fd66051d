// SPDX-License-Identifier: Apache-2.0
// The coroutine type of the data plane, and the only place that starts one.
//
// Why not asio::awaitable: its frames come from a two-slot cache, so with many exchanges in flight
// every request would allocate, and each completion passes through the scheduler's queue. A task's
// frame comes from frame_pool and a finished task resumes its caller directly.
//
// Rules: a task is a named function; parameters are values or references to what outlives it; a
// capturing lambda is never itself a coroutine (GCC 107288). A task starts when it is awaited and
// is finished before the await returns, so everything its caller owns outlives it.
#pragma once

#include "runtime/frame_pool.hpp"

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace gateway::runtime {

template <class T>
class task;

namespace detail {

struct promise_base {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr failure;

    static void* operator new(std::size_t bytes) { return frame_pool::allocate(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept {
        frame_pool::release(frame, bytes);
    }

    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
            return self.promise().continuation;
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { failure = std::current_exception(); }
};

template <class T>
struct promise final : promise_base {
    std::optional<T> value;

    task<T> get_return_object() noexcept;
    void return_value(T result) { value.emplace(std::move(result)); }
    T take() {
        if (failure) std::rethrow_exception(failure);
        return std::move(*value);
    }
};

template <>
struct promise<void> final : promise_base {
    task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void take() const {
        if (failure) std::rethrow_exception(failure);
    }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] task {
public:
    using promise_type = detail::promise<T>;
    using handle = std::coroutine_handle<promise_type>;

    explicit task(handle frame) noexcept : frame_(frame) {}
    task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    task& operator=(task&&) = delete;
    ~task() {
        if (frame_) frame_.destroy();
    }

    struct awaiter {
        handle frame;
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) const noexcept {
            frame.promise().continuation = caller;
            return frame;
        }
        T await_resume() const { return frame.promise().take(); }
    };
    // The task object outlives the await: as a temporary of the full expression or as a local.
    awaiter operator co_await() const noexcept { return awaiter{frame_}; }

private:
    handle frame_;
};

namespace detail {

template <class T>
task<T> promise<T>::get_return_object() noexcept {
    return task<T>{std::coroutine_handle<promise>::from_promise(*this)};
}
inline task<void> promise<void>::get_return_object() noexcept {
    return task<void>{std::coroutine_handle<promise>::from_promise(*this)};
}

}  // namespace detail

// Called with what escaped a spawned task. Set once at start-up; by default it ends the process,
// because nothing on the data path throws on purpose (memory running out is the one exception).
using escaped_handler = void (*)(std::exception_ptr) noexcept;
void on_escaped(escaped_handler handler) noexcept;

// Runs a task until its end without a caller. The task owns, by value, all that it needs.
void spawn(task<void> work);

// Two tasks at once: `side` runs beside the caller from `start` until `co_await join`.
// The owner must await `join()` before the object goes, whatever happened in between.
class side_task {
public:
    side_task() = default;
    side_task(side_task const&) = delete;
    side_task& operator=(side_task const&) = delete;

    void start(task<void> work);
    bool running() const noexcept { return started_ && !finished_; }

    struct join_awaiter {
        side_task& side;
        bool await_ready() const noexcept { return !side.running(); }
        void await_suspend(std::coroutine_handle<> caller) const noexcept { side.waiter_ = caller; }
        void await_resume() const noexcept {}
    };
    join_awaiter join() noexcept { return join_awaiter{*this}; }

private:
    struct root;
    static root run(task<void> work, side_task& self);

    bool started_ = false;
    bool finished_ = false;
    std::coroutine_handle<> waiter_;
};

}  // namespace gateway::runtime
