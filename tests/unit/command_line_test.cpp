// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"

#include "app/health_check.hpp"

#include <catch2/catch.hpp>

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using gateway::app::command;
using kind = gateway::app::command::kind;

// Takes what is printed while it lives.
class printed {
public:
    printed() : cout_(std::cout.rdbuf(out_.rdbuf())), cerr_(std::cerr.rdbuf(err_.rdbuf())) {}
    ~printed() {
        std::cout.rdbuf(cout_);
        std::cerr.rdbuf(cerr_);
    }
    printed(printed const&) = delete;
    printed& operator=(printed const&) = delete;

    std::string out() const { return out_.str(); }
    std::string err() const { return err_.str(); }

private:
    std::ostringstream out_;
    std::ostringstream err_;
    std::streambuf* cout_;
    std::streambuf* cerr_;
};

// A file that exists as long as the object.
class temporary_file {
public:
    explicit temporary_file(std::string const& content) {
        int const descriptor = mkstemp(path_.data());
        REQUIRE(descriptor >= 0);
        close(descriptor);
        std::ofstream{path_} << content;
    }
    ~temporary_file() { std::filesystem::remove(path_); }
    temporary_file(temporary_file const&) = delete;
    temporary_file& operator=(temporary_file const&) = delete;

    std::string const& path() const { return path_; }

private:
    std::string path_ =
        (std::filesystem::temp_directory_path() / "gateway_command_line_XXXXXX").string();
};

std::variant<command, int> typed(std::vector<char const*> words) {
    words.insert(words.begin(), "gateway");
    return gateway::app::parse(static_cast<int>(words.size()), words.data());
}

command command_of(std::vector<char const*> const& words) {
    auto const result = typed(words);
    REQUIRE(std::holds_alternative<command>(result));
    return std::get<command>(result);
}

int exit_code_of(std::vector<char const*> const& words) {
    auto const result = typed(words);
    REQUIRE(std::holds_alternative<int>(result));
    return std::get<int>(result);
}

}  // namespace

TEST_CASE("each command is understood", "[unit][command_line]") {
    CHECK(command_of({"run"}).what == kind::run);
    CHECK_FALSE(command_of({"run"}).config_path);
    CHECK(command_of({"run", "-c", "a.yaml"}).config_path == "a.yaml");
    CHECK(command_of({"run", "--config=a.yaml"}).config_path == "a.yaml");
    CHECK(command_of({"check", "-c", "b.yaml"}).what == kind::check);
    CHECK(command_of({"check", "-c", "b.yaml"}).config_path == "b.yaml");
    CHECK(command_of({"version"}).what == kind::version);
    CHECK(command_of({"--version"}).what == kind::version);
    CHECK(command_of({"--describe-settings"}).what == kind::describe_settings);
}

TEST_CASE("the demo listens on 8080 unless told otherwise", "[unit][command_line]") {
    command const plain = command_of({"demo"});
    CHECK(plain.what == kind::demo);
    CHECK(plain.listen == gateway::settings::host_port{"0.0.0.0", 8080});
    CHECK_FALSE(plain.admin);
    command const told = command_of({"demo", "--listen", "127.0.0.1:0", "--admin", "[::1]:9000"});
    CHECK(told.listen == gateway::settings::host_port{"127.0.0.1", 0});
    CHECK(told.admin == gateway::settings::host_port{"::1", 9000});
}

TEST_CASE("a demo origin may stand alone", "[unit][command_line]") {
    command const told =
        command_of({"demo", "--origins-only", "backend", "--listen", "0.0.0.0:5000"});
    CHECK(told.what == kind::demo);
    CHECK(told.only == command::origin::backend);
    CHECK(told.listen == gateway::settings::host_port{"0.0.0.0", 5000});
    CHECK_FALSE(command_of({"demo"}).only);
}

TEST_CASE("a health check asks by configuration or by address", "[unit][command_line]") {
    CHECK(command_of({"healthcheck"}).what == kind::healthcheck);
    CHECK_FALSE(command_of({"healthcheck"}).ready);
    CHECK(command_of({"healthcheck", "--ready", "-c", "a.yaml"}).ready);
    CHECK(command_of({"healthcheck", "-c", "a.yaml"}).config_path == "a.yaml");
    CHECK(command_of({"healthcheck", "--url", "http://a/"}).url == "http://a/");
}

TEST_CASE("an admin address says where it can be asked", "[unit][command_line]") {
    using gateway::app::admin_url;
    CHECK(admin_url({"0.0.0.0", 9113}, "/livez") == "http://127.0.0.1:9113/livez");
    CHECK(admin_url({"", 9113}, "/livez") == "http://127.0.0.1:9113/livez");
    CHECK(admin_url({"::", 9113}, "/readyz") == "http://[::1]:9113/readyz");
    CHECK(admin_url({"10.0.0.7", 80}, "/livez") == "http://10.0.0.7:80/livez");
    CHECK(admin_url({"127.0.0.1", 0}, "/livez").empty());
}

TEST_CASE("help is printed on stdout and is no failure", "[unit][command_line]") {
    printed const text;
    CHECK(exit_code_of({"--help"}) == 0);
    CHECK(text.err().empty());
    for (char const* const part :
         {"run", "check", "demo", "version", "--describe-settings",
          "Examples:", "/etc/gateway/gateway.yaml", "Exit codes:", "Signals:", "FRONTEND_ADDR",
          "ADMIN_LISTEN"}) {
        CHECK_THAT(text.out(), Catch::Contains(part));
    }
    std::istringstream lines{text.out()};
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        CHECK(line.size() <= 100);
    }
}

TEST_CASE("each command has a help of its own", "[unit][command_line]") {
    printed const text;
    CHECK(exit_code_of({"demo", "--help"}) == 0);
    CHECK_THAT(text.out(), Catch::Contains("--listen") && Catch::Contains("0.0.0.0:8080"));
}

TEST_CASE("no command at all is wrong usage, answered with help", "[unit][command_line]") {
    printed const text;
    CHECK(exit_code_of({}) == 2);
    CHECK(text.out().empty());
    CHECK_THAT(text.err(), Catch::Contains("Examples:"));
}

TEST_CASE("wrong usage is said on stderr and exits with 2", "[unit][command_line]") {
    struct wrong {
        std::vector<char const*> words;
        std::string said;
    };
    auto const one = GENERATE(values<wrong>({
        {{"rnu"}, "rnu"},
        {{"run", "-x"}, "-x"},
        {{"run", "-c"}, "--config"},
        {{"run", "file.yaml"}, "file.yaml"},
        {{"run", "check"}, "check"},
        {{"version", "-c", "a"}, "-c"},
        {{"demo", "--listen", "nowhere"}, "found \"nowhere\", expected an address"},
        {{"demo", "--listen", "localhost:80"}, "did you mean \"127.0.0.1:80\"?"},
        {{"demo", "--admin", "1.2.3.4:99999"}, "a port from 0 to 65535"},
        {{"demo", "--origins-only", "both"}, "both"},
        {{"demo", "--origins-only", "backend", "--admin", "0.0.0.0:1"}, "--admin"},
        {{"healthcheck", "--ready", "--url", "http://a/"}, "--ready"},
    }));
    CAPTURE(one.said);
    printed const text;
    CHECK(exit_code_of(one.words) == 2);
    CHECK(text.out().empty());
    CHECK_THAT(text.err(), Catch::Contains(one.said));
}

TEST_CASE("check counts what a good configuration holds", "[unit][command_line]") {
    temporary_file const file{
        "upstreams: {a: {endpoints: [a]}, b: {endpoints: [b]}}\n"
        "routes: [{prefix: /, split: {a: 1, b: 1}}]\n"};
    printed const text;
    CHECK(gateway::app::check({.what = kind::check, .config_path = file.path()}) == 0);
    CHECK(text.out() == "ok: 1 listener, 1 route, 2 upstreams (" + file.path() + ")\n");
    CHECK(text.err().empty());
}

TEST_CASE("check lists every problem and exits with 2", "[unit][command_line]") {
    temporary_file const file{"rotues: []\ntimeouts: {connect: 5}\n"};
    printed const text;
    CHECK(gateway::app::check({.what = kind::check, .config_path = file.path()}) == 2);
    CHECK(text.out().empty());
    std::string const said = text.err();
    // That there are no routes says nothing beside the key that was meant for them.
    CHECK(std::count(said.begin(), said.end(), '\n') == 3);
    CHECK_THAT(
        said, Catch::Contains(file.path() + ":1:1: found \"rotues\"") &&
                  Catch::Contains(file.path() + ":2:21: timeouts.connect: found \"5\""));
}

TEST_CASE("an empty path after -c is not the built-in configuration", "[unit][command_line]") {
    printed const text;
    CHECK(gateway::app::check({.what = kind::check, .config_path = ""}) == 2);
    CHECK_THAT(text.err(), Catch::Contains("expected a configuration file that can be read"));
}

TEST_CASE("the version names what it was built with", "[unit][command_line]") {
    std::string const text = gateway::app::version_text();
    CHECK_THAT(
        text,
        Catch::StartsWith("gateway ") && Catch::Contains("g++ ") && Catch::Contains("Boost 1."));
}
