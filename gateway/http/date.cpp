// SPDX-License-Identifier: Apache-2.0
#include "http/date.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

namespace gateway::http {
namespace {

constexpr std::int64_t last_second = 253'402'300'799;  // of the year 9999
constexpr std::string_view day_names = "SunMonTueWedThuFriSat";
constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";

char* put_text(char* at, std::string_view text) noexcept {
    return std::copy(text.begin(), text.end(), at);
}

char* put_number(char* at, unsigned value, int digits) noexcept {
    for (int i = digits; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
    return at + digits;
}

}  // namespace

void write_date(std::int64_t seconds, std::span<char, date_size> out) noexcept {
    using namespace std::chrono;
    sys_seconds const when{std::chrono::seconds{std::clamp(seconds, std::int64_t{0}, last_second)}};
    auto const day = floor<days>(when);
    year_month_day const date{day};
    hh_mm_ss const time{when - day};
    char* at = out.data();
    at = put_text(at, day_names.substr(weekday{day}.c_encoding() * 3, 3));
    at = put_text(at, ", ");
    at = put_number(at, static_cast<unsigned>(date.day()), 2);
    at = put_text(at, " ");
    at = put_text(at, month_names.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3));
    at = put_text(at, " ");
    at = put_number(at, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    at = put_text(at, " ");
    at = put_number(at, static_cast<unsigned>(time.hours().count()), 2);
    at = put_text(at, ":");
    at = put_number(at, static_cast<unsigned>(time.minutes().count()), 2);
    at = put_text(at, ":");
    at = put_number(at, static_cast<unsigned>(time.seconds().count()), 2);
    put_text(at, " GMT");
}

}  // namespace gateway::http
