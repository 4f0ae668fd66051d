// SPDX-License-Identifier: Apache-2.0
#include "http/error_reply.hpp"

#include "base/ascii.hpp"
#include "http/proxy_status.hpp"

#include <algorithm>

namespace gateway::http {
namespace {

void append_json_text(std::string& out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x7f) {
            out.append("\\u00").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
        } else {
            if (c == '"' || c == '\\') out.push_back('\\');
            out.push_back(c);
        }
    }
}

void append_html_text(std::string& out, std::string_view text) {
    for (char const c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out.push_back(ascii::is_text_char(c) && c > 0 ? c : '?');
        }
    }
}

std::string json_body(reply_request const& reply, unsigned status) {
    auto const& facts = facts_of(reply.why);
    std::string body = "{\"status\":" + std::to_string(status) + ",\"error\":\"";
    append_json_text(body, reason_phrase(status));
    body += "\",\"cause\":\"";
    append_json_text(body, facts.word);
    body += "\",\"message\":\"";
    append_json_text(body, facts.advice);
    body += "\",\"request_id\":\"";
    append_json_text(body, reply.request_id);
    body += "\"}\n";
    return body;
}

std::string html_body(reply_request const& reply, unsigned status) {
    auto const& facts = facts_of(reply.why);
    std::string title = std::to_string(status) + ' ';
    append_html_text(title, reason_phrase(status));
    std::string body =
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" +
        title +
        "</title>\n<style>\n"
        ":root{color-scheme:light dark}\n"
        "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:18vh auto;padding:0 1rem}\n"
        "h1{font-size:1.4rem;margin:0}\np{margin:.5rem 0}\n"
        "small{opacity:.7;font-family:ui-monospace,monospace;overflow-wrap:anywhere}\n"
        "</style>\n<h1>" +
        title + "</h1>\n<p>";
    append_html_text(body, facts.advice);
    body += "</p>\n<small>";
    append_html_text(body, facts.word);
    if (!reply.request_id.empty()) {
        body += " &middot; ";
        append_html_text(body, reply.request_id);
    }
    body += "</small>\n</html>\n";
    return body;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

void append_begin(std::string& out, reply_request const& reply, unsigned status) {
    out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
    out.append(reason_phrase(status)).append("\r\n");
    if (!reply.date.empty()) append_field(out, "Date", reply.date);
}

// Everything from Cache-Control to the blank line.
void append_rest(std::string& out, reply_request const& reply, cause why) {
    append_field(out, "Cache-Control", "no-store");
    append_field(out, "X-Content-Type-Options", "nosniff");
    out += "Proxy-Status: ";
    append_proxy_status(out, why, why == cause::none ? std::uint16_t{0} : reply.received);
    out += "\r\n";
    if (!reply.request_id.empty()) append_field(out, "X-Request-Id", reply.request_id);
    for (auto const& [name, value] : reply.extra) append_field(out, name, value);
    if (reply.close) {
        append_field(out, "Connection", "close");
    } else if (reply.keep_alive) {
        append_field(out, "Connection", "keep-alive");
    }
    out += "\r\n";
}

// How much a media range is wanted, in thousandths (RFC 9110 12.4.2); `named` tells how exactly it
// was named: 2 type and subtype, 1 the type alone, 0 only by "*/*", -1 not at all.
struct preference {
    int weight = 0;
    int named = -1;
};

int weight_of(std::string_view parameters) noexcept {
    for (auto at = parameters.find(';'); at != std::string_view::npos;) {
        parameters.remove_prefix(at + 1);
        at = parameters.find(';');
        auto const parameter = ascii::trim(parameters.substr(0, at));
        if (parameter.size() < 3 || ascii::lower(parameter[0]) != 'q' || parameter[1] != '=') {
            continue;
        }
        if (parameter[2] != '0') return 1000;
        int weight = 0;
        int unit = 100;
        for (std::size_t i = 4; i < parameter.size() && i < 7; ++i, unit /= 10) {
            if (!ascii::is_digit(parameter[i])) break;
            weight += unit * (parameter[i] - '0');
        }
        return weight;
    }
    return 1000;
}

preference preference_for(
    std::string_view accept, std::string_view type, std::string_view every_subtype) noexcept {
    preference best;
    for (std::string_view range; ascii::next_element(accept, range);) {
        auto const name = ascii::trim(range.substr(0, range.find(';')));
        int const named = ascii::equal_ignoring_case(name, type)            ? 2
                          : ascii::equal_ignoring_case(name, every_subtype) ? 1
                          : name == "*/*"                                   ? 0
                                                                            : -1;
        if (named > best.named) best = {weight_of(range), named};
    }
    return best;
}

}  // namespace

bool prefers_html(std::string_view accept) noexcept {
    auto const html = preference_for(accept, "text/html", "text/*");
    auto const json = preference_for(accept, "application/json", "application/*");
    if (html.weight != json.weight) return html.weight > json.weight;
    return html.weight > 0 && html.named > json.named;
}

void append_error_reply(std::string& out, reply_request const& reply) {
    unsigned const status = reply.status != 0 ? reply.status : status_of(reply.why);
    bool const html = prefers_html(reply.accept);
    auto const body = html ? html_body(reply, status) : json_body(reply, status);
    out.reserve(out.size() + body.size() + 512);
    append_begin(out, reply, status);
    append_field(
        out, "Content-Type",
        html ? std::string_view{"text/html; charset=utf-8"} : std::string_view{"application/json"});
    append_field(out, "Content-Length", std::to_string(body.size()));
    append_rest(out, reply, reply.why);
    if (!reply.head_only) out += body;
}

void append_own_answer(
    std::string& out, reply_request const& reply, std::string_view type, std::string_view body) {
    append_begin(out, reply, 200);
    if (!type.empty()) append_field(out, "Content-Type", type);
    append_field(out, "Content-Length", std::to_string(body.size()));  // RFC 9110 9.3.7: also 0
    append_rest(out, reply, cause::none);
    if (!reply.head_only) out += body;
}

}  // namespace gateway::http
