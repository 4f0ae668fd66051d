// SPDX-License-Identifier: Apache-2.0
#include "net/tls_failure.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

namespace gateway::net {
namespace {

constexpr int names_shown_max = 5;

struct bio_deleter {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using memory_bio = std::unique_ptr<BIO, bio_deleter>;

std::string text_of(memory_bio const& bio) {
    char* text = nullptr;
    long const size = BIO_get_mem_data(bio.get(), &text);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string{};
}

std::string name_text(X509_NAME const* name) {
    memory_bio const out{BIO_new(BIO_s_mem())};
    if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
    return text_of(out);
}

std::string time_text(ASN1_TIME const* time) {
    memory_bio const out{BIO_new(BIO_s_mem())};
    if (!out || ASN1_TIME_print(out.get(), time) != 1) return {};
    return text_of(out);
}

// The names the certificate is good for: what to compare with the one that was expected.
std::string alternative_names(X509 const* certificate) {
    auto* const names = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    std::string out;
    int const count = names != nullptr ? sk_GENERAL_NAME_num(names) : 0;
    for (int i = 0; i < count && i < names_shown_max; ++i) {
        memory_bio const text{BIO_new(BIO_s_mem())};
        if (!text || GENERAL_NAME_print(text.get(), sk_GENERAL_NAME_value(names, i)) != 1) continue;
        out += (out.empty() ? "" : ", ") + text_of(text);
    }
    if (count > names_shown_max) out += ", ...";
    GENERAL_NAMES_free(names);
    return out.empty() ? "no name" : out;
}

bool refuses_certificate(int reason) noexcept {
    switch (reason) {
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        case SSL_R_SSLV3_ALERT_NO_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED: return true;
        default: return false;
    }
}

}  // namespace

cause cause_of_rejection(int error) noexcept {
    switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED: return cause::tls_expired;
        case X509_V_ERR_CERT_NOT_YET_VALID: return cause::tls_not_yet_valid;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: return cause::tls_wrong_host;
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return cause::tls_self_signed;
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_UNTRUSTED: return cause::tls_unknown_ca;
        case X509_V_ERR_CERT_REVOKED: return cause::tls_revoked;
        default: return cause::tls_bad_certificate;
    }
}

std::string describe_rejection(X509_STORE_CTX* checked) {
    int const error = X509_STORE_CTX_get_error(checked);
    std::string out = X509_verify_cert_error_string(error);
    X509 const* const certificate = X509_STORE_CTX_get_current_cert(checked);
    if (certificate == nullptr) return out;
    out += ": " + name_text(X509_get_subject_name(certificate));
    switch (cause_of_rejection(error)) {
        case cause::tls_expired:
            out += ", until " + time_text(X509_get0_notAfter(certificate));
            break;
        case cause::tls_not_yet_valid:
            out += ", from " + time_text(X509_get0_notBefore(certificate));
            break;
        case cause::tls_wrong_host: out += ", good for " + alternative_names(certificate); break;
        case cause::tls_unknown_ca:
            out += ", issued by " + name_text(X509_get_issuer_name(certificate));
            break;
        default: break;
    }
    return out;
}

cause cause_of_error(unsigned long error, bool certificate_wanted) noexcept {
    int const reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    if (refuses_certificate(reason)) return cause::tls_certificate_refused;
    // What servers say when they got no certificate (RFC 5246 7.4.6), or one that only seems to
    // come from an authority of theirs.
    bool const vague =
        reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE || reason == SSL_R_TLSV1_ALERT_DECRYPT_ERROR;
    if (certificate_wanted && vague) return cause::tls_certificate_refused;
    return cause::tls_protocol_error;
}

std::string describe_error(unsigned long error) {
    char const* const reason = ERR_reason_error_string(error);
    return reason != nullptr ? reason : "no reason known";
}

}  // namespace gateway::net
