#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The AWS CLI, started once for hundreds of calls: aws_server.py FOLDER

Writes FOLDER/bin/aws, which hands its words, descriptors and environment to this process; a child of
it, all modules loaded, answers. Only version 1 of the CLI can be had so; exits with 3 without it.
Ends when its standard input does."""
import os
import pathlib
import signal
import socket
import struct
import sys
import threading

try:
    from awscli.clidriver import create_clidriver
except ImportError:
    sys.exit(3)

CLIENT = """#!{python} -SE
import os, socket, struct, sys
with socket.socket(socket.AF_UNIX) as to:
    to.connect({where!r})
    words = b"\\0".join(os.fsencode(w) for w in [os.getcwd(), str(len(sys.argv) - 1), *sys.argv[1:],
                                                *(f"{{k}}={{v}}" for k, v in os.environ.items())])
    socket.send_fds(to, [struct.pack("!I", len(words))], [0, 1, 2])
    to.sendall(words)
    answer = to.recv(1)
sys.exit(answer[0] if answer else 255)
"""


def received(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            os._exit(1)
        data += piece
    return data


def answer(connection, driver):
    head, fds, _, _ = socket.recv_fds(connection, 4, 3)
    words = [os.fsdecode(w) for w in received(connection, struct.unpack("!I", head)[0]).split(b"\0")]
    count = int(words[1])
    for mine, theirs in enumerate(fds):
        os.dup2(theirs, mine)
    os.chdir(words[0])
    os.environ.clear()
    os.environ.update(w.split("=", 1) for w in words[2 + count:])
    try:
        status = driver.main(words[2:2 + count])
    except SystemExit as end:
        status = end.code or 0
    sys.stdout.flush()
    sys.stderr.flush()
    connection.send(bytes([int(status) & 255]))
    os._exit(0)


def main():
    folder = pathlib.Path(sys.argv[1])
    driver = create_clidriver()
    for service in ("ecs", "elbv2", "logs", "cloudwatch", "ssm", "sts"):
        driver.session.get_service_model(service)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / "aws.socket"))
        door.listen(16)
        (folder / "bin").mkdir(exist_ok=True)
        client = folder / "bin/aws"
        client.write_text(CLIENT.format(python=sys.executable, where=str(folder / "aws.socket")))
        client.chmod(0o755)
        print("ready", flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        while True:
            connection, _ = door.accept()
            if os.fork() == 0:
                answer(connection, driver)
            connection.close()


main()
