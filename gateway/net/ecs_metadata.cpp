// SPDX-License-Identifier: Apache-2.0
#include "net/ecs_metadata.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <sstream>

namespace gateway::net {
namespace {

namespace asio = boost::asio;

constexpr std::size_t answer_bytes_max = 256 * 1024;

struct parts {
    std::string host;
    std::string port = "80";
    std::string path = "/";
};

std::optional<parts> split(std::string_view uri) {
    constexpr std::string_view scheme = "http://";
    if (!uri.starts_with(scheme)) return std::nullopt;
    uri.remove_prefix(scheme.size());
    parts out;
    std::size_t const slash = uri.find('/');
    if (slash != uri.npos) out.path = uri.substr(slash);
    std::string_view const authority = uri.substr(0, slash);
    std::size_t const colon = authority.rfind(':');
    out.host = authority.substr(0, colon);
    if (colon != authority.npos) out.port = authority.substr(colon + 1);
    return out;
}

}  // namespace

task_limits parse_task_limits(std::string_view json) {
    task_limits found;
    try {
        std::istringstream in{std::string{json}};
        boost::property_tree::ptree tree;
        boost::property_tree::read_json(in, tree);
        auto const cpus = tree.get_optional<double>("Limits.CPU");
        if (cpus && *cpus > 0) found.cpus = *cpus;
        auto const mebibytes = tree.get_optional<double>("Limits.Memory");
        if (mebibytes && *mebibytes >= 1 && *mebibytes < 1e9) {
            found.memory = static_cast<byte_count>(*mebibytes) * 1_MiB;
        }
        found.zone = tree.get<std::string>("AvailabilityZone", "");
    } catch (boost::property_tree::ptree_error const&) {
        // Not JSON: as good as no answer.
    }
    return found;
}

task_limits ask_task_limits(std::string const& uri, milliseconds limit) {
    auto const where = split(uri + "/task");
    if (!where) return {};
    asio::io_context io{1};
    asio::ip::tcp::resolver names{io};
    asio::ip::tcp::socket socket{io};
    // HTTP/1.0: the connection's end is the answer's end.
    std::string const request =
        "GET " + where->path + " HTTP/1.0\r\nHost: " + where->host + "\r\n\r\n";
    std::string answer;
    names.async_resolve(where->host, where->port, [&](auto failed, auto found) {
        if (failed) return;
        asio::async_connect(socket, found, [&](auto unreachable, auto const&) {
            if (unreachable) return;
            asio::async_write(socket, asio::buffer(request), [&](auto unsent, std::size_t) {
                if (unsent) return;
                asio::async_read(
                    socket, asio::dynamic_buffer(answer, answer_bytes_max), asio::transfer_all(),
                    [](auto, std::size_t) {});
            });
        });
    });
    io.run_for(limit);
    std::size_t const body = answer.find("\r\n\r\n");
    if (!answer.starts_with("HTTP/1.") || body == answer.npos) return {};
    return parse_task_limits(std::string_view{answer}.substr(body + 4));
}

}  // namespace gateway::net
