// SPDX-License-Identifier: Apache-2.0
// Certificates for one test, made on the spot: nothing in the tree expires.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

namespace gateway::support {

// In PEM, as files hold it.
struct identity {
    std::string certificate;
    std::string key;
};

struct certificate_wish {
    std::string subject = "origin";                                   // its CN
    std::vector<std::string> names{"DNS:localhost", "IP:127.0.0.1"};  // may be empty
    long valid_from = -3600;                                          // seconds from now
    long valid_until = 24 * 3600;
};

class authority {
public:
    explicit authority(std::string const& name = "Test CA");
    ~authority();
    authority(authority const&) = delete;
    authority& operator=(authority const&) = delete;

    std::string certificate() const;  // PEM
    identity issue(certificate_wish const& wish = {}) const;
    // A revocation list with these certificates, PEM.
    std::string revocation_of(std::vector<identity> const& revoked) const;

private:
    EVP_PKEY* key_;
    X509* certificate_;
};

identity self_signed(certificate_wish const& wish = {});

}  // namespace gateway::support
