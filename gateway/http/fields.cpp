// SPDX-License-Identifier: Apache-2.0
#include "http/fields.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace gateway::http {
namespace {

constexpr std::array<std::string_view, field_id_count> spellings{
    "",
    "",
    "Accept",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "Expect",
    "Forwarded",
    "Host",
    "HTTP2-Settings",
    "Keep-Alive",
    "Location",
    "Max-Forwards",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
    "Proxy-Authorization",
    "Proxy-Connection",
    "",
    "Proxy-Status",
    "Referer",
    "Retry-After",
    "Server",
    "TE",
    "traceparent",
    "tracestate",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "Via",
    "X-Amzn-Trace-Id",
    "X-Forwarded",
    "X-Forwarded-By",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
    "X-Real-IP",
    "X-Request-ID",
};

// A block of bytes with bit 0x20 set in each: the lower case of letters, and harmless for the
// digits and hyphens of the names above, which have that bit already. The other bytes that become
// one of these, such as CR, are no tchar and so not in a name.
template <class Word>
Word folded(char const* p) noexcept {
    Word word;
    std::memcpy(&word, p, sizeof word);
    return word | static_cast<Word>(0x2020202020202020ULL);
}

template <class Word, std::size_t Size>
bool same_blocks(char const* name, char const* want) noexcept {
    bool same = true;
    for (std::size_t i = 0; i + sizeof(Word) <= Size; i += sizeof(Word)) {
        same &= folded<Word>(name + i) == folded<Word>(want + i);
    }
    constexpr std::size_t last = Size - sizeof(Word);  // overlaps the block before it
    return same && folded<Word>(name + last) == folded<Word>(want + last);
}

// Both of Size bytes. `want` is a literal, so its words are constants.
template <std::size_t Terminated>
inline bool same(std::string_view name, char const (&want)[Terminated]) noexcept {
    constexpr std::size_t size = Terminated - 1;
    if constexpr (size >= 8) {
        return same_blocks<std::uint64_t, size>(name.data(), want);
    } else if constexpr (size >= 4) {
        return same_blocks<std::uint32_t, size>(name.data(), want);
    } else {
        return same_blocks<std::uint16_t, size>(name.data(), want);
    }
}

// Which family a name belongs to that is none of those listed.
field_id family_of(std::string_view name) noexcept {
    if (name.size() < 5) return field_id::other;
    char const first = ascii::lower(name[0]);
    if (first == 'x') {
        constexpr std::size_t prefix = 12;
        bool const forwarded =
            name.size() >= prefix && same(name.substr(0, prefix), "x-forwarded-");
        return forwarded ? field_id::x_forwarded_other : field_id::other;
    }
    bool const proxy =
        first == 'p' && same(name.substr(0, 5), "proxy") && (name.size() == 5 || name[5] == '-');
    return proxy ? field_id::proxy_other : field_id::other;
}

field_id listed_id_of(std::string_view name) noexcept {
    using enum field_id;
    switch (name.size()) {
        case 2: return same(name, "te") ? te : other;
        case 3: return same(name, "via") ? via : other;
        case 4: return same(name, "host") ? host : same(name, "date") ? date : other;
        case 6:
            return same(name, "accept")   ? accept
                   : same(name, "server") ? server
                   : same(name, "expect") ? expect
                                          : other;
        case 7:
            return same(name, "referer")   ? referer
                   : same(name, "upgrade") ? upgrade
                   : same(name, "trailer") ? trailer
                                           : other;
        case 8: return same(name, "location") ? location : other;
        case 9:
            return same(name, "x-real-ip")   ? x_real_ip
                   : same(name, "forwarded") ? forwarded
                                             : other;
        case 10:
            return same(name, "connection")   ? connection
                   : same(name, "user-agent") ? user_agent
                   : same(name, "keep-alive") ? keep_alive
                   : same(name, "tracestate") ? tracestate
                                              : other;
        case 11:
            return same(name, "retry-after")   ? retry_after
                   : same(name, "x-forwarded") ? x_forwarded
                   : same(name, "traceparent") ? traceparent
                                               : other;
        case 12:
            return same(name, "content-type")   ? content_type
                   : same(name, "x-request-id") ? x_request_id
                   : same(name, "max-forwards") ? max_forwards
                   : same(name, "proxy-status") ? proxy_status
                                                : other;
        case 14:
            return same(name, "content-length")   ? content_length
                   : same(name, "http2-settings") ? http2_settings
                   : same(name, "x-forwarded-by") ? x_forwarded_by
                                                  : other;
        case 15:
            return same(name, "x-forwarded-for")   ? x_forwarded_for
                   : same(name, "x-amzn-trace-id") ? x_amzn_trace_id
                                                   : other;
        case 16:
            return same(name, "x-forwarded-host")   ? x_forwarded_host
                   : same(name, "x-forwarded-port") ? x_forwarded_port
                   : same(name, "proxy-connection") ? proxy_connection
                                                    : other;
        case 17:
            return same(name, "transfer-encoding")   ? transfer_encoding
                   : same(name, "x-forwarded-proto") ? x_forwarded_proto
                                                     : other;
        case 18:
            return same(name, "x-forwarded-prefix")   ? x_forwarded_prefix
                   : same(name, "x-forwarded-server") ? x_forwarded_server
                   : same(name, "proxy-authenticate") ? proxy_authenticate
                                                      : other;
        case 19: return same(name, "proxy-authorization") ? proxy_authorization : other;
        case 25: return same(name, "proxy-authentication-info") ? proxy_authentication_info : other;
        default: return other;
    }
}

bool joins(char c) noexcept { return c != '-' && !ascii::is_alpha(c) && !ascii::is_digit(c); }

}  // namespace

field_id plain_id_of(std::string_view name) noexcept {
    field_id const id = listed_id_of(name);
    return id == field_id::other ? family_of(name) : id;
}

field_id id_of(std::string_view name) noexcept {
    field_id const id = plain_id_of(name);
    if (std::none_of(name.begin(), name.end(), joins)) return id;
    // Longer than any name listed; of a family the beginning is enough.
    std::array<char, 32> hyphenated;
    std::string_view const begin = name.substr(0, hyphenated.size());
    std::replace_copy_if(begin.begin(), begin.end(), hyphenated.begin(), joins, '-');
    std::string_view const plain{hyphenated.data(), begin.size()};
    bool const whole = begin.size() == name.size();
    field_id const twin = whole ? plain_id_of(plain) : family_of(plain);
    if (twin == field_id::other) return id;
    // "Proxy-A.b" and "X-Forwarded-A.b" are of the family as they stand.
    return id == twin ? id : field_id::alias;
}

std::string_view name_of(field_id id) noexcept { return spellings[static_cast<std::size_t>(id)]; }

bool is_forwarding(field_id id) noexcept {
    using enum field_id;
    return id == forwarded || id == x_real_ip || (id >= x_forwarded && id <= x_forwarded_server);
}

}  // namespace gateway::http
