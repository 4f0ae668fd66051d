// SPDX-License-Identifier: Apache-2.0
#include "proxy/tunnel.hpp"

#include <array>

namespace gateway::proxy {
namespace {

constexpr unsigned moves_per_turn = 16;

}  // namespace

runtime::task<cause> tunnel::run(std::string_view from_client, std::string_view from_upstream) {
    idle_.start(
        idle_limit_, home_.now(), client_, runtime::deadline::side::both, cause::tunnel_timeout);
    runtime::side_task towards_upstream;
    towards_upstream.start(pump(client_, upstream_, from_client));
    co_await pump(upstream_, client_, from_upstream);
    co_await towards_upstream.join();
    idle_.stop();
    co_return why_;
}

runtime::task<void> tunnel::pump(net::stream& from, net::stream& to, std::string_view ready) {
    unsigned moves = 0;
    for (;;) {
        runtime::block memory;
        if (ready.empty()) {
            if (!from.may_read()) co_await from.readable();
            memory = home_.blocks().lend();
            net::io_result const got = from.try_read({memory.data(), memory.size()});
            if (got.status == net::io_status::would_block) continue;
            if (got.status != net::io_status::ok) {
                source_ended(from, to, got.status);
                co_return;
            }
            ready = {memory.data(), got.bytes};
        }
        std::array<iovec, 1> pieces{net::piece(ready.data(), ready.size())};
        ready = {};
        while (net::total(pieces) > 0) {
            net::io_result const sent = to.try_write(pieces);
            if (sent.status == net::io_status::would_block) {
                co_await to.writable();
            } else if (sent.status != net::io_status::ok) {
                sink_failed(to, sent.status);
                co_return;
            }
        }
        if (idle_.running()) idle_.renew(home_.now());
        if (++moves % moves_per_turn == 0) co_await home_.reactor().next_turn();
    }
}

// An orderly end is passed on and the other direction goes on; anything else ends both.
void tunnel::source_ended(net::stream& from, net::stream& to, net::io_status status) {
    if (status == net::io_status::closed) {
        to.shutdown_write();
    } else if (status == net::io_status::aborted) {
        end_both(
            client_.read_abort() != cause::none ? client_.read_abort() : upstream_.read_abort());
    } else {
        end_both(&from == &client_ ? cause::client_closed : cause::upstream_reset);
    }
}

void tunnel::sink_failed(net::stream& to, net::io_status status) {
    if (status == net::io_status::aborted) {
        end_both(
            client_.write_abort() != cause::none ? client_.write_abort() : upstream_.write_abort());
    } else {
        end_both(&to == &client_ ? cause::client_closed : cause::upstream_reset);
    }
}

void tunnel::end_both(cause why) {
    if (why_ == cause::none) why_ = why;
    client_.abort(why);
    upstream_.abort(why);
}

}  // namespace gateway::proxy
