// SPDX-License-Identifier: Apache-2.0
// The loops that look at every byte of a head: each returns the first byte in [p, end) that is not
// of its class, or `end`, and reads nothing beyond `end`. Sixteen bytes a step where SSE2 is there,
// which every x86-64 has; elsewhere one table load a byte.
#pragma once

#include "base/ascii.hpp"

#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace gateway::http::scan {

#if defined(__SSE2__)

inline __m128i load(char const* p) noexcept {
    return _mm_loadu_si128(reinterpret_cast<__m128i const*>(p));
}
inline __m128i each(int c) noexcept { return _mm_set1_epi8(static_cast<char>(c)); }
inline __m128i is(__m128i bytes, int c) noexcept { return _mm_cmpeq_epi8(bytes, each(c)); }
inline __m128i either(__m128i a, __m128i b) noexcept { return _mm_or_si128(a, b); }

// All ones where low <= byte <= high, unsigned.
inline __m128i within(__m128i bytes, int low, int high) noexcept {
    __m128i const shifted = _mm_sub_epi8(bytes, each(low));
    return _mm_cmpeq_epi8(_mm_min_epu8(shifted, each(high - low)), shifted);
}

inline __m128i text_bytes(__m128i c) noexcept {
    __m128i const not_control = _mm_cmpeq_epi8(_mm_max_epu8(c, each(0x20)), c);
    return _mm_andnot_si128(is(c, 0x7f), either(not_control, is(c, '\t')));
}
inline __m128i target_bytes(__m128i c) noexcept {
    __m128i const refused = either(either(is(c, '"'), is(c, '#')), either(is(c, '<'), is(c, '>')));
    return _mm_andnot_si128(refused, within(c, 0x21, 0x7e));
}
inline __m128i plain_name_bytes(__m128i c) noexcept {
    return either(within(either(c, each(0x20)), 'a', 'z'), is(c, '-'));
}

template <__m128i (*Class)(__m128i) noexcept>
inline char const* skip_blocks(char const* p, char const* end, bool& found) noexcept {
    for (; end - p >= 16; p += 16) {
        auto const others = static_cast<unsigned>(_mm_movemask_epi8(Class(load(p)))) ^ 0xffffU;
        if (others != 0) {
            found = true;
            return p + std::countr_zero(others);
        }
    }
    return p;
}

#endif

// Field values: HTAB, SP, VCHAR, obs-text (RFC 9110 5.5).
inline char const* skip_text(char const* p, char const* end) noexcept {
#if defined(__SSE2__)
    bool found = false;
    p = skip_blocks<text_bytes>(p, end, found);
    if (found) return p;
#endif
    while (p != end && ascii::is_text_char(*p)) ++p;
    return p;
}

// Request targets (http/target.hpp).
inline char const* skip_target(char const* p, char const* end) noexcept {
#if defined(__SSE2__)
    bool found = false;
    p = skip_blocks<target_bytes>(p, end, found);
    if (found) return p;
#endif
    while (p != end && ascii::is(*p, ascii::target_bit)) ++p;
    return p;
}

// The usual bytes of field names: letters and "-". Other tchars end it too.
inline char const* skip_plain_name(char const* p, char const* end) noexcept {
#if defined(__SSE2__)
    bool found = false;
    p = skip_blocks<plain_name_bytes>(p, end, found);
    if (found) return p;
#endif
    while (p != end && (ascii::is_alpha(*p) || *p == '-')) ++p;
    return p;
}

// A path up to what normalise_path() must look at: "%", a byte no path holds, or a "/" before
// another "/" or a ".".
inline char const* skip_normal_path(char const* p, char const* end) noexcept {
#if defined(__SSE2__)
    for (; end - p >= 17; p += 16) {
        __m128i const c = load(p);
        __m128i const next = load(p + 1);
        __m128i const refused = either(
            either(either(is(c, '?'), is(c, '\\')), either(is(c, '^'), is(c, '`'))),
            either(is(c, '{'), is(c, '}')));
        __m128i const pair = _mm_and_si128(is(c, '/'), either(is(next, '/'), is(next, '.')));
        __m128i const normal =
            _mm_andnot_si128(either(either(refused, pair), is(c, '%')), target_bytes(c));
        if (_mm_movemask_epi8(normal) != 0xffff) break;  // the loop below finds out where
    }
#endif
    for (; p != end; ++p) {
        if (*p == '%' || !ascii::is(*p, ascii::path_bit)) return p;
        if (*p == '/' && p + 1 != end && (p[1] == '/' || p[1] == '.')) return p;
    }
    return p;
}

}  // namespace gateway::http::scan
