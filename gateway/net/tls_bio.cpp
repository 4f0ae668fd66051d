// SPDX-License-Identifier: Apache-2.0
#include "net/tls_bio.hpp"

#include "net/socket_calls.hpp"

#include <openssl/bio.h>

namespace gateway::net {
namespace {

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

tls_engine::wire& wire_of(BIO* bio) noexcept {
    return *static_cast<tls_engine::wire*>(BIO_get_data(bio));
}

int read_socket(BIO* bio, char* into, int size) {
    tls_engine::wire& wire = wire_of(bio);
    BIO_clear_retry_flags(bio);
    auto const wanted = static_cast<std::size_t>(size);
    ssize_t const got = receive_bytes(wire.descriptor, {into, wanted});
    wire.drained = got < size;
    if (got > 0) return static_cast<int>(got);
    if (got == 0) {
        wire.ended = true;
    } else if (would_block(errno)) {
        BIO_set_retry_read(bio);
    } else {
        wire.error = errno;
    }
    return got == 0 ? 0 : -1;
}

int write_socket(BIO* bio, char const* bytes, int size) {
    tls_engine::wire& wire = wire_of(bio);
    BIO_clear_retry_flags(bio);
    iovec one = piece(bytes, static_cast<std::size_t>(size));
    ssize_t const sent = send_bytes(wire.descriptor, {&one, 1});
    if (sent >= 0) {
        wire.written += static_cast<std::uint64_t>(sent);
        return static_cast<int>(sent);
    }
    if (would_block(errno)) {
        BIO_set_retry_write(bio);
    } else {
        wire.error = errno;
    }
    return -1;
}

long control(BIO* bio, int what, long, void*) {
    if (what == BIO_CTRL_FLUSH) return 1;
    // OpenSSL tells an end without close_notify by this.
    if (what == BIO_CTRL_EOF) return wire_of(bio).ended ? 1 : 0;
    return 0;
}

BIO_METHOD* new_method() noexcept {
    BIO_METHOD* const made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gateway socket");
    if (made == nullptr) return nullptr;
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_ctrl(made, control);
    return made;
}

}  // namespace

BIO* new_socket_bio(tls_engine::wire& of) noexcept {
    static BIO_METHOD* const method = new_method();
    BIO* const made = method != nullptr ? BIO_new(method) : nullptr;
    if (made == nullptr) return nullptr;
    BIO_set_data(made, &of);
    BIO_set_init(made, 1);
    return made;
}

}  // namespace gateway::net
