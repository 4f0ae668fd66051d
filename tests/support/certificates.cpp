// SPDX-License-Identifier: Apache-2.0
#include "support/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <stdexcept>

namespace gateway::support {
namespace {

void must(bool fine, char const* what) {
    if (!fine) throw std::runtime_error{what};
}

struct bio_deleter {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using memory_bio = std::unique_ptr<BIO, bio_deleter>;

template <class Write>
std::string pem(Write const& write) {
    memory_bio const out{BIO_new(BIO_s_mem())};
    must(write(out.get()) == 1, "PEM could not be written");
    char* text = nullptr;
    long const size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    return pem([&](BIO* to) { return PEM_write_bio_X509(to, certificate); });
}
std::string pem_of(EVP_PKEY* key) {
    return pem([&](BIO* to) {
        return PEM_write_bio_PKCS8PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
}

EVP_PKEY* new_key() {
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    must(key != nullptr, "no key");
    return key;
}

void extend(X509* certificate, X509* issuer, int what, std::string const& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const one = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    must(one != nullptr, "no extension");
    X509_add_ext(certificate, one, -1);
    X509_EXTENSION_free(one);
}

// Everything but the issuer, the extensions and the signature.
X509* unsigned_certificate(certificate_wish const& wish, EVP_PKEY* key) {
    static std::atomic<long> serial{1};
    X509* const made = X509_new();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made), wish.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(made), wish.valid_until);
    X509_set_pubkey(made, key);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(made), "CN", MBSTRING_UTF8,
        reinterpret_cast<unsigned char const*>(wish.subject.c_str()), -1, -1, 0);
    return made;
}

void add_names(X509* to, X509* issuer, std::vector<std::string> const& names) {
    std::string list;
    for (auto const& name : names) list += (list.empty() ? "" : ",") + name;
    if (!list.empty()) extend(to, issuer, NID_subject_alt_name, list);
}

X509* parsed(std::string const& text) {
    memory_bio const in{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
    X509* const read = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr);
    must(read != nullptr, "not a certificate");
    return read;
}

// Signed by the issuer, or by itself when that is null.
identity signed_identity(certificate_wish const& wish, X509* issuer, EVP_PKEY* issuer_key) {
    EVP_PKEY* const key = new_key();
    X509* const made = unsigned_certificate(wish, key);
    if (issuer == nullptr) {
        issuer = made;
        issuer_key = key;
    }
    X509_set_issuer_name(made, X509_get_subject_name(issuer));
    add_names(made, issuer, wish.names);
    must(X509_sign(made, issuer_key, EVP_sha256()) != 0, "not signed");
    identity out{pem_of(made), pem_of(key)};
    X509_free(made);
    EVP_PKEY_free(key);
    return out;
}

}  // namespace

authority::authority(std::string const& name)
    : key_{new_key()}, certificate_{unsigned_certificate({.subject = name, .names = {}}, key_)} {
    X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
    extend(certificate_, certificate_, NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate_, certificate_, NID_key_usage, "critical,keyCertSign,cRLSign");
    must(X509_sign(certificate_, key_, EVP_sha256()) != 0, "not signed");
}

authority::~authority() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
}

std::string authority::certificate() const { return pem_of(certificate_); }

identity authority::issue(certificate_wish const& wish) const {
    return signed_identity(wish, certificate_, key_);
}

identity self_signed(certificate_wish const& wish) {
    return signed_identity(wish, nullptr, nullptr);
}

std::string authority::revocation_of(std::vector<identity> const& revoked) const {
    X509_CRL* const list = X509_CRL_new();
    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(certificate_));
    ASN1_TIME* const time = X509_gmtime_adj(nullptr, -60);
    X509_CRL_set1_lastUpdate(list, time);
    for (identity const& one : revoked) {
        X509* const certificate = parsed(one.certificate);
        X509_REVOKED* const entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate));
        X509_REVOKED_set_revocationDate(entry, time);
        X509_CRL_add0_revoked(list, entry);
        X509_free(certificate);
    }
    X509_gmtime_adj(time, 3600);
    X509_CRL_set1_nextUpdate(list, time);
    X509_CRL_sort(list);
    must(X509_CRL_sign(list, key_, EVP_sha256()) != 0, "not signed");
    std::string text = pem([&](BIO* to) { return PEM_write_bio_X509_CRL(to, list); });
    ASN1_TIME_free(time);
    X509_CRL_free(list);
    return text;
}

}  // namespace gateway::support
