// SPDX-License-Identifier: Apache-2.0
// TLS as an origin of a test speaks it, well-behaved or not.
#pragma once

#include "support/certificates.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace gateway::support {

enum class tls_version { any, only_1_1, only_1_2, only_1_3 };

struct tls_server_options {
    tls_version version = tls_version::any;
    std::string client_ca{};  // PEM; not empty: clients must show a certificate of it
    std::string alpn{};       // what is chosen, offered or not; empty: none
};

// What a handshake showed of the client.
struct tls_facts {
    std::string server_name;  // SNI
    std::string offered;      // ALPN, as on the wire
    std::string version;
    std::string client_subject;
    bool resumed = false;
};

class tls_server {
public:
    explicit tls_server(identity const& as, tls_server_options options = {});
    ~tls_server();
    tls_server(tls_server const&) = delete;
    tls_server& operator=(tls_server const&) = delete;

    SSL_CTX* context() const { return context_; }
    tls_server_options const& options() const { return options_; }

private:
    tls_server_options options_;
    SSL_CTX* context_;
};

// One connection's TLS. The socket is borrowed and must not block.
class tls_layer {
public:
    enum class wait { none, for_reading, for_writing, ended, broken };
    struct outcome {
        wait next = wait::none;  // none: done, `bytes` moved
        std::size_t bytes = 0;
    };

    tls_layer(tls_server const& from, int socket);
    ~tls_layer();
    tls_layer(tls_layer const&) = delete;
    tls_layer& operator=(tls_layer const&) = delete;

    outcome handshake();
    outcome read(char* into, std::size_t size);
    outcome write(std::string_view bytes);
    void say_end();      // close_notify
    void update_keys();  // asks the peer to do the same; TLS 1.3
    tls_facts facts() const;

private:
    outcome result_of(int result, std::size_t bytes) const;

    tls_server const& from_;
    SSL* state_;
};

}  // namespace gateway::support
