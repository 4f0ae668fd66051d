// SPDX-License-Identifier: Apache-2.0
// Readiness of the data plane's sockets on one core.
//
// An epoll set of our own, the one thing a core sleeps on. Why not Asio's sockets: an Asio read
// first tries a recv that finds nothing (or, with async_wait, re-arms by epoll_ctl), so a proxied
// request costs six or more calls instead of four, and each descriptor costs about 200 bytes plus
// an operation. Here a socket is registered once, edge-triggered, and a waiting coroutine is
// resumed straight from the event. Why not as a descriptor inside Asio's set: the kernel then walks
// both sets at every event, which was 5 to 8 % of a request's CPU.
#pragma once

#include "base/error.hpp"
#include "base/units.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>

struct epoll_event;

namespace gateway::runtime {

class reactor;
class watched;

// Told when a socket has news that no coroutine is waiting for: an idle pooled connection that its
// peer closed, a client that goes away while its upstream works. May destroy the socket.
class stir_observer {
public:
    virtual void stirred(watched& socket) = 0;

protected:
    ~stir_observer() = default;
};

// One descriptor and what is known of its readiness. Lives on one core; owns the descriptor.
// At most one coroutine waits for reading and one for writing.
class watched {
public:
    watched() = default;
    watched(watched const&) = delete;
    watched& operator=(watched const&) = delete;
    ~watched() { close(); }

    // Takes ownership of a non-blocking descriptor. On failure (errno is set) it is closed.
    bool open(reactor& home, int descriptor) noexcept;
    void close() noexcept;  // safe to repeat; nobody may be waiting
    // Closes a descriptor that others hold too, so that closing alone would leave it in the epoll
    // set.
    void withdraw() noexcept;
    int descriptor() const noexcept { return descriptor_; }
    bool is_open() const noexcept { return descriptor_ >= 0; }

    // What the last events said. `hung_up` is sticky: the peer sent FIN or RST.
    bool may_read() const noexcept { return readable_; }
    bool may_write() const noexcept { return writable_; }
    bool hung_up() const noexcept { return hung_up_; }
    // Not only did the peer finish sending: the connection is gone in both directions.
    bool broken() const noexcept { return broken_; }

    // A call found nothing more to read or no room to write: wait for the next edge. The peer's FIN
    // makes no second edge, so after it reading stays possible until recv has returned 0.
    void read_exhausted() noexcept { readable_ = hung_up_; }
    void write_exhausted() noexcept { writable_ = false; }

    // For TLS, whose reads may have to write first and the other way round: nothing moves on this
    // side until the other one can. An event of the other side wakes both.
    void read_awaits_write() noexcept;
    void write_awaits_read() noexcept;
    // Something moved, so whoever waited for the other side tries again.
    void end_crossing() noexcept {
        if (crossing_ != 0) wake_crossed();
    }

    // Ends pending and future waits of that side; the first cause stays.
    void abort_read(cause why) noexcept;
    void abort_write(cause why) noexcept;
    void abort(cause why) noexcept {
        abort_read(why);
        abort_write(why);
    }
    // Resumes who waits for reading, if anybody does, as if there were news: to be told something
    // else. Whoever may be woken so reads again to find out.
    void wake_reader() noexcept { abort_read(cause::none); }
    // After an aborted read: reading is allowed again (to drain what a peer still sends).
    void allow_read() noexcept { read_abort_ = cause::none; }
    cause read_abort() const noexcept { return read_abort_; }
    cause write_abort() const noexcept { return write_abort_; }

    // The next bytes here begin new work: whoever waits for them is resumed after those who are at
    // work already, and only a few such in a turn.
    void brings_work(bool brings) noexcept { brings_work_ = brings; }

    // Who hears of events that nobody waits for; null for nobody. Borrowed.
    void observe(stir_observer* observer) noexcept { observer_ = observer; }

    struct read_wait {
        watched& socket;
        bool await_ready() const noexcept {
            return socket.readable_ || socket.read_abort_ != cause::none;
        }
        void await_suspend(std::coroutine_handle<> self) const noexcept { socket.reader_ = self; }
        cause await_resume() const noexcept { return socket.read_abort_; }
    };
    struct write_wait {
        watched& socket;
        bool await_ready() const noexcept {
            return socket.writable_ || socket.write_abort_ != cause::none;
        }
        void await_suspend(std::coroutine_handle<> self) const noexcept { socket.writer_ = self; }
        cause await_resume() const noexcept { return socket.write_abort_; }
    };
    // Resumes when a read (write) may succeed or the side was aborted; says why in that case.
    read_wait readable() noexcept { return read_wait{*this}; }
    write_wait writable() noexcept { return write_wait{*this}; }

private:
    friend class reactor;

    static constexpr std::uint8_t read_crossed = 1;
    static constexpr std::uint8_t write_crossed = 2;

    void apply_crossing() noexcept;
    void wake_crossed() noexcept;

    reactor* home_ = nullptr;
    stir_observer* observer_ = nullptr;
    std::coroutine_handle<> reader_;
    std::coroutine_handle<> writer_;
    int descriptor_ = -1;
    cause read_abort_ = cause::none;
    cause write_abort_ = cause::none;
    bool readable_ = false;
    bool writable_ = false;
    bool hung_up_ = false;
    bool broken_ = false;
    bool brings_work_ = false;
    std::uint8_t crossing_ = 0;  // which sides wait for the other one
    bool arrived_ = false;       // stands among the reactor's arrivals
};

class reactor {
public:
    reactor();  // throws std::system_error when the kernel gives no epoll set
    ~reactor();
    reactor(reactor const&) = delete;
    reactor& operator=(reactor const&) = delete;

    // Waits for events, at most `timeout` (zero: only looks), and takes up to `events_max` of them.
    void wait(milliseconds timeout) noexcept;
    // Resumes who waits for what was taken, then what was deferred, then begins some of the new
    // work. Finishing before beginning keeps few exchanges under way however many clients there
    // are, so that their memory, and the kernel's for their upstream connections, stays in the
    // cache: at 512 busy connections that was a fifth of a request's CPU.
    void dispatch() noexcept;

    // Ends a wait, present or next. From any thread.
    void wake() noexcept;
    // Whether wake() was called since this was asked last.
    bool was_woken() noexcept { return std::exchange(woken_, false); }

    // Resumes the coroutine after the events of this turn, so that one busy connection does not
    // starve the others.
    struct turn_wait {
        reactor& home;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> self) const;
        void await_resume() const noexcept {}
    };
    turn_wait next_turn() noexcept { return turn_wait{*this}; }

    // Coroutines to be resumed from the loop rather than from inside the caller.
    void resume_later(std::coroutine_handle<> waiter);
    bool has_work() const noexcept {
        return deferred_count_ != 0 || first_arrival_ != arrivals_end_;
    }

private:
    friend class watched;

    static constexpr int events_max = 256;
    static constexpr std::size_t deferred_chunk = 1024;

    void prefetch_behind(int position) const noexcept;
    void dispatch(watched& socket, std::uint32_t events) noexcept;
    bool queue_arrival(watched& socket) noexcept;
    void begin_work() noexcept;
    void run_deferred() noexcept;
    void forget(watched& socket) noexcept;

    int epoll_ = -1;
    int waker_ = -1;  // an eventfd
    bool woken_ = false;
    int position_ = 0;  // of the event being dispatched
    int taken_ = 0;     // events of the present batch
    epoll_event* events_ = nullptr;
    // Sockets with new work, oldest first. When it is full, more of it begins at once.
    static constexpr std::uint32_t arrivals_max = 4096;
    static constexpr unsigned begun_per_turn = 16;
    watched** arrivals_ = nullptr;
    std::uint32_t first_arrival_ = 0;
    std::uint32_t arrivals_end_ = 0;
    // Grows to the most coroutines ever deferred at once: at most one per connection.
    std::coroutine_handle<>* deferred_ = nullptr;
    std::size_t deferred_count_ = 0;
    std::size_t deferred_capacity_ = 0;
};

}  // namespace gateway::runtime
