# SPDX-License-Identifier: Apache-2.0
"""The network the bench runs over: the machine's loopback, or one of its own."""

import ctypes
import fcntl
import os
import pathlib
import socket
import struct

from harness import processes

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1
CONGESTION_CONTROL = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
# The one that every network may choose without the machine's leave.
UNPACED = "reno"


def congestion_control():
    try:
        return CONGESTION_CONTROL.read_text().strip()
    except OSError:
        return "unknown"


def use_own():
    """Moves the bench, and all it starts from now on, into a network namespace that holds nothing
    but a loopback: no rules of a firewall, no other program's packets, no pacing."""
    if processes.LIBC.unshare(CLONE_NEWNET) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise processes.BenchError(f"--own-network: {reason} (root may make one)")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    CONGESTION_CONTROL.write_text(UNPACED)
