// SPDX-License-Identifier: Apache-2.0
#include "support/tls_server.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <csignal>
#include <memory>
#include <stdexcept>

namespace gateway::support {
namespace {

struct bio_deleter {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using memory_bio = std::unique_ptr<BIO, bio_deleter>;

memory_bio text_bio(std::string const& text) {
    return memory_bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

// The first certificate, then its chain.
bool use_certificates(SSL_CTX* context, std::string const& text) {
    memory_bio const in = text_bio(text);
    X509* const first = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr);
    bool const fine = SSL_CTX_use_certificate(context, first) == 1;
    X509_free(first);
    while (X509* const more = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
        SSL_CTX_add_extra_chain_cert(context, more);
    }
    ERR_clear_error();
    return fine;
}

bool use_key(SSL_CTX* context, std::string const& text) {
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(text_bio(text).get(), nullptr, nullptr, nullptr);
    bool const fine = SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    return fine;
}

void demand_certificate_of(SSL_CTX* context, std::string const& text) {
    X509* const ca = PEM_read_bio_X509(text_bio(text).get(), nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca);
    SSL_CTX_add_client_CA(context, ca);
    X509_free(ca);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

void restrict_version(SSL_CTX* context, tls_version wanted) {
    if (wanted == tls_version::any) return;
    int const version = wanted == tls_version::only_1_1   ? TLS1_1_VERSION
                        : wanted == tls_version::only_1_2 ? TLS1_2_VERSION
                                                          : TLS1_3_VERSION;
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    // Version 1.1 signs with SHA-1, which the default level refuses.
    if (wanted == tls_version::only_1_1) SSL_CTX_set_security_level(context, 0);
}

int choose_protocol(
    SSL*,
    unsigned char const** chosen,
    unsigned char* size,
    unsigned char const*,
    unsigned,
    void* options) {
    auto const& alpn = static_cast<tls_server_options*>(options)->alpn;
    if (alpn.empty()) return SSL_TLSEXT_ERR_NOACK;
    *chosen = reinterpret_cast<unsigned char const*>(alpn.data());
    *size = static_cast<unsigned char>(alpn.size());
    return SSL_TLSEXT_ERR_OK;
}

int note_offer(SSL* state, int*, void*) {
    unsigned char const* text = nullptr;
    std::size_t size = 0;
    constexpr unsigned alpn = TLSEXT_TYPE_application_layer_protocol_negotiation;
    if (SSL_client_hello_get0_ext(state, alpn, &text, &size) == 1 && size > 2) {
        *static_cast<std::string*>(SSL_get_app_data(state)) =
            std::string(reinterpret_cast<char const*>(text) + 2, size - 2);
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

}  // namespace

tls_server::tls_server(identity const& as, tls_server_options options)
    : options_{std::move(options)}, context_{SSL_CTX_new(TLS_server_method())} {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    if (!use_certificates(context_, as.certificate) || !use_key(context_, as.key)) {
        throw std::runtime_error{"the origin's certificate does not fit its key"};
    }
    restrict_version(context_, options_.version);
    if (!options_.client_ca.empty()) demand_certificate_of(context_, options_.client_ca);
    SSL_CTX_set_session_id_context(context_, reinterpret_cast<unsigned char const*>("test"), 4);
    SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_select_cb(context_, choose_protocol, &options_);
    SSL_CTX_set_client_hello_cb(context_, note_offer, nullptr);
}

tls_server::~tls_server() { SSL_CTX_free(context_); }

tls_layer::tls_layer(tls_server const& from, int socket)
    : from_{from}, state_{SSL_new(from.context())} {
    SSL_set_app_data(state_, new std::string);
    SSL_set_fd(state_, socket);
    SSL_set_accept_state(state_);
}

tls_layer::~tls_layer() {
    delete static_cast<std::string*>(SSL_get_app_data(state_));
    // Or the session could not be resumed after an abrupt end.
    SSL_set_shutdown(state_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(state_);
}

tls_layer::outcome tls_layer::result_of(int result, std::size_t bytes) const {
    if (result == 1) return {wait::none, bytes};
    switch (SSL_get_error(state_, result)) {
        case SSL_ERROR_WANT_READ: return {wait::for_reading};
        case SSL_ERROR_WANT_WRITE: return {wait::for_writing};
        case SSL_ERROR_ZERO_RETURN: return {wait::ended};
        default: return {wait::broken};
    }
}

tls_layer::outcome tls_layer::handshake() {
    ERR_clear_error();
    return result_of(SSL_do_handshake(state_), 0);
}

tls_layer::outcome tls_layer::read(char* into, std::size_t size) {
    ERR_clear_error();
    std::size_t got = 0;
    int const result = SSL_read_ex(state_, into, size, &got);
    return result_of(result, got);
}

tls_layer::outcome tls_layer::write(std::string_view bytes) {
    ERR_clear_error();
    std::size_t sent = 0;
    int const result = SSL_write_ex(state_, bytes.data(), bytes.size(), &sent);
    return result_of(result, sent);
}

void tls_layer::say_end() {
    ERR_clear_error();
    SSL_shutdown(state_);
}

void tls_layer::update_keys() { SSL_key_update(state_, SSL_KEY_UPDATE_REQUESTED); }

tls_facts tls_layer::facts() const {
    tls_facts out;
    if (char const* const name = SSL_get_servername(state_, TLSEXT_NAMETYPE_host_name)) {
        out.server_name = name;
    }
    out.offered = *static_cast<std::string*>(SSL_get_app_data(state_));
    out.version = SSL_get_version(state_);
    out.resumed = SSL_session_reused(state_) == 1;
    if (X509* const client = SSL_get1_peer_certificate(state_)) {
        char* const name = X509_NAME_oneline(X509_get_subject_name(client), nullptr, 0);
        out.client_subject = name;
        OPENSSL_free(name);
        X509_free(client);
    }
    return out;
}

}  // namespace gateway::support
