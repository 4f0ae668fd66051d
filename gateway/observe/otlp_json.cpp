// SPDX-License-Identifier: Apache-2.0
#include "observe/otlp_json.hpp"

#include "observe/json_line.hpp"

#include <array>
#include <string>

namespace gateway::observe {
namespace {

// Of the protocol's enumerations, which JSON writes as numbers.
constexpr int kind_server = 2;
constexpr int kind_client = 3;
constexpr char const* status_error = "2";

void append_text(std::string& out, std::string_view text) {
    // Six bytes for each at most, as \u00XX.
    std::size_t const begin = out.size();
    out.resize(begin + 2 + text.size() * 6);
    char* const to = out.data() + begin;
    *to = '"';
    bool truncated = false;
    char* end = append_escaped(to + 1, out.data() + out.size() - 1, text, truncated);
    *end++ = '"';
    out.resize(static_cast<std::size_t>(end - out.data()));
}

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
    out.append("{\"key\":");
    append_text(out, name);
    out.append(",\"value\":{\"stringValue\":");
    append_text(out, value);
    out.append("}}");
}

std::string head_of(otlp_batch::attributes const& resource, std::string_view version) {
    std::string out{R"({"resourceSpans":[{"resource":{"attributes":[)"};
    bool first = true;
    for (auto const& [name, value] : resource) {
        if (!std::exchange(first, false)) out.push_back(',');
        append_attribute(out, name, value);
    }
    out.append(R"(]},"scopeSpans":[{"scope":{"name":"gateway","version":)");
    append_text(out, version);
    return out.append("},\"spans\":[");
}

struct authority {
    std::string_view host;
    std::string_view port;  // empty: none is told
};

// "[::1]:80" gives ::1 and 80.
authority split(std::string_view text) {
    std::size_t const bracket = text.rfind(']');
    std::size_t const colon = text.rfind(':');
    bool const has_port =
        colon != text.npos && (bracket == text.npos ? text.find(':') == colon : colon > bracket);
    authority out{text.substr(0, has_port ? colon : text.npos), {}};
    if (has_port) out.port = text.substr(colon + 1);
    if (out.host.starts_with('[') && out.host.ends_with(']')) {
        out.host = out.host.substr(1, out.host.size() - 2);
    }
    return out;
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Any other word of a client's would make names without end.
bool is_known(std::string_view method) {
    constexpr std::array<std::string_view, 9> known{"GET",   "HEAD",    "POST",  "PUT",    "DELETE",
                                                    "PATCH", "OPTIONS", "TRACE", "CONNECT"};
    for (std::string_view const each : known) {
        if (each == method) return true;
    }
    return false;
}

}  // namespace

otlp_batch::otlp_batch(
    attributes const& resource, std::string_view version, std::vector<std::string> const& redacted)
    : head_(head_of(resource, version)), secrets_(redacted) {}

std::string otlp_batch::take() {
    out_.append("]}]}]}");
    spans_ = 0;
    return std::exchange(out_, {});
}

void otlp_batch::add(span const& one) {
    if (spans_++ == 0) {
        out_ = head_;
    } else {
        out_.push_back(',');
    }
    bool const server = one.kind == span_kind::server;
    out_.append("{\"traceId\":");
    append_text(out_, one.trace_id);
    out_.append(",\"spanId\":");
    append_text(out_, one.id);
    if (!one.parent.empty()) {
        out_.append(",\"parentSpanId\":");
        append_text(out_, one.parent);
    }
    // "{method} {route}", and no route where there is none (semantic conventions, HTTP, name).
    std::string name{is_known(one.method) ? std::string_view{one.method} : "HTTP"};
    if (server && !one.path.empty()) name.append(" ").append(one.path);
    out_.append(",\"name\":");
    append_text(out_, name);
    out_.append(",\"kind\":").append(std::to_string(server ? kind_server : kind_client));
    out_.append(",\"startTimeUnixNano\":\"").append(std::to_string(one.begin_ns));
    out_.append("\",\"endTimeUnixNano\":\"").append(std::to_string(one.end_ns));
    out_.append("\",\"attributes\":[");
    first_attribute_ = true;
    if (is_known(one.method)) {
        text("http.request.method", one.method);
    } else if (!one.method.empty()) {
        text("http.request.method", "_OTHER");
        text("http.request.method_original", one.method);
    }
    if (server) {
        add_server_facts(one);
    } else {
        add_client_facts(one);
    }
    add_outcome(one);
    out_.append("}");
}

void otlp_batch::add_url(span const& one) {
    std::string_view const shown = secrets_.hide(one.target);
    std::size_t const query = shown.find('?');
    text("url.scheme", "http");
    text("url.path", shown.substr(0, query));
    if (query != shown.npos) text("url.query", shown.substr(query + 1));
}

void otlp_batch::add_server_facts(span const& one) {
    if (!one.target.empty()) add_url(one);
    auto const [host, port] = split(one.host);
    if (!host.empty()) text("server.address", host);
    if (is_port(port)) number("server.port", std::stoul(std::string{port}));
    if (!one.path.empty()) text("http.route", one.path);
    if (!one.client.empty()) text("client.address", one.client);
    if (!one.user_agent.empty()) text("user_agent.original", one.user_agent);
    text("network.protocol.version", one.http_1_0 ? "1.0" : "1.1");
    if (!one.route.empty()) text("gateway.route", one.route);
    if (!one.upstream.empty()) text("gateway.upstream", one.upstream);
    if (!one.endpoint.empty()) text("gateway.endpoint", one.endpoint);
    if (one.resend != 0) number("gateway.attempts", one.resend);
    if (!one.retry.empty()) text("gateway.retry", one.retry);
    text("gateway.request_id", one.request_id);
}

void otlp_batch::add_client_facts(span const& one) {
    auto const [host, port] = split(one.endpoint);
    text("server.address", host);
    if (is_port(port)) number("server.port", std::stoul(std::string{port}));
    std::string url{one.tls ? "https://" : "http://"};
    url.append(one.endpoint).append(secrets_.hide(one.target));
    text("url.full", url);
    text("network.protocol.version", "1.1");
    text("gateway.upstream", one.upstream);
    flag("gateway.connection.reused", one.reused);
    if (one.resend != 0) number("http.request.resend_count", one.resend);
    if (!one.retry.empty()) text("gateway.retry", one.retry);
}

// What a client did wrong is no error of a server's span; that of a client span, ours, is.
void otlp_batch::add_outcome(span const& one) {
    if (one.status != 0) number("http.response.status_code", one.status);
    unsigned const error_from = one.kind == span_kind::server ? 500 : 400;
    bool const failed = one.status >= error_from ||
                        (one.why != cause::none && facts_of(one.why).fault != source::downstream &&
                         (one.kind == span_kind::client || one.status < 400));
    if (one.why != cause::none) text("gateway.cause", word_of(one.why));
    if (failed) {
        std::string const status = std::to_string(one.status);
        text("error.type", one.why != cause::none ? word_of(one.why) : status);
    }
    out_.append("]");
    if (!failed) return;
    out_.append(",\"status\":{\"code\":").append(status_error);
    if (one.why != cause::none) {
        out_.append(",\"message\":");
        append_text(out_, facts_of(one.why).advice);
    }
    out_.append("}");
}

void otlp_batch::begin_attribute(std::string_view name) {
    if (!std::exchange(first_attribute_, false)) out_.push_back(',');
    out_.append("{\"key\":\"").append(name).append("\",\"value\":{");
}

void otlp_batch::text(std::string_view name, std::string_view value) {
    begin_attribute(name);
    out_.append("\"stringValue\":");
    append_text(out_, value);
    out_.append("}}");
}

// A 64-bit integer stands in quotes (protobuf's JSON mapping).
void otlp_batch::number(std::string_view name, std::uint64_t value) {
    begin_attribute(name);
    out_.append("\"intValue\":\"").append(std::to_string(value)).append("\"}}");
}

void otlp_batch::flag(std::string_view name, bool value) {
    begin_attribute(name);
    out_.append("\"boolValue\":").append(value ? "true" : "false").append("}}");
}

}  // namespace gateway::observe
