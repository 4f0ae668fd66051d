// SPDX-License-Identifier: Apache-2.0
// Exchanges over TLS to the upstream, played with every system call failing in turn and with the
// upstream's bytes arriving in pieces: the handshake, the records and their end are as robust as
// plain bytes.
#include "stage.hpp"
#include "support/gateway_process.hpp"
#include "support/tls_server.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

using namespace gateway;
using script::fault;
using script::peer;
using script::stage;
using support::tls_layer;

namespace {

struct given {
    support::authority ca;
    support::temporary_file ca_file{ca.certificate(), ".pem"};
    support::tls_server server;

    explicit given(support::tls_version version) : server{ca.issue(), {.version = version}} {}

    std::function<void(settings::snapshot&)> settings() const {
        return [path = ca_file.path()](settings::snapshot& all) {
            all.upstreams[0].endpoints[0].tls = true;
            all.upstreams[0].tls.ca = path;
        };
    }
};

// The origin's end of one connection. Its TLS talks to a socket pair; between that and the wire the
// script passes the bytes on, `piece_max` of them in each turn of the core.
class tls_origin {
public:
    tls_origin(given const& from, peer connection, std::size_t piece_max)
        : wire_{std::move(connection)}, piece_max_{piece_max} {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
        inside_ = ends[0];
        outside_ = ends[1];
        tls_ = std::make_unique<tls_layer>(from.server, inside_);
    }
    ~tls_origin() {
        tls_.reset();
        ::close(inside_);
        ::close(outside_);
    }
    tls_origin(tls_origin const&) = delete;
    tls_origin& operator=(tls_origin const&) = delete;

    // Everything that can go on now. Answers once `until` has come.
    void turn(std::string_view until, std::string_view answer, bool then_close) {
        std::string came;
        bool const ended = wire_.is_open() && wire_.receive(came);
        (void)!::write(outside_, came.data(), came.size());
        if (!shaken_) shaken_ = tls_->handshake().next == tls_layer::wait::none;
        char bytes[4096];
        while (shaken_) {
            auto const got = tls_->read(bytes, sizeof bytes);
            if (got.next != tls_layer::wait::none) break;
            asked_.append(bytes, got.bytes);
        }
        if (!answered_ && asked_.find(until) != std::string::npos) {
            answered_ = true;
            tls_->write(answer);
            if (then_close) tls_->say_end();
            closing_ = then_close;
        }
        pass_on();
        if (ended && to_wire_.empty()) wire_.close();
    }

private:
    void pass_on() {
        char bytes[16 << 10];
        ssize_t const got = ::read(outside_, bytes, sizeof bytes);
        if (got > 0) to_wire_.append(bytes, static_cast<std::size_t>(got));
        std::string_view const now = std::string_view{to_wire_}.substr(0, piece_max_);
        if (!now.empty() && wire_.is_open()) wire_.send(now);
        to_wire_.erase(0, now.size());
        if (closing_ && to_wire_.empty()) wire_.close();
    }

    peer wire_;
    std::size_t piece_max_;
    int inside_ = -1;
    int outside_ = -1;
    std::unique_ptr<tls_layer> tls_;
    bool shaken_ = false;
    bool answered_ = false;
    bool closing_ = false;
    std::string asked_;
    std::string to_wire_;
};

struct scene {
    std::string request;
    std::string until;
    std::string answer;
    bool then_close;
    std::string response_end;
};

std::vector<scene> const scenes{
    {"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\r\n",
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, "\r\n\r\nhello"},
    {"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
     "0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", false, "\r\n\r\n"},
    {"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nhello", true,
     "\r\n0\r\n\r\n"},
};

bool is_whole(std::string const& response, scene const& what) {
    return response.starts_with("HTTP/1.1 20") && response.ends_with(what.response_end);
}

bool is_gateway_error(std::string const& response) {
    return response.find("\"cause\":\"") != std::string::npos && response.ends_with("}\n");
}

std::string play(
    stage& on, peer& client, given const& with, scene const& what, std::size_t piece_max) {
    std::string response;
    std::vector<std::unique_ptr<tls_origin>> origins;
    client.send(what.request);
    CHECK(on.run_until([&] {
        while (on.origin_was_asked()) {
            origins.push_back(std::make_unique<tls_origin>(with, on.accept_origin(), piece_max));
        }
        for (auto const& each : origins) each->turn(what.until, what.answer, what.then_close);
        bool const ended = client.receive(response);
        on.core().post([] {});  // the next turn comes at once
        return ended || is_whole(response, what) || is_gateway_error(response);
    }));
    return response;
}

support::tls_version either_version() {
    return GENERATE(support::tls_version::only_1_2, support::tls_version::only_1_3);
}

}  // namespace

TEST_CASE("an exchange over TLS passes whole, in pieces of any size", "[script][tls]") {
    given const with{either_version()};
    auto const number = GENERATE(range(std::size_t{0}, std::size_t{3}));
    auto const piece_max = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{100'000});
    CAPTURE(number, piece_max);
    stage on{with.settings()};
    peer client = on.connect_client();
    std::string const response = play(on, client, with, scenes[number], piece_max);
    CAPTURE(response);
    CHECK(is_whole(response, scenes[number]));
    CHECK(on.is_clean_after(client));
}

TEST_CASE("whichever system call fails under TLS, the exchange ends visibly", "[script][tls]") {
    given const with{either_version()};
    auto const number = GENERATE(range(std::size_t{0}, std::size_t{3}));
    auto const error = GENERATE(ECONNRESET, EPIPE, ENOMEM);
    scene const& what = scenes[number];
    unsigned steps = 0;
    for (bool failed = true; failed; ++steps) {
        REQUIRE(steps < 100);
        stage on{[&](settings::snapshot& all) {
            with.settings()(all);
            script::wait_briefly(all);
        }};
        peer client = on.connect_client();
        std::string response;
        {
            fault const one{steps, error};
            response = play(on, client, with, what, 100'000);
            failed = one.happened();
        }
        CAPTURE(number, error, steps, response);
        bool const cut = !is_whole(response, what) && !is_gateway_error(response);
        if (cut) CHECK((response.empty() || !response.ends_with(what.response_end)));
        if (!failed) CHECK(is_whole(response, what));
        CHECK(on.is_clean_after(client));
    }
    CHECK(steps >= 8);  // the handshake's calls are among them
}
