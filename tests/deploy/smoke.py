#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/ecs/smoke.sh with the real curl against a real site: https with a certificate that counts,
http that redirects. Then the site is broken in one way after the other, and must be found broken."""
import http.server
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOMAIN = "app.smoke.test"
site = {"/": 200, "/api/health": 200, "http": 301}
failures = 0


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        secure = isinstance(self.connection, ssl.SSLSocket)
        self.send_response(site.get(self.path, 404) if secure else site["http"])
        self.send_header("Location", f"https://{DOMAIN}/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def serve(context=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def smoke(home, expected, words):
    global failures
    run = subprocess.run([ROOT / "deploy/ecs/smoke.sh", f"https://{DOMAIN}", "2"], capture_output=True, text=True, timeout=60,
                         env={**os.environ, "CURL_HOME": str(home), "POLL_SECONDS": "0.05"})
    holds = (run.returncode == 0) == expected
    failures += not holds
    print(f"{'ok  ' if holds else 'FAIL'}  smoke.sh: {words}" + ("" if holds else f": {run.stdout}{run.stderr}"))


with tempfile.TemporaryDirectory() as name:
    home = pathlib.Path(name)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                    "-subj", f"/CN={DOMAIN}", "-addext", f"subjectAltName=DNS:{DOMAIN}", "-keyout", home / "key.pem",
                    "-out", home / "certificate.pem"], check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(home / "certificate.pem", home / "key.pem")
    secure, plain = serve(context), serve()
    reach = (f'connect-to = "{DOMAIN}:443:127.0.0.1:{secure}"\nconnect-to = "{DOMAIN}:80:127.0.0.1:{plain}"\n'
             'noproxy = "*"\n')
    (home / ".curlrc").write_text(f'{reach}cacert = "{home}/certificate.pem"\n')
    smoke(home, True, "page, API and redirect are there")
    for path, status, words in (("/", 503, "a page that fails is noticed"), ("/api/health", 502, "an API that fails is noticed"),
                                ("http", 200, "http that does not redirect is noticed"), ("http", 302, "a redirect for now only is noticed")):
        before, site[path] = site[path], status
        smoke(home, False, words)
        site[path] = before
    (home / ".curlrc").write_text(reach)
    smoke(home, False, "a certificate that nobody vouches for is noticed")
sys.exit(1 if failures else 0)
