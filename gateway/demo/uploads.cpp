// SPDX-License-Identifier: Apache-2.0
#include "demo/uploads.hpp"

#include "demo/answers.hpp"
#include "demo/json.hpp"
#include "demo/multipart.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace gateway::demo {
namespace {

constexpr std::string_view prefix = "/uploads/";

std::string described(upload_store::entry const& one) {
    return "{\"name\":" + json_string(one.name) + ",\"bytes\":" + std::to_string(one.bytes) +
           ",\"type\":" + json_string(media_type_of(one.name)) +
           ",\"url\":" + json_string(std::string(prefix) + percent_encoded(one.name)) + '}';
}

std::string described(std::vector<upload_store::entry> const& all) {
    std::string out;
    for (auto const& one : all) {
        if (!out.empty()) out += ',';
        out += described(one);
    }
    return '[' + out + ']';
}

// Stores the files of a form; its other fields are read past.
class form_receiver : public multipart::sink {
public:
    explicit form_receiver(upload_store& store) : store_(store) {}

    void part_begins(multipart::part_head const& head) override {
        // Browsers send an empty file name for a file input that was left empty (HTML, 4.10.21.5).
        if (full_ || !head.filename || head.filename->empty()) return;
        name_ = safe_name(*head.filename);
        file_ = std::make_unique<upload_store::incoming>(store_);
    }
    void part_bytes(std::string_view bytes) override {
        if (file_ && !file_->write(bytes)) refuse();
    }
    void part_ends() override {
        if (!file_) return;
        upload_store::entry const entry{name_, file_->bytes()};
        if (file_->commit(name_) == store_outcome::full) return refuse();
        file_.reset();
        stored_.push_back(entry);
    }

    bool full() const noexcept { return full_; }
    std::vector<upload_store::entry> const& stored() const noexcept { return stored_; }

private:
    void refuse() {
        full_ = true;
        file_.reset();
    }

    upload_store& store_;
    std::unique_ptr<upload_store::incoming> file_;
    std::string name_;
    std::vector<upload_store::entry> stored_;
    bool full_ = false;
};

awaitable<void> reply_full(connection& client) {
    co_await reply_problem(client, 507, "the demo keeps no more files than this");
}

}  // namespace

awaitable<void> uploads::answer(connection& client) {
    auto const& asked = client.request();
    auto const name = percent_decoded(asked.path().substr(prefix.size()));
    auto const reads = asked.method == "GET" || asked.method == "HEAD";
    if (name.empty()) {
        if (reads) return list(client);
        if (asked.method == "POST") return receive_form(client);
        return reply_method_not_allowed(client, "GET, HEAD, POST");
    }
    if (reads) return serve(client, name);
    if (asked.method == "PUT") return receive_file(client, safe_name(name));
    if (asked.method == "DELETE") return remove(client, name);
    return reply_method_not_allowed(client, "GET, HEAD, PUT, DELETE");
}

awaitable<void> uploads::list(connection& client) {
    auto const body = "{\"files\":" + described(store_.entries()) +
                      ",\"room_bytes\":" + std::to_string(store_.room()) + "}\n";
    co_await reply_json(client, 200, body);
}

awaitable<void> uploads::receive_form(connection& client) {
    auto const boundary = multipart::boundary_of(client.request().find("Content-Type"));
    if (!boundary) {
        co_await reply_problem(client, 415, "POST takes multipart/form-data with a boundary");
        co_return;
    }
    // A form is a little larger than its files, but no form this large can fit.
    if (client.request().length.value_or(0) > store_.room() + 1_MiB) {
        co_await reply_full(client);
        co_return;
    }
    form_receiver receiver(store_);
    multipart::parser parser(*boundary, receiver);
    auto problem = multipart::problem::none;
    std::vector<char> room(piece_bytes);
    while (problem == multipart::problem::none && !receiver.full()) {
        auto const size = co_await client.read_body(room);
        if (size == 0) break;
        problem = parser.feed({room.data(), size});
    }
    if (receiver.full()) {
        co_await reply_full(client);
        co_return;
    }
    if (problem == multipart::problem::none) problem = parser.finish();
    if (problem != multipart::problem::none) {
        co_await reply_problem(client, 400, "multipart: " + std::string(word_of(problem)));
        co_return;
    }
    auto const body = "{\"files\":" + described(receiver.stored()) + "}\n";
    co_await reply_json(client, receiver.stored().empty() ? 200 : 201, body);
}

awaitable<void> uploads::receive_file(connection& client, std::string name) {
    if (client.request().length.value_or(0) > store_.room()) {
        co_await reply_full(client);
        co_return;
    }
    upload_store::incoming file(store_);
    std::vector<char> room(piece_bytes);
    auto fits = true;
    while (fits) {
        auto const size = co_await client.read_body(room);
        if (size == 0) break;
        fits = file.write({room.data(), size});
    }
    upload_store::entry const entry{name, file.bytes()};
    auto const outcome = fits ? file.commit(name) : store_outcome::full;
    if (outcome == store_outcome::full) {
        co_await reply_full(client);
        co_return;
    }
    response answer;
    answer.status = outcome == store_outcome::stored ? 201 : 200;
    answer.set("Content-Type", "application/json")
        .set("Location", std::string(prefix) + percent_encoded(name));
    auto const body = described(entry) + '\n';
    co_await client.reply(answer, body);
}

awaitable<void> uploads::serve(connection& client, std::string name) {
    auto const entry = store_.find(name);
    auto const file = store_.open(name);
    if (!entry || !file) {
        co_await reply_problem(client, 404, "no such file");
        co_return;
    }
    response answer;
    // A stranger's file is shown on the page's own origin: nothing in it may run there.
    answer.set("Content-Type", media_type_of(name))
        .set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'")
        .set("X-Content-Type-Options", "nosniff")
        .set("Cache-Control", "no-cache");
    co_await client.begin(answer, entry->bytes);
    std::vector<char> room(piece_bytes);
    auto left = client.request().method == "HEAD" ? 0 : entry->bytes;
    while (left > 0) {
        auto const size = std::fread(room.data(), 1, room.size(), file.get());
        // A length was promised: only closing early tells the client that it is not kept.
        if (size == 0) throw std::system_error(std::make_error_code(std::errc::io_error));
        co_await client.write({room.data(), size});
        left -= size;
    }
}

awaitable<void> uploads::remove(connection& client, std::string name) {
    if (!store_.remove(name)) {
        co_await reply_problem(client, 404, "no such file");
        co_return;
    }
    response answer;
    answer.status = 204;
    co_await client.reply(answer);
}

}  // namespace gateway::demo
