// SPDX-License-Identifier: Apache-2.0
// A warm exchange allocates nothing. malloc itself is counted, because Asio and the C library do
// not go through operator new.
#include "stage.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>

#include <atomic>
#include <cstdlib>

namespace {

std::atomic<unsigned long> allocations{0};

}  // namespace

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* old, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);

void* malloc(std::size_t bytes) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_calloc(count, bytes);
}
void* realloc(void* old, std::size_t bytes) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_realloc(old, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_memalign(alignment, bytes);
}
}

using namespace gateway;

namespace {

struct pair {
    explicit pair(settings::tracing_mode tracing)
        : on([=](settings::snapshot& all) { all.tracing.mode = tracing; }) {}

    script::stage on;
    script::peer client = on.connect_client();
    script::peer origin;
    std::string asked;
    std::string answered;

    // One request and its response over connections that stay open.
    void exchange(std::string_view request, std::string_view response) {
        asked.clear();
        answered.clear();
        client.send(request);
        on.run_until([&] {
            if (!origin.is_open() && on.origin_was_asked()) origin = on.accept_origin();
            if (origin.is_open()) origin.receive(asked);
            return asked.ends_with("\r\n\r\n") || asked.ends_with("the body");
        });
        origin.send(response);
        on.run_until([&] {
            client.receive(answered);
            return answered.ends_with("hello") || answered.ends_with("0\r\n\r\n");
        });
    }
};

}  // namespace

TEST_CASE("a warm exchange allocates nothing", "[script][allocation]") {
    auto const [request, response] = GENERATE(table<std::string, std::string>({
        {"GET /a?b=c HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n",
         "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"},
        {"POST /a HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 8\r\n\r\nthe body",
         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
        {"GET /chunked HTTP/1.1\r\nHost: shop.example\r\n\r\n",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    }));
    pair play{GENERATE(settings::tracing_mode::off, settings::tracing_mode::propagate)};
    play.asked.reserve(4096);
    play.answered.reserve(4096);
    for (int i = 0; i < 200; ++i) play.exchange(request, response);
    REQUIRE(play.on.counters().exchanges_settled() == 200);

    constexpr int exchanges = 500;
    unsigned long const before = allocations.load();
    for (int i = 0; i < exchanges; ++i) play.exchange(request, response);
    unsigned long const made = allocations.load() - before;
    CAPTURE(request);
    CHECK(play.on.counters().exchanges_settled() == 700);
    CHECK(made == 0);
    CHECK(play.on.is_clean_after(play.client));
}
