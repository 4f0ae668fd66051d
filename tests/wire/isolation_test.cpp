// SPDX-License-Identifier: Apache-2.0
// No byte of one client's exchange reaches another's: poisoned pipelines, early responses, bodies
// nobody reads and responses with too many bytes, side by side with honest clients over the same
// few upstream connections. Every byte at both ends is accounted for.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace gateway::support {
namespace {

// Answers by what the path says. "/echo/NAME" repeats the name and the body it got, so that each
// client can tell its own response from all others.
void behave(origin_connection& connection, message const& head) {
    auto request = head;
    std::string const target = head.target();
    auto const read_body = [&] { connection.receive_body(request, unframed::is_empty); };
    if (target.starts_with("/early/")) {
        // The body, which another's request hides in, is left unread.
        connection.send(
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: " + std::to_string(target.size()) +
            "\r\n\r\n" + target);
        connection.receive_to_end();
        connection.close();
    } else if (target.starts_with("/early-kept/")) {
        connection.send(imposter_origin::ok(target));
        read_body();
    } else if (target.starts_with("/poison/")) {
        read_body();
        connection.send(imposter_origin::ok(target) + imposter_origin::ok("POISON"));
    } else if (target.starts_with("/poison-chunked/")) {
        read_body();
        connection.send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nchunks\r\n0\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON");
    } else if (target.starts_with("/poison-empty/")) {
        read_body();
        connection.send("HTTP/1.1 204 No Content\r\n\r\nPOISON");
    } else {
        read_body();
        connection.send(imposter_origin::ok(target + " " + request.body));
    }
}

std::string const hidden = "GET /hidden HTTP/1.1\r\nHost: t\r\n\r\n";

std::string post(std::string const& target, std::string const& body) {
    return post_request(target, body);
}

// What one hostile client does with one connection; what it must get or nothing.
void attack(std::uint16_t port, int number) {
    std::string const name = std::to_string(number);
    raw_client client{port};
    switch (number % 8) {
        case 0:  // a body that is another request
            client.send(post("/echo/" + name, hidden));
            CHECK(client.receive().body == "/echo/" + name + " " + hidden);
            break;
        case 1:  // two framings
            client.send(
                "POST /refused HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n"
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
                hidden);
            CHECK(client.receive().status() == 400);
            CHECK(client.closed_by_peer());
            break;
        case 2:  // a broken chunk, and a request behind it
            client.send(
                "POST /echo/x HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd" +
                hidden);
            CHECK(client.receive().status() == 400);
            CHECK(client.closed_by_peer());
            break;
        case 3: {  // an answer before the body, of which half comes later
            client.send(
                "POST /early/" + name + " HTTP/1.1\r\nHost: t\r\nContent-Length: 70\r\n\r\n" +
                hidden);
            auto const answer = client.receive();
            CHECK(answer.status() == 413);
            CHECK(answer.body == "/early/" + name);
            break;
        }
        case 4:  // an answer before a body that then comes whole
            client.send(
                "POST /early-kept/" + name + " HTTP/1.1\r\nHost: t\r\nContent-Length: " +
                std::to_string(hidden.size()) + "\r\n\r\n");
            client.send(hidden);
            CHECK(client.receive().body == "/early-kept/" + name);
            break;
        case 5:  // a request that stops in its middle
            client.send("POST /echo/x HTTP/1.1\r\nHost: t\r\nContent-Length: 99\r\n\r\n" + hidden);
            client.reset();
            break;
        case 6:  // responses that have another one behind them
            client.send(get_request("/poison/" + name));
            CHECK(client.receive().body == "/poison/" + name);
            client.send(get_request("/poison-chunked/" + name));
            CHECK(client.receive().body == "chunks");
            client.send(get_request("/poison-empty/" + name));
            CHECK(client.receive().status() == 502);
            client.send(get_request("/echo/" + name));
            CHECK(client.receive().body == "/echo/" + name + " ");
            break;
        default:  // a pipeline whose third request is broken
            client.send(
                get_request("/echo/a" + name) + get_request("/echo/b" + name) +
                "GET /echo/x HTTP/1.1\r\nHost : t\r\n\r\n" + hidden);
            CHECK(client.receive().body == "/echo/a" + name + " ");
            CHECK(client.receive().body == "/echo/b" + name + " ");
            CHECK(client.receive().status() == 400);
            CHECK(client.closed_by_peer());
    }
}

}  // namespace

TEST_CASE("no byte of one exchange reaches another", "[wire][isolation]") {
    imposter_origin origin{[](origin_connection& connection) {
        while (connection.is_open()) {
            auto const head = connection.receive_request_head();
            if (!head) return;
            behave(connection, *head);
        }
    }};
    gateway_process gateway{
        all_to(origin.endpoint()).runtime("threads: 2").limits("upstream_idle_connections: 8")};
    constexpr int rounds = 160;
    std::atomic<bool> attacking{true};
    std::atomic<int> honest{0};
    std::mutex mutex;
    std::vector<std::string> wrong;  // Catch's assertions belong to the test's own thread
    std::vector<std::thread> clients;
    for (int each = 0; each < 3; ++each) {
        clients.emplace_back([&, each] {
            std::string problem;
            try {
                raw_client client{gateway.port()};
                for (int i = 0; attacking && problem.empty(); ++i) {
                    std::string const name =
                        "/echo/honest-" + std::to_string(each) + '-' + std::to_string(i);
                    std::string const body(static_cast<std::size_t>(i) % 300, 'b');
                    client.send(post(name, body));
                    auto const answer = client.receive();
                    if (answer.status() != 200 || answer.body != name + " " + body) {
                        problem = name + " got " + answer.head + answer.body;
                    }
                    ++honest;
                }
            } catch (std::exception const& lost) {
                problem = lost.what();
            }
            std::lock_guard const lock{mutex};
            if (!problem.empty()) wrong.push_back(problem);
        });
    }
    for (int round = 0; round < rounds; ++round) attack(gateway.port(), round);
    attacking = false;
    for (auto& each : clients) each.join();
    CHECK(wrong == std::vector<std::string>{});
    CHECK(honest > 0);
    // At the other end: every request is one that somebody sent, whole, in its own words.
    for (auto const& each : origin.requests()) {
        CAPTURE(each.head);
        CHECK(each.target() != "/hidden");
        CHECK(each.target() != "/refused");
        CHECK(each.count("Host") == 1);
        CHECK(each.count("X-Request-Id") == 1);
        CHECK((each.count("Content-Length") + each.count("Transfer-Encoding")) <= 1);
    }
    CHECK(origin.connections() < origin.requests().size());  // they were shared
}

TEST_CASE("a body cut short does not end as if it were whole", "[wire][isolation]") {
    auto const version = GENERATE(as<std::string>{}, "1.0", "1.1");
    auto const framing = GENERATE(
        as<std::string>{}, "Content-Length: 10\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    CAPTURE(version, framing);
    imposter_origin origin;
    origin.otherwise([&](origin_connection& connection, message const&) {
        connection.send("HTTP/1.1 200 OK\r\n" + framing);
        connection.close();
    });
    gateway_process gateway{all_to(origin.endpoint())};
    raw_client client{gateway.port()};
    client.send("GET / HTTP/" + version + "\r\nHost: t\r\n\r\n");
    std::string got;
    bool reset = false;
    try {
        got = client.receive_to_end();
    } catch (connection_lost const&) {
        reset = true;
    }
    // Without chunks only a reset tells a client that does not count, or has nothing to count.
    bool const chunked = version == "1.1" && framing.starts_with("Transfer");
    CHECK(reset == !chunked);
    CHECK(got.find("\r\n0\r\n") == std::string::npos);
    CHECK(gateway.wait_for_access_line_of("/").text("cause") == "response_truncated");
}

}  // namespace gateway::support
