// SPDX-License-Identifier: Apache-2.0
#include "proxy/session.hpp"

#include "net/timed_wait.hpp"
#include "proxy/exchange.hpp"
#include "proxy/inflight.hpp"
#include "proxy/shard.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace gateway::proxy {
namespace {

// Bytes of a rejected request that are read and thrown away so that the client sees our response
// instead of a reset (RFC 9112 9.6). Beyond this the reset is the client's own doing.
constexpr std::uint64_t linger_bytes_max = 64_MiB;

constexpr unsigned requests_per_turn = 32;

static_assert(
    sizeof(exchange) <= runtime::block_pool::small_bytes, "an exchange lives in one small block");

}  // namespace

std::span<char> input_buffer::room(runtime::block_pool& blocks, std::size_t bytes_max) {
    if (!block_) {
        block_ = blocks.lend();
        begin_ = end_ = 0;
    }
    std::size_t const held = end_ - begin_;
    if (held >= bytes_max) return {};
    if (end_ == block_.size()) {
        if (begin_ > 0) {
            std::memmove(block_.data(), block_.data() + begin_, held);
        } else if (block_.size() < runtime::block_pool::large_bytes) {
            runtime::block larger = blocks.lend(runtime::block_pool::large_bytes);
            std::memcpy(larger.data(), block_.data(), held);
            block_ = std::move(larger);
        } else {
            return {};
        }
        begin_ = 0;
        end_ = static_cast<std::uint32_t>(held);
    }
    return {block_.data() + end_, block_.size() - end_};
}

void input_buffer::assign(runtime::block_pool& blocks, std::string_view bytes) {
    if (bytes.empty()) {
        begin_ = end_;
        return;
    }
    if (!block_ || block_.size() < bytes.size()) {
        runtime::block fresh = blocks.lend(bytes.size());
        std::memcpy(fresh.data(), bytes.data(), bytes.size());
        block_ = std::move(fresh);
    } else {
        std::memmove(block_.data(), bytes.data(), bytes.size());
    }
    begin_ = 0;
    end_ = static_cast<std::uint32_t>(bytes.size());
}

void input_buffer::release() noexcept {
    block_.reset();
    begin_ = end_ = 0;
}

session::session(shard& core_shard, session_peer const& from) noexcept
    : home(core_shard),
      peer(from.address),
      trusted(from.trusted),
      local_port(from.local_port),
      readiness_only(from.readiness_only) {
    next_ = home.sessions_;
    if (next_ != nullptr) next_->previous_ = this;
    home.sessions_ = this;
    ++home.open_sessions_;
    home.counters.connection_accepted();
}

session::~session() {
    (previous_ != nullptr ? previous_->next_ : home.sessions_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    --home.open_sessions_;
    if (home.look_ != nullptr) home.look_->session_ends(*this);
    if (readiness_only) {
        --home.readiness_sessions_;
    } else {
        home.admission_.leave(peer, trusted);
    }
    home.counters.connection_closed();
}

void session::drain() noexcept {
    // A request that has come already, though its event has not, is served.
    if (idle_ && !client.has_arrived()) client.abort_read(cause::draining);
}

void session::cut() noexcept {
    client.abort(cause::draining);
    if (upstream != nullptr) upstream->abort(cause::draining);
}

runtime::task<void> session::run(int descriptor) {
    if (!client.open(home.core.reactor(), descriptor)) co_return;
    next_step next = next_step::another_request;
    for (unsigned served = 1; next <= next_step::rest_of_head; ++served) {
        if (next == next_step::rest_of_head) {
            client.brings_work(true);
            co_await client.readable();  // parked->limit ends this
            client.brings_work(false);
        } else if (input.empty()) {
            input.release();
            idle_ = true;
            in_a_row_ = 0;
            home.counters.connection_became_idle();
            cause ended = cause::draining;
            client.brings_work(true);
            if (home.draining()) {
                if (client.has_arrived()) ended = cause::none;
            } else {
                ended = co_await net::readable_within{
                    client, home.core,
                    // Whoever is beyond the limit makes no room by going.
                    readiness_only ? home.current().waits.request_head
                                   : home.current().waits.keep_alive,
                    cause::request_head_timeout};
            }
            client.brings_work(false);
            home.counters.connection_became_busy();
            idle_ = false;
            if (ended != cause::none) break;
        }
        if (!parked) count_request();
        if (is_over_rate()) co_await await_second();
        runtime::block const memory = home.core.blocks().lend();
        exchange* const one = new (memory.data()) exchange(home, *this);
        present = one;
        next = co_await one->run();
        present = nullptr;
        one->~exchange();
        // A client with thousands of requests in its pipeline waits its turn like any other.
        if (served % requests_per_turn == 0 && !input.empty()) {
            co_await home.core.reactor().next_turn();
        }
    }
    if (next == next_step::linger) co_await linger();
    if (next == next_step::abort) client.reset_on_close();
    client.close();
}

void session::count_request() noexcept {
    last_request = in_a_row_++ >= home.current().settings.limits.pipelined_requests;
    if (last_request) home.counters.pipeline_cut();
    if (second_ != home.second_number) {
        second_ = home.second_number;
        in_second_ = 0;
    }
    ++in_second_;
}

bool session::is_over_rate() const noexcept {
    std::uint32_t const most = home.current().settings.limits.requests_per_second;
    return most != 0 && in_second_ > most;
}

// A client with too many requests in this second goes on in the next; nothing is lost.
runtime::task<void> session::await_second() {
    home.counters.request_throttled();
    while (second_ == home.second_number && !client.broken() && !home.draining()) {
        co_await home.core.next_tick();
    }
    second_ = home.second_number;
    in_second_ = 1;
}

runtime::task<void> session::linger() {
    input.release();
    client.allow_read();
    client.shutdown_write();
    runtime::block const sink = home.core.blocks().lend();
    std::uint64_t const most = client.bytes_read() + linger_bytes_max;
    while (client.bytes_read() < most) {
        net::io_result const got = client.try_read({sink.data(), sink.size()});
        if (got.status == net::io_status::would_block) {
            cause const ended = co_await net::readable_within{
                client, home.core, home.current().waits.linger, cause::client_stalled};
            if (ended != cause::none) break;
        } else if (got.status != net::io_status::ok) {
            break;
        }
    }
}

}  // namespace gateway::proxy
