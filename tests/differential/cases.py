# SPDX-License-Identifier: Apache-2.0
"""Reads a corpus: blocks of "key: value" lines below a "[name]"; see requests.cases."""
import re
from dataclasses import dataclass, field

BYTES = ("send", "ask", "answer", "must", "never")  # written with \\r \\n \\t \\0 \\\\ and \\xNN


@dataclass
class Case:
    name: str
    rule: str = ""
    want: str = ""  # "refuse" or "pass"
    why: str = ""  # why the gateway may be laxer than a peer
    send: bytes = b""
    ask: bytes = b"GET /hostile HTTP/1.1\r\nHost: t\r\n\r\n"
    answer: bytes = b""
    end: str = "stay"  # what the origin does after the answer: "stay" or "close"
    requests: int = 1  # how many of them may reach the origin when it passes
    must: list = field(default_factory=list)  # what then has to be there
    never: list = field(default_factory=list)  # and what must not


def unescape(text):
    simple = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\", "s": b" "}

    def one(match):
        code = match.group(1).decode()
        return bytes([int(code[1:], 16)]) if code[0] == "x" else simple[code]

    return re.sub(rb"\\(x[0-9a-fA-F]{2}|[rnt0\\s])", one, text.encode("latin-1"))


def repeated(value):
    """"{20000*a}" stands for so many of that letter."""
    return re.sub(rb"\{(\d+)\*(.)\}", lambda m: m.group(2) * int(m.group(1)), value)


def read(path):
    cases, names = [], set()
    for number, line in enumerate(open(path, encoding="latin-1"), 1):
        line = line.rstrip("\n")
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            name = line[1 : line.rindex("]")]
            if name in names:
                raise SystemExit(f"{path}:{number}: a second case named {name!r}")
            names.add(name)
            cases.append(Case(name))
            continue
        key, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        case = cases[-1]
        if key in BYTES:
            value = repeated(unescape(value))
        if key in ("must", "never"):
            getattr(case, key).append(value)
        elif key == "send" and case.send:
            case.send += value
        elif key == "answer" and case.answer:
            case.answer += value
        elif key == "requests":
            case.requests = int(value)
        elif hasattr(case, key):
            setattr(case, key, value)
        else:
            raise SystemExit(f"{path}:{number}: no such key: {key}")
    for case in cases:
        if case.want not in ("refuse", "pass") or not case.rule or not (case.send or case.answer):
            raise SystemExit(f"{path}: case {case.name!r} lacks want, rule, or its bytes")
    return cases
