// SPDX-License-Identifier: Apache-2.0
#include "admin/exposition.hpp"

#include "admin/metrics_builder.hpp"
#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace gateway::admin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricType;

constexpr std::string_view total = "_total";
constexpr std::string_view info = "_info";
constexpr double exact_integers_below = 9'007'199'254'740'992;  // 2^53

// A value of q from 0 to 1 (RFC 9110 12.4.2); what is none counts as 0.
double quality(std::string_view text) noexcept {
    double value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && value >= 0 && value <= 1 ? value : 0;
}

// The part up to `mark`, without the blanks around it; the rest stays in `text`.
std::string_view next_part(std::string_view& text, char mark) noexcept {
    auto const end = std::min(text.find(mark), text.size());
    auto const part = ascii::trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

struct media_range {
    std::string_view type;
    std::string_view version;
    double weight = 1;
};

media_range parse_range(std::string_view text) noexcept {
    media_range range{next_part(text, ';'), {}, 1};
    while (!text.empty()) {
        auto parameter = next_part(text, ';');
        auto const name = next_part(parameter, '=');
        if (ascii::equal_ignoring_case(name, "q")) range.weight = quality(ascii::trim(parameter));
        if (ascii::equal_ignoring_case(name, "version")) range.version = ascii::trim(parameter);
    }
    return range;
}

class writer {
public:
    writer(std::string& out, exposition format) : out_(out), format_(format) {}

    void write(metric_family const& family);

private:
    using exemplars = std::vector<bucket_exemplar>::const_iterator;

    bool open() const noexcept { return format_ == exposition::open_metrics; }
    void head(metric_family const& family);
    std::string_view type_word(metric_family const& family) const noexcept;
    void sample(metric_family const& family, ClientMetric const& metric);
    void histogram(metric_family const& family, std::size_t index, exemplars& next);
    void labels(metric_labels const& all, bool more_follow);
    void escaped(std::string_view text, bool quotes);
    void number(double value);
    void number(std::uint64_t value);
    std::string_view bound_text(std::size_t bucket, double bound);
    void append_exemplar(observe::exemplar const& what);

    std::string& out_;
    exposition format_;
    // The bounds are those of the histogram before, as a rule.
    std::vector<std::pair<double, std::string>> bounds_;
    std::string start_;  // of a histogram's lines
};

void writer::number(double value) {
    if (std::isnan(value)) {
        out_ += "NaN";
    } else if (std::isinf(value)) {
        out_ += value > 0 ? "+Inf" : "-Inf";
    } else if (value == std::trunc(value) && std::abs(value) < exact_integers_below) {
        std::array<char, 24> text;
        auto const end =
            std::to_chars(text.data(), text.data() + text.size(), static_cast<std::int64_t>(value));
        out_.append(text.data(), end.ptr);
    } else {
        std::array<char, 32> text;
        auto const end = std::to_chars(text.data(), text.data() + text.size(), value);
        out_.append(text.data(), end.ptr);
    }
}

void writer::number(std::uint64_t value) {
    std::array<char, 24> text;
    out_.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

void writer::escaped(std::string_view text, bool quotes) {
    for (;;) {
        auto const odd = std::min(text.find_first_of("\\\n\""), text.size());
        out_ += text.substr(0, odd);
        if (odd == text.size()) return;
        char const c = text[odd];
        if (c != '"' || quotes) out_ += '\\';
        out_ += c == '\n' ? 'n' : c;
        text.remove_prefix(odd + 1);
    }
}

// A counter whose name does not end as OpenMetrics wants it keeps its name and loses its type.
std::string_view writer::type_word(metric_family const& family) const noexcept {
    switch (family.type) {
        case MetricType::Counter:
            return open() && !family.name.ends_with(total) ? "unknown" : "counter";
        case MetricType::Gauge: return open() && family.name.ends_with(info) ? "info" : "gauge";
        case MetricType::Histogram: return "histogram";
        default: return open() ? "unknown" : "untyped";
    }
}

// OpenMetrics names a family without the suffix of its samples.
void writer::head(metric_family const& family) {
    std::string_view name = family.name;
    auto const type = type_word(family);
    if (open() && type == "counter") name.remove_suffix(total.size());
    if (type == "info") name.remove_suffix(info.size());
    out_.append("# HELP ").append(name).append(" ");
    escaped(family.help, open());
    out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void writer::labels(metric_labels const& all, bool more_follow) {
    if (all.empty() && !more_follow) return;
    out_ += '{';
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i != 0) out_ += ',';
        out_ += all[i].name;
        out_ += "=\"";
        escaped(all[i].value, true);
        out_ += '"';
    }
    if (!more_follow) {
        out_ += '}';
    } else if (!all.empty()) {
        out_ += ',';
    }
}

void writer::sample(metric_family const& family, ClientMetric const& metric) {
    out_ += family.name;
    labels(metric.label, false);
    out_ += ' ';
    switch (family.type) {
        case MetricType::Counter: number(metric.counter.value); break;
        case MetricType::Gauge: number(metric.gauge.value); break;
        default: number(metric.untyped.value); break;
    }
    out_ += '\n';
}

std::string_view writer::bound_text(std::size_t bucket, double bound) {
    if (bounds_.size() <= bucket) bounds_.resize(bucket + 1);
    auto& [known, text] = bounds_[bucket];
    if (text.empty() || known != bound) {
        auto const end = out_.size();
        number(bound);
        text.assign(out_, end).append("\"} ");
        out_.resize(end);
        known = bound;
    }
    return text;
}

void writer::append_exemplar(observe::exemplar const& what) {
    using seconds = std::chrono::duration<double>;
    out_ += " # {request_id=\"";
    escaped(what.request_id, true);
    out_ += "\"} ";
    number(seconds{what.duration}.count());
    out_ += ' ';
    std::array<char, 32> text;
    auto const end = std::to_chars(
        text.data(), text.data() + text.size(), seconds{what.at.time_since_epoch()}.count(),
        std::chars_format::fixed, 3);
    out_.append(text.data(), end.ptr);
}

void writer::histogram(metric_family const& family, std::size_t index, exemplars& next) {
    ClientMetric const& metric = family.metric[index];
    auto const begin = out_.size();
    out_.append(family.name).append("_bucket");
    labels(metric.label, true);
    out_ += "le=\"";
    start_.assign(out_, begin);
    out_.resize(begin);
    auto const& buckets = metric.histogram.bucket;
    for (std::size_t i = 0; i <= buckets.size(); ++i) {
        out_ += start_;
        if (i < buckets.size()) {
            out_ += bound_text(i, buckets[i].upper_bound);
            number(buckets[i].cumulative_count);
        } else {
            out_ += "+Inf\"} ";
            number(metric.histogram.sample_count);
        }
        if (next != family.exemplars.end() && next->metric == index && next->bucket == i) {
            if (open()) append_exemplar(next->what);
            ++next;
        }
        out_ += '\n';
    }
    out_.append(family.name).append("_sum");
    labels(metric.label, false);
    out_ += ' ';
    number(metric.histogram.sample_sum);
    out_.append("\n").append(family.name).append("_count");
    labels(metric.label, false);
    out_ += ' ';
    number(metric.histogram.sample_count);
    out_ += '\n';
}

void writer::write(metric_family const& family) {
    if (family.metric.empty()) return;
    head(family);
    auto next = family.exemplars.begin();
    for (std::size_t i = 0; i < family.metric.size(); ++i) {
        if (family.type == MetricType::Histogram) {
            histogram(family, i, next);
        } else {
            sample(family, family.metric[i]);
        }
    }
}

}  // namespace

exposition exposition_for(std::string_view accept) noexcept {
    double open = 0;
    double plain = 0;
    std::string_view element;
    while (ascii::next_element(accept, element)) {
        auto const range = parse_range(element);
        bool const known =
            range.version.empty() || range.version == "1.0.0" || range.version == "0.0.1";
        if (ascii::equal_ignoring_case(range.type, "application/openmetrics-text") && known) {
            open = std::max(open, range.weight);
        } else if (ascii::equal_ignoring_case(range.type, "text/plain")) {
            plain = std::max(plain, range.weight);
        }
    }
    return open > 0 && open >= plain ? exposition::open_metrics : exposition::prometheus;
}

std::string_view content_type_of(exposition format) noexcept {
    return format == exposition::open_metrics
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

std::string written(page const& what, exposition format) {
    std::string out;
    out.reserve(256 * 1024);
    writer to{out, format};
    for (auto const& family : what.families()) to.write(family);
    if (format == exposition::open_metrics) out += "# EOF\n";
    return out;
}

}  // namespace gateway::admin
