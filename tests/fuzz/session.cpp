// SPDX-License-Identifier: Apache-2.0
// Whole sessions: clients and an origin that say whatever the input says, then one honest client.
//
// The input is a script. Plain bytes go to whom the last "`c" or "`o" named; a backtick and a
// letter are an act:
//   `c `o  what follows is said by the client, by the origin     `n  a new client
//   `f `r  the client ends in order, by reset                    `F `R `X  so does the origin;
//                                                                   X: having acknowledged nothing
//   `w `W  the client, the origin stops reading                  `u  both read again
//   `t `T  a tenth of a second passes, a minute passes           `x  the next connect is refused
//   `p `O  the other client, the other upstream connection
// What the origin says before it was asked waits for the first request, unless a connection is
// there.
//
// Whatever happened: each client got whole responses that the origin or the gateway made, in order,
// or sees that the last one broke off; what went upstream are well-formed requests; the honest
// client gets its own answer; and nothing is left behind.
#include "base/check.hpp"
#include "harness/conversation.hpp"
#include "harness/scene.hpp"

#include <algorithm>

namespace gateway::fuzz {
namespace {

constexpr std::string_view secret = "whispered-to-the-honest-one";
constexpr std::string_view honest_target = "/honest";
constexpr std::size_t clients_max = 4;

class play {
public:
    explicit play(scene& on) : on_(on) { on_.connect_client(); }

    void run(std::string_view script);
    void check_clients();
    void check_honest_client();

private:
    void say(std::string_view bytes);
    void act(char what);
    void let_origin_speak();
    simulated_link& client() { return *on_.clients()[client_]; }
    simulated_link* origin();

    scene& on_;
    std::uint64_t const settled_before_ = on_.exchanges_settled();
    std::size_t players_ = 1;
    std::size_t client_ = 0;
    std::size_t origin_back_ = 0;  // counted from the newest connection
    bool origin_speaks_ = false;
    std::string unspoken_;  // by the origin
};

simulated_link* play::origin() {
    std::vector<simulated_link*> open;
    for (auto* const each : on_.upstream()) {
        if (!each->closed && !each->finished && !each->was_reset) open.push_back(each);
    }
    return open.empty() ? nullptr : open[open.size() - 1 - origin_back_ % open.size()];
}

void play::let_origin_speak() {
    simulated_link* const to = origin();
    if (unspoken_.empty() || to == nullptr || to->received.empty()) return;
    to->send(std::exchange(unspoken_, {}));
    on_.settle();
}

void play::say(std::string_view bytes) {
    if (bytes.empty()) return;
    if (!origin_speaks_) {
        client().send(bytes);
    } else {
        unspoken_ += bytes;
    }
    on_.settle();
    let_origin_speak();
}

void play::act(char what) {
    simulated_link* const at_origin = origin();
    switch (what) {
        case 'c': origin_speaks_ = false; break;
        case 'o': origin_speaks_ = true; break;
        case 'n':
            origin_speaks_ = false;
            if (on_.clients().size() == clients_max) break;
            on_.connect_client();
            client_ = on_.clients().size() - 1;
            break;
        case 'p': client_ = (client_ + 1) % on_.clients().size(); break;
        case 'O': ++origin_back_; break;
        case 'f': client().finish(); break;
        case 'r': client().reset(); break;
        case 'w': client().stop_reading(); break;
        case 'x': on_.refuse_next_connect(); break;
        case 't': on_.pass(milliseconds{100}); break;
        case 'T': on_.pass(milliseconds{60'500}); break;
        case 'u':
            for (auto* const each : on_.clients()) each->read_all();
            for (auto* const each : on_.upstream()) each->read_all();
            break;
        case 'F':
            if (at_origin != nullptr) at_origin->finish();
            break;
        case 'R':
            if (at_origin != nullptr) at_origin->reset();
            break;
        case 'X':
            if (at_origin != nullptr) at_origin->reset(true);
            break;
        case 'W':
            if (at_origin != nullptr) at_origin->stop_reading();
            break;
        default: say(std::string{'`', what}); return;
    }
    on_.settle();
    let_origin_speak();
}

void play::run(std::string_view script) {
    for (std::size_t begin = 0; begin < script.size();) {
        auto const mark = std::min(script.find('`', begin), script.size());
        say(script.substr(begin, mark - begin));
        if (mark + 1 < script.size()) act(script[mark + 1]);
        begin = mark + 2;
    }
    players_ = on_.clients().size();
    // From here on everybody reads.
    act('u');
    for (int i = 0; i < 1000 && on_.anyone_waits_for_room(); ++i) act('u');
}

// The origin's responses of the whole play.
std::vector<said_response> all_responses(scene const& on) {
    std::vector<said_response> all;
    for (auto const* const each : on.upstream()) {
        auto made = responses_over(*each, requests_over(*each));
        std::move(made.begin(), made.end(), std::back_inserter(all));
    }
    return all;
}

bool stems_from(said_response const& got, said_response const& made) {
    if (got.status != made.status) return false;
    // A whole one, or the begin of one.
    return got.whole ? made.whole && got.body == made.body : made.body.starts_with(got.body);
}

void play::check_clients() {
    auto const made = all_responses(on_);
    std::size_t finals = 0;
    for (std::size_t i = 0; i < players_; ++i) {
        auto const* const each = on_.clients()[i];
        GATEWAY_CHECK(each->received.find(secret) == std::string::npos);
        auto const to_head = head_requests_of(each->sent);
        bool tunnelled = false;
        auto const responses = responses_to(*each, to_head, tunnelled);
        // One more than requests: the reply to one that is malformed or late.
        GATEWAY_CHECK(responses.size() <= to_head.size() + 1);
        finals += responses.size();
        for (auto const& got : responses) {
            if (got.from_gateway) continue;
            GATEWAY_CHECK(std::any_of(
                made.begin(), made.end(), [&](auto const& one) { return stems_from(got, one); }));
        }
    }
    GATEWAY_CHECK(finals <= on_.exchanges_settled() - settled_before_);
}

// A client that does everything right gets its own answer, whatever the others left behind. From
// here on the origin is honest, too.
void play::check_honest_client() {
    std::string const request =
        "GET " + std::string{honest_target} + " HTTP/1.1\r\nHost: honest\r\n\r\n";
    std::string const answer =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(secret.size()) + "\r\n\r\n" +
        std::string{secret};
    simulated_link& honest = on_.connect_client();
    honest.send(request);
    on_.settle();
    std::vector<simulated_link*> answered;
    // It may have to wait in the line: a connect is refused, or others wait already. Then it is
    // connected at a later tick, or answered when it has waited for as long as it may.
    for (milliseconds waited{0}; waited <= on_.longest_wait_in_line() && honest.received.empty();
         waited += runtime::core::tick) {
        for (auto* const each : on_.upstream()) {
            bool const silent = each->closed || each->finished || each->was_reset;
            if (silent || std::find(answered.begin(), answered.end(), each) != answered.end()) {
                continue;
            }
            if (each->received.find(request.substr(0, request.find('\r'))) == std::string::npos)
                continue;
            // It is a request of its own there, not somebody's body.
            auto const asked = requests_over(*each);
            GATEWAY_CHECK(!asked.empty() && asked.back().target == honest_target);
            answered.push_back(each);
            each->send(answer);
        }
        on_.settle();
        if (honest.received.empty()) on_.pass(runtime::core::tick);
    }
    GATEWAY_CHECK(answered.size() <= 1);
    bool tunnelled = false;
    auto const responses = responses_to(honest, {false}, tunnelled);
    GATEWAY_CHECK(responses.size() == 1 && !tunnelled && responses[0].whole);
    if (responses[0].status == 200) {
        GATEWAY_CHECK(responses[0].body == secret);
    } else {
        GATEWAY_CHECK(responses[0].from_gateway && responses[0].status >= 500);
    }
}

void run(std::string_view script) {
    bool const knows_too_much = script.find(secret) != std::string_view::npos ||
                                script.find(honest_target) != std::string_view::npos;
    if (script.size() > 16 * 1024 || knows_too_much) return;
    static scene stage;
    play one{stage};
    one.run(script);
    one.check_honest_client();
    stage.end_origin();
    one.check_clients();
    stage.finish();
}

}  // namespace
}  // namespace gateway::fuzz

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    gateway::fuzz::run({reinterpret_cast<char const*>(data), size});
    return 0;
}
