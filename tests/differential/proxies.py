# SPDX-License-Identifier: Apache-2.0
"""The three proxies, each in front of an origin of its own, as people run them."""
import os
import pathlib
import socket
import subprocess
import time

from origin import Origin

GATEWAY = """
listeners: [{{ address: "127.0.0.1:{port}" }}]
admin: {{ address: "127.0.0.1:0" }}
upstreams: {{ app: {{ endpoints: ["127.0.0.1:{origin}"] }} }}
routes: [{{ prefix: /, upstream: app }}]
forwarding: {{ trusted_proxies: [] }}
timeouts: {{ lame_duck: 0ms, response_head: 1s, response_body: 1s, upstream_idle: 1m }}
runtime: {{ threads: 1 }}
"""

NGINX = """
daemon off; worker_processes 1; pid {run}/pid; error_log {run}/error.log;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {run}/a; proxy_temp_path {run}/b; fastcgi_temp_path {run}/c;
    uwsgi_temp_path {run}/d; scgi_temp_path {run}/e; access_log off;
    upstream app {{ server 127.0.0.1:{origin}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_read_timeout 1s;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
        }}
    }}
}}
"""

HAPROXY = """
global
    nbthread 1
    maxconn 512
defaults
    mode http
    http-reuse always
    timeout connect 1s
    timeout client 5s
    timeout server 1s
frontend front
    bind 127.0.0.1:{port}
    http-request set-header X-Real-IP %[src]
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    default_backend app
backend app
    server app 127.0.0.1:{origin}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Proxy:
    def __init__(self, name, command, settings, run):
        self.name, self.origin = name, Origin()
        run = pathlib.Path(run) / name
        run.mkdir()
        file = run / "settings"
        # Between choosing a port and listening on it another program may take it: try again.
        for _ in range(5):
            self.port = free_port()
            file.write_text(settings.format(port=self.port, origin=self.origin.port, run=run))
            self.log = open(run / "output", "w")
            self.process = subprocess.Popen(
                [part.format(file=file, run=run) for part in command],
                stdout=self.log, stderr=subprocess.STDOUT, env=dict(os.environ))
            if self.listens():
                return
        raise SystemExit(f"{name} does not start; it says:\n{(run / 'output').read_text()}")

    def listens(self):
        end = time.monotonic() + 10
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        self.stop()
        return False

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def start(gateway, nginx, haproxy, run):
    return [
        Proxy("gateway", [gateway, "run", "-c", "{file}"], GATEWAY, run),
        Proxy("nginx", [nginx, "-p", "{run}", "-c", "{file}"], NGINX, run),
        Proxy("HAProxy", [haproxy, "-db", "-f", "{file}"], HAPROXY, run),
    ]
