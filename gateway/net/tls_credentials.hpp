// SPDX-License-Identifier: Apache-2.0
// Whom we believe and who we are, read from files once for the whole process: trust anchors, a
// certificate with its chain, a private key. Immutable, so every core's contexts may share them.
#pragma once

#include "settings/settings.hpp"

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// The one type that openssl/types.h leaves out.
typedef struct ssl_session_st SSL_SESSION;

namespace gateway::net {

// Frees what OpenSSL made.
struct tls_release {
    void operator()(X509_STORE* store) const noexcept;
    void operator()(X509* certificate) const noexcept;
    void operator()(EVP_PKEY* key) const noexcept;
    void operator()(SSL_CTX* context) const noexcept;
    void operator()(SSL_SESSION* session) const noexcept;
};

// What is wrong with a file.
struct tls_problem {
    std::string key;  // of the setting, e.g. "ca"
    std::string file;
    std::string expected;
    std::string why;
};

class tls_credentials {
public:
    explicit tls_credentials(settings::upstream_tls const& wanted);
    ~tls_credentials();
    tls_credentials(tls_credentials const&) = delete;
    tls_credentials& operator=(tls_credentials const&) = delete;

    // Empty when everything could be read and fits together.
    std::vector<tls_problem> const& problems() const noexcept { return problems_; }

    // When our own certificate expires, in seconds since 1970; nothing when there is none.
    std::optional<std::int64_t> expires_at() const noexcept;
    // Equal for equal files; says whether a reload brought other ones.
    std::string const& fingerprint() const noexcept { return fingerprint_; }

    // Into a context of this core. False (with OpenSSL's error queue saying why) when it does not
    // take them.
    bool install(SSL_CTX* context) const noexcept;

private:
    void read_trust(std::string const& path);
    void read_certificate(std::string const& path);
    void read_key(std::string const& path, bool own_file);
    void remember(std::string const& path);
    void note(char const* key, std::string const& file, char const* expected, std::string why);

    std::unique_ptr<X509_STORE, tls_release> trust_;
    std::vector<std::unique_ptr<X509, tls_release>> certificates_;  // our own first, then its chain
    std::unique_ptr<EVP_PKEY, tls_release> key_;
    std::vector<tls_problem> problems_;
    std::string fingerprint_;
};

// Those of all upstreams that have an https:// endpoint, by the upstream's index.
class tls_store {
public:
    tls_store() = default;
    // Throws std::runtime_error at the first file that is wrong: see tls_problems.
    explicit tls_store(settings::snapshot const& wanted);

    // Null when the upstream speaks plain HTTP only.
    tls_credentials const* of(std::size_t upstream) const noexcept {
        return upstream < all_.size() ? all_[upstream].get() : nullptr;
    }

private:
    std::vector<std::unique_ptr<tls_credentials>> all_;
};

bool wants_tls(settings::upstream const& one) noexcept;

}  // namespace gateway::net
