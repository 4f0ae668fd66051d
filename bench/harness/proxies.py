# SPDX-License-Identifier: Apache-2.0
"""The proxies that are compared: how each is configured, started and asked for its version."""

import json
import os
import pathlib

from harness import collector, machine, processes

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"


class Proxy:
    """One proxy on its core. `folder` is on tmpfs and holds its configuration and logs."""

    name = ""
    title = ""
    template = None   # file in peers/, also the name of what is made from it
    logs = True       # writes a JSON access log
    package = None    # Debian package that brings `program`
    cases = None      # names of the cases it runs; None means all
    others = True     # its memory and start are measured too
    always = True     # runs unless others are asked for

    def __init__(self, folder, core, origin_port, program):
        self.folder = folder
        self.core = core
        self.origin_port = origin_port
        self.program = program
        self.port = processes.free_port()
        self.log = folder / f"{self.name}.access.log"
        self.errors = folder / f"{self.name}.error.log"
        self.process = None

    @classmethod
    def takes(cls, case):
        return cls.cases is None or case in cls.cases

    def configure(self, **words):
        """Fills the @WORDS@ of the template."""
        text = (PEERS / self.template).read_text()
        words |= {"PORT": self.port, "ORIGIN_PORT": self.origin_port, "LOG": self.log,
                  "RUN_DIR": self.folder, "NAME": self.name}
        for word, value in words.items():
            text = text.replace(f"@{word}@", str(value))
        target = self.folder / f"{self.name}-{self.template.removesuffix('.in')}"
        target.write_text(text)
        return str(target)

    def command(self):
        raise NotImplementedError

    def start(self):
        """Starts it and returns the seconds from exec to its first answered request."""
        self.process = processes.Process(
            self.name, self.command(), self.core, output=self.output(), error=self.errors)
        try:
            return processes.await_answer(self.process, self.port, "/256")
        except processes.BenchError as trouble:
            said = self.errors.read_text()[-2000:] if self.errors.exists() else ""
            self.stop()
            raise processes.BenchError(f"{trouble}\n{said}") from None

    def output(self):
        """Where its standard output goes."""
        return self.log

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def pids(self):
        return machine.process_tree(self.process.pid)

    def forget_log(self):
        """Empties the log, so that minutes of load do not fill the memory tmpfs takes."""
        if self.log.exists():
            os.truncate(self.log, 0)

    def log_records(self):
        """The access log's lines; raises at one that is no JSON."""
        records = []
        # A program that takes O_APPEND off its output (HAProxy does) leaves a hole where it was
        # truncated, which reads as zeros.
        for line in self.log.read_text().lstrip("\0").splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                raise processes.BenchError(f"{self.name} logged {line!r}") from None
        return records


class Gateway(Proxy):
    name = "gateway"
    title = "gateway"
    template = "gateway.yaml.in"

    def command(self):
        config = self.configure(ADMIN_PORT=processes.free_port())
        return [self.program, "run", "-c", config]

    def version(self):
        return machine.version_of([self.program, "version"])


class Watched(Gateway):
    """The gateway with everything that observes: metrics, access log, spans to a collector."""

    name = "watched"
    title = "gateway, watched"
    always = False

    def __init__(self, *given):
        super().__init__(*given)
        self.collector = None

    def configure(self, **words):
        target = super().configure(**words)
        with open(target, "a", encoding="utf-8") as file:
            file.write(self.more())
        return target

    def more(self):
        return (f"\ntracing:\n  mode: export\n"
                f"  endpoint: \"http://127.0.0.1:{self.collector.port}/v1/traces\"\n")

    def start(self):
        self.collector = collector.Collector()
        return super().start()

    def stop(self):
        super().stop()
        if self.collector:
            self.collector.stop()
            self.collector = None


class Blind(Watched):
    """A build that counts nothing, with neither log nor traces: the floor of observing."""

    name = "blind"
    title = "gateway, blind"
    logs = False

    def more(self):
        return "\nlogging:\n  access: off\n"

    def start(self):
        return Gateway.start(self)


class Nginx(Proxy):
    name = "nginx"
    title = "nginx"
    template = "nginx.conf.in"
    package = "nginx"
    buffers = ""

    def command(self):
        config = self.configure(BUFFERS=self.buffers)
        return [self.program, "-p", str(self.folder), "-c", config]

    def output(self):
        return self.errors

    def version(self):
        return machine.version_of([self.program, "-v"])


class NginxTuned(Nginx):
    """Passes large bodies on in large pieces as they come: what one would set for them."""

    name = "nginx-tuned"
    title = "nginx tuned"
    buffers = ("proxy_buffering off; proxy_buffer_size 64k; proxy_buffers 8 64k; "
               "proxy_busy_buffers_size 128k;")
    cases = ("1m-64c", "1m-512c")
    others = False


class Haproxy(Proxy):
    name = "haproxy"
    title = "HAProxy"
    template = "haproxy.cfg.in"
    package = "haproxy"

    def command(self):
        return [self.program, "-db", "-f", self.configure()]

    def version(self):
        return machine.version_of([self.program, "-v"])


class Relay(Proxy):
    name = "relay"
    title = "relay"
    logs = False
    others = False

    def command(self):
        return [self.program, "--port", str(self.port), "--upstream-port", str(self.origin_port)]

    def version(self):
        return "of this commit"


KINDS = {kind.name: kind for kind in (
    Gateway, Nginx, NginxTuned, Haproxy, Relay, Watched, Blind)}


def find(name, build_dir):
    """Path of a proxy's program, or None."""
    if name in ("gateway", "watched"):
        candidates = [build_dir / "gateway" / "gateway", build_dir / "gateway"]
    elif name == "blind":
        candidates = [build_dir.parent / "blind" / "gateway" / "gateway"]
    elif name == "relay":
        candidates = [build_dir / "bench" / "bench_relay", build_dir / "bench_relay"]
    else:
        return machine.find_program(KINDS[name].package)
    for path in candidates:
        if path.is_file() and os.access(path, os.X_OK):
            return str(path.resolve())
    return None
