// SPDX-License-Identifier: Apache-2.0
#include "net/tls_client.hpp"

#include "net/tls_failure.hpp"
#include "observe/log.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace gateway::net {
namespace {

// ALPN's wire form: a length before each name (RFC 7301 3.1).
constexpr std::array<unsigned char, 9> http_1_1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int check_chain(int accepted, X509_STORE_CTX* checked) {
    auto const* const state = static_cast<SSL*>(
        X509_STORE_CTX_get_ex_data(checked, SSL_get_ex_data_X509_STORE_CTX_idx()));
    if (accepted != 1) tls_engine::of(state)->certificate_rejected(checked);
    return accepted;
}

int note_wanted_certificate(SSL* state, void*) {
    tls_engine::of(state)->certificate_wanted();
    return 1;
}

// Takes the session over. The peer may issue several; the last is as good as any.
int keep_session(SSL* state, SSL_SESSION* session) {
    tls_memory* const memory = tls_engine::of(state)->memory();
    if (memory == nullptr) return 0;
    memory->session.reset(session);
    return 1;
}

// An idle connection keeps no buffers; pieces may move between two tries of a write.
constexpr auto modes =
    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;

SSL_CTX* new_context(settings::upstream_tls const& wanted, tls_credentials const& with) {
    std::unique_ptr<SSL_CTX, tls_release> made{SSL_CTX_new(TLS_client_method())};
    if (!made) return nullptr;
    SSL_CTX* const context = made.get();
    bool const fits = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                      SSL_CTX_set_alpn_protos(context, http_1_1.data(), http_1_1.size()) == 0 &&
                      with.install(context);
    if (!fits) return nullptr;
    SSL_CTX_set_mode(context, modes);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_read_ahead(context, 1);  // one recv for a record's header and body
    if (wanted.verify) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, check_chain);
    } else {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    }
    SSL_CTX_set_cert_cb(context, note_wanted_certificate, nullptr);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    return made.release();
}

bool is_address(std::string const& name) { return address::from_literal(name, 0).has_value(); }

// The certificate must be for this name, and a server with several is told which one is meant (RFC
// 6066 3: never an address).
bool expect_name(SSL* state, std::string const& name) {
    X509_VERIFY_PARAM* const rules = SSL_get0_param(state);
    if (is_address(name)) return X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) == 1;
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // SSL_set_tlsext_host_name without its C cast; the text is copied.
    bool const asked = SSL_ctrl(
                           state, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                           const_cast<char*>(name.c_str())) == 1;
    return asked && X509_VERIFY_PARAM_set1_host(rules, name.data(), name.size()) == 1;
}

// A name as certificates and SNI spell it: without the dot that ends an absolute one.
std::string name_of(settings::upstream const& from, settings::endpoint const& one) {
    std::string name = from.tls.server_name.empty() ? one.address.host : from.tls.server_name;
    if (!name.empty() && name.back() == '.') name.pop_back();
    return name;
}

}  // namespace

tls_client::tls_client(settings::upstream const& wanted, tls_credentials const& with)
    : upstream_(wanted.name), context_(new_context(wanted.tls, with)) {
    if (!context_) {
        std::string const why = describe_error(ERR_peek_last_error());
        ERR_clear_error();
        throw std::runtime_error("upstreams." + wanted.name + ".tls: " + why);
    }
    arrange(wanted);
}

void tls_client::arrange(settings::upstream const& wanted) {
    by_position_.clear();
    for (settings::endpoint const& one : wanted.endpoints) {
        by_position_.push_back(nullptr);
        if (!one.tls) continue;
        std::string const name = name_of(wanted, one);
        for (auto const& each : peers_) {
            if (each->name() == name) by_position_.back() = each.get();
        }
        if (by_position_.back() != nullptr) continue;
        peers_.push_back(std::make_unique<tls_peer>(*this, name));
        by_position_.back() = peers_.back().get();
    }
}

bool tls_client::has(tls_peer const* one) const noexcept {
    return std::any_of(
        peers_.begin(), peers_.end(), [&](auto const& each) { return each.get() == one; });
}

std::unique_ptr<tls_engine> tls_peer::begin(address const& to, int descriptor) {
    SSL* const state = SSL_new(of_.context_.get());
    if (state == nullptr) return nullptr;
    tls_memory& memory = memory_of(to);
    auto engine = std::make_unique<tls_engine>(state, descriptor, &memory);
    if (!expect_name(state, name_)) return nullptr;
    SSL_set_connect_state(state);
    if (memory.session) SSL_set_session(state, memory.session.get());
    return engine;
}

tls_memory& tls_peer::memory_of(address const& to) {
    ++uses_;
    for (auto const& each : remembered_) {
        if (each->of != to) continue;
        each->used_at = uses_;
        return *each;
    }
    if (remembered_.size() < addresses_max) {
        remembered_.push_back(std::make_unique<tls_memory>());
    } else {
        // Connections to the forgotten address may leave a session of theirs here. It is one for
        // the same name, and a server that does not know it makes a new one.
        std::iter_swap(
            std::min_element(
                remembered_.begin(), remembered_.end(),
                [](auto const& a, auto const& b) { return a->used_at < b->used_at; }),
            std::prev(remembered_.end()));
    }
    tls_memory& memory = *remembered_.back();
    memory.of = to;
    memory.session.reset();
    memory.failing = cause::none;
    memory.used_at = uses_;
    return memory;
}

void tls_peer::ended(address const& to, cause failed, std::string const& detail) {
    tls_memory& memory = memory_of(to);
    if (memory.failing == failed) return;
    memory.failing = failed;
    if (failed == cause::none) {
        observe::log_info("upstream {}: TLS with {} works again", of_.upstream_, to.text());
        return;
    }
    observe::log_warn(
        "upstream {}: TLS with {} as {} failed: {}{}{}", of_.upstream_, to.text(), name_,
        word_of(failed), detail.empty() ? "" : ": ", detail);
}

}  // namespace gateway::net
