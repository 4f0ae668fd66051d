// SPDX-License-Identifier: Apache-2.0
#include "net/tls_engine.hpp"

#include "net/tls_bio.hpp"
#include "net/tls_failure.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <string_view>

namespace gateway::net {
namespace {

constexpr std::size_t record_bytes_max = SSL3_RT_MAX_PLAIN_LENGTH;

// What the next record holds: the pieces' first 16 KiB, side by side. A copy costs far less than a
// record and a send for each piece. A piece that fills a record by itself is not copied.
std::span<char const> next_record(std::span<iovec const> pieces) noexcept {
    thread_local std::array<char, record_bytes_max> joined;
    std::size_t filled = 0;
    iovec const* only = nullptr;
    for (iovec const& each : pieces) {
        if (each.iov_len == 0) continue;
        if (filled == 0 && (only == nullptr) && each.iov_len >= record_bytes_max) {
            return {static_cast<char const*>(each.iov_base), record_bytes_max};
        }
        if (only == nullptr) {
            only = &each;
            continue;
        }
        if (filled == 0) {
            std::memcpy(joined.data(), only->iov_base, only->iov_len);
            filled = only->iov_len;
        }
        std::size_t const taken = std::min(each.iov_len, record_bytes_max - filled);
        std::memcpy(joined.data() + filled, each.iov_base, taken);
        filled += taken;
        if (filled == record_bytes_max) break;
    }
    if (filled != 0) return {joined.data(), filled};
    if (only == nullptr) return {};
    return {static_cast<char const*>(only->iov_base), only->iov_len};
}

}  // namespace

tls_engine::tls_engine(SSL* state, int descriptor, tls_memory* memory) noexcept
    : state_(state), wire_{descriptor}, memory_(memory) {
    SSL_set_app_data(state_, this);
    BIO* const bio = new_socket_bio(wire_);
    // Without one every call fails, as it does when memory is short anywhere else.
    SSL_set_bio(state_, bio, bio);
}

tls_engine::~tls_engine() {
    // Or OpenSSL would take the session for a bad one and never resume it.
    SSL_set_shutdown(state_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(state_);
    ERR_clear_error();
}

tls_engine* tls_engine::of(SSL const* state) noexcept {
    return static_cast<tls_engine*>(SSL_get_app_data(state));
}

void tls_engine::begin_call() noexcept {
    wire_.drained = false;
    wire_.error = 0;
    ERR_clear_error();
}

tls_engine::outcome tls_engine::handshake() noexcept {
    begin_call();
    int const result = SSL_do_handshake(state_);
    if (result != 1) return unfinished(result);
    // A server that chooses what was not offered (RFC 7301 3.2) speaks something else from here on.
    unsigned char const* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(state_, &chosen, &size);
    constexpr std::string_view http = "http/1.1";
    if (size != 0 && std::string_view{reinterpret_cast<char const*>(chosen), size} != http) {
        failure_ = cause::tls_protocol_error;
        detail_ = "the peer chose a protocol that was not offered";
        return {step::failed};
    }
    connected_ = true;
    return {step::ok};
}

tls_engine::outcome tls_engine::read(std::span<char> into) noexcept {
    begin_call();
    std::size_t got = 0;
    int const result = SSL_read_ex(state_, into.data(), into.size(), &got);
    if (result == 1) return {step::ok, got};
    return unfinished(result);
}

tls_engine::outcome tls_engine::peek() noexcept {
    begin_call();
    char unread = 0;
    std::size_t got = 0;
    int const result = SSL_peek_ex(state_, &unread, 1, &got);
    if (result == 1) return {step::ok, got};
    return unfinished(result);
}

tls_engine::outcome tls_engine::write(std::span<iovec const> pieces) noexcept {
    std::span<char const> const record = next_record(pieces);
    if (record.empty()) return {step::ok};
    begin_call();
    std::size_t taken = 0;
    int const result = SSL_write_ex(state_, record.data(), record.size(), &taken);
    if (result == 1) return {step::ok, taken};
    outcome const end = unfinished(result);
    // The peer may have said why before it broke off: that it wants another certificate of us.
    if (wire_.error != 0 && failure_ == cause::none) peek();
    return end;
}

tls_engine::outcome tls_engine::unfinished(int result) noexcept {
    switch (SSL_get_error(state_, result)) {
        case SSL_ERROR_WANT_READ: return {step::wants_read};
        case SSL_ERROR_WANT_WRITE: return {step::wants_write};
        case SSL_ERROR_ZERO_RETURN: return {step::closed};
        default: break;
    }
    goodbye_due_ = false;
    if (failure_ != cause::none) return {step::failed};  // the certificate was rejected
    if (wire_.ended) {
        if (!connected_) failure_ = cause::tls_handshake_cut;
        return {step::cut};
    }
    if (wire_.error != 0) {
        if (!connected_) failure_ = cause::tls_handshake_cut;
        return {wire_.error == EPIPE ? step::closed : step::failed};
    }
    explain();
    return {step::failed};
}

void tls_engine::explain() noexcept {
    unsigned long const error = ERR_peek_error();
    failure_ = cause_of_error(error, certificate_wanted_);
    // Once data flows a broken record is a broken connection; only what the peer thinks of our
    // certificate, which TLS 1.3 says after the handshake, is worth a word of its own.
    if (connected_ && failure_ != cause::tls_certificate_refused) failure_ = cause::none;
    try {
        detail_ = describe_error(error);
    } catch (std::exception const&) {
        detail_.clear();
    }
}

void tls_engine::certificate_rejected(X509_STORE_CTX* checked) noexcept {
    if (failure_ != cause::none) return;
    failure_ = cause_of_rejection(X509_STORE_CTX_get_error(checked));
    try {
        detail_ = describe_rejection(checked);
    } catch (std::exception const&) {
        detail_.clear();
    }
}

void tls_engine::send_close_notify() noexcept {
    if (!goodbye_due_ || !connected_) return;
    begin_call();
    SSL_shutdown(state_);
    goodbye_due_ = false;
}

bool tls_engine::is_drained() const noexcept {
    return wire_.drained && SSL_has_pending(state_) == 0;
}

bool tls_engine::is_resumed() const noexcept { return SSL_session_reused(state_) == 1; }

}  // namespace gateway::net
