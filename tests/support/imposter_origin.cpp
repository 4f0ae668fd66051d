// SPDX-License-Identifier: Apache-2.0
#include "support/imposter_origin.hpp"

#include <catch2/catch.hpp>

#include <sys/eventfd.h>

namespace gateway::support {

std::optional<message> origin_connection::receive_request_head() {
    auto head = receive_head();
    if (head) owner_.begin_record(*head);
    return head;
}

std::optional<message> origin_connection::receive_request() {
    auto request = receive_head();
    if (!request) return request;
    auto const record = owner_.begin_record(*request);
    receive_body(*request, unframed::is_empty);
    owner_.complete_record(record, *request);
    return request;
}

imposter_origin::imposter_origin() : imposter_origin{connection_script{}} {}

imposter_origin::imposter_origin(connection_script script)
    : imposter_origin{listening_socket{}, nullptr, std::move(script)} {}

imposter_origin::imposter_origin(
    std::string const& address, std::uint16_t port, std::string_view body)
    : imposter_origin{listening_socket{address, port}, nullptr, connection_script{}} {
    otherwise(ok(body));
}

imposter_origin::imposter_origin(tls_server const& as, connection_script script)
    : imposter_origin{listening_socket{}, &as, std::move(script)} {}

imposter_origin::imposter_origin(
    listening_socket listener, tls_server const* as, connection_script script)
    : listener_{std::move(listener)},
      stop_{::eventfd(0, EFD_CLOEXEC)},
      tls_{as},
      script_{std::move(script)} {
    otherwise(ok("hello"));
    if (!script_) script_ = [this](origin_connection& connection) { serve(connection); };
    acceptor_ = std::thread{[this] { accept_all(); }};
}

imposter_origin::~imposter_origin() {
    ::eventfd_write(stop_.number(), 1);
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
    for (auto const& failure : failures_) FAIL_CHECK("origin's script failed: " << failure);
}

std::string imposter_origin::ok(std::string_view body, std::string_view fields) {
    std::string response{"HTTP/1.1 200 OK\r\nContent-Length: "};
    response.append(std::to_string(body.size())).append("\r\n").append(fields);
    return response.append("\r\n").append(body);
}

imposter_origin& imposter_origin::when(std::string path, answer reply) {
    std::lock_guard lock{mutex_};
    plans_[std::move(path)] = {std::move(reply), true};
    return *this;
}

imposter_origin& imposter_origin::when(std::string path, std::string response_bytes) {
    return when(std::move(path), [bytes = std::move(response_bytes)](auto& connection, auto&) {
        connection.send(bytes);
    });
}

imposter_origin& imposter_origin::when_open(gate& release, std::string path, std::string body) {
    return when(std::move(path), [&release, body = std::move(body)](auto& connection, auto&) {
        release.wait();
        connection.send(ok(body));
    });
}

imposter_origin& imposter_origin::otherwise(answer reply) {
    std::lock_guard lock{mutex_};
    otherwise_ = {std::move(reply), true};
    return *this;
}

imposter_origin& imposter_origin::otherwise(std::string response_bytes) {
    return otherwise(
        [bytes = std::move(response_bytes)](auto& connection, auto&) { connection.send(bytes); });
}

imposter_origin& imposter_origin::when_head_of(std::string path, answer reply) {
    std::lock_guard lock{mutex_};
    plans_[std::move(path)] = {std::move(reply), false};
    return *this;
}

std::vector<message> imposter_origin::requests() const {
    std::lock_guard lock{mutex_};
    return requests_;
}

message imposter_origin::last_request() const {
    std::lock_guard lock{mutex_};
    if (requests_.empty()) throw std::runtime_error{"the origin has had no request"};
    return requests_.back();
}

std::size_t imposter_origin::connections() const {
    std::lock_guard lock{mutex_};
    return accepted_;
}

std::size_t imposter_origin::open_connections() const {
    std::lock_guard lock{mutex_};
    return open_;
}

void imposter_origin::wait_until(std::function<bool()> const& reached, char const* what) const {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, patience(), reached)) throw timed_out{what};
}

void imposter_origin::wait_for_requests(std::size_t count) const {
    wait_until([&] { return requests_.size() >= count; }, "too few requests reached the origin");
}

void imposter_origin::wait_for_whole_requests(std::size_t count) const {
    wait_until([&] { return whole_requests_ >= count; }, "whole requests are missing");
}

void imposter_origin::wait_for_open_connections(std::size_t count) const {
    wait_until([&] { return open_ == count; }, "the origin's connections did not open or close");
}

void imposter_origin::accept_all() {
    try {
        for (;;) {
            auto connection = listener_.accept(stop_.number());
            std::lock_guard lock{mutex_};
            ++open_;
            threads_.emplace_back([this, index = accepted_++, c = std::move(connection)]() mutable {
                run(std::move(c), index);
            });
            changed_.notify_all();
        }
    } catch (stopped const&) {
        // Refused from here on, as a stopped upstream's would be.
        listener_.close();
    }
}

void imposter_origin::run(stream connection, std::size_t index) {
    std::string failure;
    try {
        if (shakes_hands(connection)) {
            origin_connection c{*this, std::move(connection), index};
            script_(c);
        }
    } catch (connection_lost const&) {
        // The peer may leave at any time; the test sees it by what did not arrive.
    } catch (stopped const&) {
    } catch (std::exception const& e) {
        failure = e.what();
    }
    std::lock_guard lock{mutex_};
    --open_;
    if (!failure.empty()) failures_.push_back(failure);
    changed_.notify_all();
}

bool imposter_origin::shakes_hands(stream& connection) {
    if (tls_ == nullptr) return true;
    try {
        connection.accept_tls(*tls_);
    } catch (connection_lost const&) {
        connection.close_without_notify();
        std::lock_guard lock{mutex_};
        ++failed_handshakes_;
        changed_.notify_all();
        return false;
    }
    std::lock_guard lock{mutex_};
    handshakes_.push_back(connection.tls().facts());
    return true;
}

std::vector<tls_facts> imposter_origin::handshakes() const {
    std::lock_guard lock{mutex_};
    return handshakes_;
}

std::size_t imposter_origin::failed_handshakes() const {
    std::lock_guard lock{mutex_};
    return failed_handshakes_;
}

void imposter_origin::serve(origin_connection& connection) {
    while (connection.is_open()) {
        auto request = connection.receive_head();
        if (!request) return;
        auto const record = begin_record(*request);
        auto const planned = plan_for(request->target());
        if (planned.body_is_read_first) {
            connection.receive_body(*request, unframed::is_empty);
            complete_record(record, *request);
        }
        planned.run(connection, *request);
    }
}

imposter_origin::plan imposter_origin::plan_for(std::string const& target) const {
    std::lock_guard lock{mutex_};
    auto const found = plans_.find(target.substr(0, target.find('?')));
    return found == plans_.end() ? otherwise_ : found->second;
}

std::size_t imposter_origin::begin_record(message const& head) {
    std::lock_guard lock{mutex_};
    requests_.push_back(head);
    changed_.notify_all();
    return requests_.size() - 1;
}

void imposter_origin::complete_record(std::size_t index, message const& whole) {
    std::lock_guard lock{mutex_};
    requests_[index] = whole;
    ++whole_requests_;
    changed_.notify_all();
}

}  // namespace gateway::support
