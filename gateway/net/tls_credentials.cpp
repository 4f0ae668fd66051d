// SPDX-License-Identifier: Apache-2.0
#include "net/tls_credentials.hpp"

#include <openssl/decodererr.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace gateway::net {
namespace {

struct file_closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using open_file = std::unique_ptr<std::FILE, file_closer>;

// Opens only what can be read as a file; a folder opens and fails at the first read.
open_file open_to_read(std::string const& path, std::string& why) {
    open_file file{std::fopen(path.c_str(), "re")};
    if (file) {
        int const first = std::fgetc(file.get());
        if (first != EOF) std::ungetc(first, file.get());
        if (std::ferror(file.get()) != 0) file.reset();
    }
    if (!file) why = std::strerror(errno);
    return file;
}

// Empty queue included: OpenSSL has several ways to say that a file holds something else.
std::string last_error() {
    unsigned long const error = ERR_peek_last_error();
    char const* const text = ERR_reason_error_string(error);
    bool const other_content =
        text == nullptr || ERR_GET_LIB(error) == ERR_LIB_OSSL_DECODER ||
        (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE) ||
        (ERR_GET_LIB(error) == ERR_LIB_X509 &&
         ERR_GET_REASON(error) == X509_R_NO_CERTIFICATE_OR_CRL_FOUND);
    std::string const why = other_content ? "it holds nothing of the kind" : text;
    ERR_clear_error();
    return why;
}

// OpenSSL would ask the terminal.
int no_password(char*, int, int, void*) { return -1; }

bool holds_revocations(X509_STORE* store) {
    STACK_OF(X509_OBJECT)* const all = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(all); ++i) {
        if (X509_OBJECT_get_type(sk_X509_OBJECT_value(all, i)) == X509_LU_CRL) return true;
    }
    return false;
}

constexpr char const* certificates_expected = "a PEM file with certificates";
constexpr char const* key_expected = "a PEM file with the certificate's private key";

}  // namespace

void tls_release::operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
void tls_release::operator()(X509* certificate) const noexcept { X509_free(certificate); }
void tls_release::operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
void tls_release::operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
void tls_release::operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }

tls_credentials::tls_credentials(settings::upstream_tls const& wanted) {
    ERR_clear_error();
    for (std::string const* path : {&wanted.ca, &wanted.certificate, &wanted.key}) remember(*path);
    read_trust(wanted.ca);
    if (wanted.certificate.empty()) return;
    read_certificate(wanted.certificate);
    bool const own_file = !wanted.key.empty();
    read_key(own_file ? wanted.key : wanted.certificate, own_file);
}

tls_credentials::~tls_credentials() = default;

std::optional<std::int64_t> tls_credentials::expires_at() const noexcept {
    tm until{};
    bool const known =
        !certificates_.empty() &&
        ASN1_TIME_to_tm(X509_get0_notAfter(certificates_.front().get()), &until) == 1;
    if (!known) return std::nullopt;
    return ::timegm(&until);
}

void tls_credentials::remember(std::string const& path) {
    std::string bytes;
    std::string why;
    if (open_file const file = open_to_read(path, why)) {
        std::array<char, 4096> some;
        while (std::size_t const got = std::fread(some.data(), 1, some.size(), file.get())) {
            bytes.append(some.data(), got);
        }
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1) return;
    fingerprint_ += path + ':';
    fingerprint_.append(reinterpret_cast<char const*>(digest), size);
}

void tls_credentials::note(
    char const* key, std::string const& file, char const* expected, std::string why) {
    problems_.push_back({key, file, expected, std::move(why)});
}

// The file may hold revocation lists beside the authorities; then they count.
void tls_credentials::read_trust(std::string const& path) {
    trust_.reset(X509_STORE_new());
    if (!trust_) throw std::bad_alloc{};
    if (path.empty()) {
        X509_STORE_set_default_paths(trust_.get());
        ERR_clear_error();
        return;
    }
    std::string why;
    if (open_file const readable = open_to_read(path, why); !readable) {
        note("ca", path, certificates_expected, why);
        return;
    }
    X509_LOOKUP* const lookup = X509_STORE_add_lookup(trust_.get(), X509_LOOKUP_file());
    if (lookup == nullptr || X509_load_cert_crl_file(lookup, path.c_str(), X509_FILETYPE_PEM) < 1) {
        note("ca", path, certificates_expected, last_error());
        return;
    }
    if (holds_revocations(trust_.get())) {
        X509_STORE_set_flags(trust_.get(), X509_V_FLAG_CRL_CHECK);
    }
}

void tls_credentials::read_certificate(std::string const& path) {
    std::string why;
    open_file const file = open_to_read(path, why);
    while (file) {
        X509* const one = PEM_read_X509(file.get(), nullptr, no_password, nullptr);
        if (one == nullptr) break;
        certificates_.emplace_back(one);
    }
    bool const at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (file && !certificates_.empty() && at_end) {
        ERR_clear_error();
        return;
    }
    note("certificate", path, certificates_expected, file ? last_error() : why);
    certificates_.clear();
}

void tls_credentials::read_key(std::string const& path, bool own_file) {
    char const* const setting = own_file ? "key" : "certificate";
    std::string why;
    open_file const file = open_to_read(path, why);
    if (!file) {
        // Of the certificate's own file that was said already.
        if (own_file) note(setting, path, key_expected, why);
        return;
    }
    key_.reset(PEM_read_PrivateKey(file.get(), nullptr, no_password, nullptr));
    if (!key_) {
        bool const locked = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_BAD_PASSWORD_READ;
        std::string const reason = last_error();
        note(
            setting, path, key_expected,
            locked ? "the key is encrypted; write it without a password" : reason);
        return;
    }
    if (!certificates_.empty() &&
        X509_check_private_key(certificates_.front().get(), key_.get()) != 1) {
        ERR_clear_error();
        note(setting, path, key_expected, "the key belongs to another certificate");
    }
}

bool tls_credentials::install(SSL_CTX* context) const noexcept {
    if (SSL_CTX_set1_cert_store(context, trust_.get()); certificates_.empty()) return true;
    STACK_OF(X509)* const chain = sk_X509_new_null();
    if (chain == nullptr) return false;
    bool complete = true;
    for (std::size_t i = 1; i < certificates_.size(); ++i) {
        complete = complete && sk_X509_push(chain, certificates_[i].get()) > 0;
    }
    // The context takes references of its own.
    bool const taken =
        complete &&
        SSL_CTX_use_cert_and_key(context, certificates_.front().get(), key_.get(), chain, 1) == 1;
    sk_X509_free(chain);
    return taken;
}

bool wants_tls(settings::upstream const& one) noexcept {
    return std::any_of(
        one.endpoints.begin(), one.endpoints.end(), [](auto const& each) { return each.tls; });
}

tls_store::tls_store(settings::snapshot const& wanted) {
    for (settings::upstream const& one : wanted.upstreams) {
        auto& place = all_.emplace_back();
        if (!wants_tls(one)) continue;
        place = std::make_unique<tls_credentials>(one.tls);
        if (place->problems().empty()) continue;
        tls_problem const& first = place->problems().front();
        throw std::runtime_error(
            "upstreams." + one.name + ".tls." + first.key + ": " + first.file + ": " + first.why);
    }
}

}  // namespace gateway::net
