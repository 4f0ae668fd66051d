// SPDX-License-Identifier: Apache-2.0
// A configuration file that changes by itself is loaded, in whatever way it changes.
#include "support/gateway_process.hpp"
#include "support/imposter_origin.hpp"
#include "support/raw_client.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

namespace gateway::support {
namespace {

namespace fs = std::filesystem;

class temporary_folder {
public:
    temporary_folder() {
        std::string name = (fs::temp_directory_path() / "gateway-watch-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no folder " + name};
        path_ = name;
    }
    ~temporary_folder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    fs::path operator/(std::string const& name) const { return path_ / name; }

private:
    fs::path path_;
};

// Answers "answer" at /, by a header, so that one origin does for every version.
std::string version(imposter_origin const& origin, std::string const& answer) {
    return configuration{}
        .upstream("app", {origin.endpoint()})
        .route("prefix: /, upstream: app, response_headers: { set: { x-version: " + answer + " } }")
        .runtime("threads: 1, reload_on_change: true")
        .text();
}

void write(fs::path const& path, std::string const& text) {
    std::ofstream{path, std::ios::trunc} << text;
}

std::string seen(gateway_process const& gateway) {
    return get(gateway.port(), "/").value("x-version");
}

}  // namespace

TEST_CASE("a file written in place or renamed over is loaded", "[wire][reload]") {
    imposter_origin origin;
    temporary_folder folder;
    auto const file = folder / "gateway.yaml";
    write(file, version(origin, "one"));
    auto gateway = gateway_process::from_file(file);
    CHECK(seen(gateway) == "one");
    write(file, version(origin, "two"));
    gateway.wait_for_log("gateway.yaml has changed: configuration 2 is in effect");
    CHECK(seen(gateway) == "two");
    // As editors do it.
    write(folder / "gateway.yaml.new", version(origin, "three"));
    fs::rename(folder / "gateway.yaml.new", file);
    gateway.wait_for_log("configuration 3 is in effect");
    CHECK(seen(gateway) == "three");
    // And with the old one moved away first, twice in a row.
    fs::rename(file, folder / "gateway.yaml~");
    write(file, version(origin, "four"));
    gateway.wait_for_log("configuration 4 is in effect");
    write(file, version(origin, "five"));
    gateway.wait_for_log("configuration 5 is in effect");
    CHECK(seen(gateway) == "five");
}

TEST_CASE("a link that is swapped as Kubernetes does is followed", "[wire][reload]") {
    imposter_origin origin;
    temporary_folder folder;
    for (char const* each : {"..1", "..2", "..3"}) {
        fs::create_directory(folder / each);
        write(folder / each / "gateway.yaml", version(origin, each));
    }
    fs::create_symlink("..1", folder / "..data");
    fs::create_symlink("..data/gateway.yaml", folder / "gateway.yaml");
    auto gateway = gateway_process::from_file(folder / "gateway.yaml");
    CHECK(seen(gateway) == "..1");
    int generation = 1;
    for (char const* each : {"..2", "..3"}) {
        fs::create_symlink(each, folder / "..data_tmp");
        fs::rename(folder / "..data_tmp", folder / "..data");
        gateway.wait_for_log("configuration " + std::to_string(++generation) + " is in effect");
        CHECK(seen(gateway) == each);
    }
}

TEST_CASE(
    "a watched file with a mistake is refused once and its repair is loaded", "[wire][reload]") {
    imposter_origin origin;
    temporary_folder folder;
    auto const file = folder / "gateway.yaml";
    write(file, version(origin, "one"));
    auto gateway = gateway_process::from_file(file);
    write(file, version(origin, "two") + "nonsense: 1\n");
    gateway.wait_for_log("gateway.yaml has changed: configuration refused, 1 stays in effect");
    CHECK(seen(gateway) == "one");
    write(file, version(origin, "two"));
    gateway.wait_for_log("configuration 2 is in effect");
    CHECK(seen(gateway) == "two");
    CHECK(gateway.metrics().sum("gateway_config_reloads_total", {{"result", "failure"}}) == 1);
}

TEST_CASE("watching is switched off by the file that is watched", "[wire][reload]") {
    imposter_origin origin;
    temporary_folder folder;
    auto const file = folder / "gateway.yaml";
    write(file, version(origin, "one"));
    auto gateway = gateway_process::from_file(file);
    write(file, all_to(origin.endpoint()).text());
    gateway.wait_for_log("no longer watching");
    CHECK(get(gateway.port(), "/").status() == 200);
}

}  // namespace gateway::support
