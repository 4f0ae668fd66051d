// SPDX-License-Identifier: Apache-2.0
// What systemd hears: readiness, signs of life, and that the end has begun.
#include "support/gateway_process.hpp"
#include "support/successor.hpp"

#include <catch2/catch.hpp>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace gateway::support {
namespace {

using Catch::Contains;

// Stands where systemd listens.
class notify_socket {
public:
    notify_socket() {
        std::string name = (std::filesystem::temp_directory_path() / "notify-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no folder " + name};
        folder_ = name;
        socket_ = descriptor{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        path().copy(at.sun_path, sizeof at.sun_path - 1);
        if (::bind(socket_.number(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) {
            throw std::runtime_error{"cannot bind " + path()};
        }
    }
    ~notify_socket() { std::filesystem::remove_all(folder_); }
    notify_socket(notify_socket const&) = delete;
    notify_socket& operator=(notify_socket const&) = delete;

    std::string path() const { return folder_ + "/socket"; }

    std::string receive() const {
        pollfd wait{socket_.number(), POLLIN, 0};
        if (::poll(&wait, 1, static_cast<int>(patience().count())) != 1) {
            throw timed_out{"no message to the service manager"};
        }
        std::string message(4'096, '\0');
        auto const size = ::recv(socket_.number(), message.data(), message.size(), 0);
        message.resize(static_cast<std::size_t>(size));
        return message;
    }

    // The next message that is no sign of life.
    std::string receive_news() const {
        for (;;) {
            auto const message = receive();
            if (message != "WATCHDOG=1") return message;
        }
    }

private:
    std::string folder_;
    descriptor socket_;
};

}  // namespace

TEST_CASE("a service manager hears of readiness, life and the end", "[wire][service_manager]") {
    notify_socket manager;
    gateway_process gateway{
        all_to("127.0.0.1:1").timeouts("drain: 5s"),
        {.environment = {"NOTIFY_SOCKET=" + manager.path(), "WATCHDOG_USEC=200000"}}};
    CHECK_THAT(manager.receive_news(), Contains("READY=1"));
    for (int i = 0; i < 3; ++i) CHECK(manager.receive() == "WATCHDOG=1");
    gateway.signal(SIGTERM);
    CHECK_THAT(
        manager.receive_news(), Contains("STOPPING=1") && Contains("draining after SIGTERM") &&
                                    Contains("EXTEND_TIMEOUT_USEC=7000000"));
    CHECK(gateway.wait_exit() == 0);
}

TEST_CASE("a service manager hears who serves after an upgrade", "[wire][service_manager]") {
    notify_socket manager;
    gateway_process gateway{
        all_to("127.0.0.1:1").timeouts("drain: 1s"),
        {.environment = {"NOTIFY_SOCKET=" + manager.path(), "WATCHDOG_USEC=200000"}}};
    successors next{gateway};
    CHECK_THAT(manager.receive_news(), Contains("READY=1"));
    gateway.signal(SIGUSR2);
    auto const pid = std::to_string(next.wait_for(1));
    CHECK_THAT(manager.receive_news(), Contains("READY=1"));
    CHECK_THAT(manager.receive_news(), Contains("MAINPID=" + pid + "\n"));
    // The new one feeds the watchdog, and the old one says nothing more.
    gateway.wait_for_log("drained in");
    for (int i = 0; i < 20; ++i) CHECK(manager.receive() == "WATCHDOG=1");
    CHECK(next.wait_exit() == 0);
}

TEST_CASE("a watchdog meant for another process is not fed", "[wire][service_manager]") {
    notify_socket manager;
    gateway_process gateway{
        all_to("127.0.0.1:1"),
        {.environment = {
             "NOTIFY_SOCKET=" + manager.path(), "WATCHDOG_USEC=20000", "WATCHDOG_PID=1"}}};
    CHECK_THAT(manager.receive(), Contains("READY=1"));
    gateway.signal(SIGTERM);
    CHECK_THAT(manager.receive(), Contains("STOPPING=1"));
    CHECK(gateway.wait_exit() == 0);
}

TEST_CASE("a service manager that has gone stops nothing", "[wire][service_manager]") {
    gateway_process gateway{
        all_to("127.0.0.1:1"), {.environment = {"NOTIFY_SOCKET=/nowhere/socket"}}};
    gateway.wait_for_log("cannot tell the service manager");
    gateway.signal(SIGTERM);
    CHECK(gateway.wait_exit() == 0);
}

}  // namespace gateway::support
