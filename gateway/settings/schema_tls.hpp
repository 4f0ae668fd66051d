// SPDX-License-Identifier: Apache-2.0
// The rows of the schema about TLS to an upstream; a part of the table in schema.cpp.
#pragma once

#include "settings/schema_parts.hpp"

#include <array>

namespace gateway::settings {

template <class Syntax, auto Member>
inline constexpr binding towards_upstream = scalar<Syntax, &upstream::tls, Member>;

inline constexpr auto tls_rows = std::to_array<row>({
    {"upstreams.*.tls", section, unbounded, reload::live,
     "How TLS is spoken to `https://` endpoints."},
    {"upstreams.*.tls.ca", towards_upstream<pem_file, &upstream_tls::ca>, unbounded, reload::live,
     "A PEM file of the authorities to trust; revocation lists in it count. Without it the "
     "system's authorities."},
    {"upstreams.*.tls.certificate", towards_upstream<pem_file, &upstream_tls::certificate>,
     unbounded, reload::live,
     "A PEM file with the gateway's own certificate and its chain, for endpoints that ask for "
     "one."},
    {"upstreams.*.tls.key", towards_upstream<pem_file, &upstream_tls::key>, unbounded, reload::live,
     "A PEM file with the certificate's private key; without it the key stands in the "
     "certificate's file."},
    {"upstreams.*.tls.server_name", towards_upstream<server_name, &upstream_tls::server_name>,
     unbounded, reload::live,
     "The name to ask for (SNI) and to find in the certificate; without it the endpoint's host."},
    {"upstreams.*.tls.verify", towards_upstream<flag, &upstream_tls::verify>, unbounded,
     reload::live,
     "Whether the certificate must be good for the name; off accepts whoever answers."},
});

}  // namespace gateway::settings
