// SPDX-License-Identifier: Apache-2.0
#include "stage.hpp"

#include "base/check.hpp"
#include "net/stream.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace gateway::script {
namespace {

int listen_on_loopback() {
    int const descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    GATEWAY_CHECK(::bind(descriptor, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    GATEWAY_CHECK(::listen(descriptor, 64) == 0);
    return descriptor;
}

sockaddr_storage name_of(int descriptor) {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &size);
    return name;
}

bool somebody_waits_at(int listening) {
    pollfd waiting{listening, POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
}

peer accept_at(int listening) {
    int const descriptor = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor >= 0) {
        int const on = 1;
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return peer{descriptor};
}

unsigned fault_at = 0;
unsigned fault_calls = 0;
int fault_error = 0;

int fail_one_call(char const*) noexcept { return fault_calls++ == fault_at ? fault_error : 0; }

}  // namespace

bool peer::send(std::string_view bytes) const noexcept {
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
}

bool peer::receive(std::string& into) const {
    char buffer[4096];
    for (;;) {
        ssize_t const got = ::recv(descriptor_, buffer, sizeof buffer, MSG_DONTWAIT);
        if (got > 0) {
            into.append(buffer, static_cast<std::size_t>(got));
        } else {
            if (got == 0) return true;
            reset_ = errno != EAGAIN && errno != EWOULDBLOCK;
            return reset_;
        }
    }
}

void peer::finish() const noexcept { ::shutdown(descriptor_, SHUT_WR); }

void peer::reset() noexcept {
    linger const at_once{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
}

void peer::close() noexcept {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void wait_briefly(settings::snapshot& all) { all.timeouts.response_head = 1s; }

stage::stage(std::function<void(settings::snapshot&)> const& change)
    : origin_(listen_on_loopback()), second_origin_(listen_on_loopback()) {
    std::signal(SIGPIPE, SIG_IGN);
    settings_.upstreams.push_back({.name = "app", .endpoints = {{{"127.0.0.1", 1}}}, .host = ""});
    settings::route route;
    route.name = route.prefix = "/";
    route.upstream = "app";
    settings_.routes.push_back(route);
    if (change) change(settings_);
    tls_ = net::tls_store{settings_};
    shard_ = std::make_unique<proxy::shard>(
        core_, settings_, 1, counters_, nullptr, admission_, nullptr, &tls_);
    std::array<proxy::endpoint_state, 1> const endpoints{{{.address = origin_address()}}};
    shard_->pools[0]->set_endpoints(endpoints);
    if (shard_->pools.size() == 1) return;
    std::array<proxy::endpoint_state, 1> const others{
        {{.address = net::address{name_of(second_origin_)}}}};
    shard_->pools[1]->set_endpoints(others);
}

net::address stage::origin_address() const { return net::address{name_of(origin_)}; }

stage::~stage() {
    ::close(origin_);
    ::close(second_origin_);
}

peer stage::connect_client() {
    int const listening = listen_on_loopback();
    sockaddr_storage const at = name_of(listening);
    int const client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    GATEWAY_CHECK(
        ::connect(client, reinterpret_cast<sockaddr const*>(&at), sizeof(sockaddr_in)) == 0);
    int const on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int const served = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    GATEWAY_CHECK(served >= 0);
    ::close(listening);
    http::address16 const from = net::address{name_of(client)}.bytes();
    shard_->serve(served, from, 8080);
    return peer{client};
}

bool stage::run_until(std::function<bool()> const& done) {
    auto const limit = clock::now() + 5s;
    bool reached = false;
    auto const look = [&] {
        reached = done();
        return reached || clock::now() > limit;
    };
    core_.run_until(std::ref(look));  // by reference: it would not fit without an allocation
    return reached;
}

bool stage::origin_was_asked() const { return somebody_waits_at(origin_); }
bool stage::second_origin_was_asked() const { return somebody_waits_at(second_origin_); }

peer stage::accept_origin() { return accept_at(origin_); }
peer stage::accept_second_origin() { return accept_at(second_origin_); }

bool stage::is_clean_after(peer& client) {
    client.close();
    bool const ended = run_until([&] { return shard_->open_sessions() == 0; });
    for (auto const& pool : shard_->pools) pool->retire();
    return ended && core_.blocks().bytes_lent() == 0 && counters_.exchanges_in_flight() == 0 &&
           counters_.connections_active() == 0 && counters_.connections_idle() == 0;
}

fault::fault(unsigned at, int error) noexcept {
    fault_at = at;
    fault_calls = 0;
    fault_error = error;
    net::inject_faults(fail_one_call);
}

fault::~fault() { net::inject_faults(nullptr); }

bool fault::happened() const noexcept { return fault_calls > fault_at; }

}  // namespace gateway::script
