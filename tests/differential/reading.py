# SPDX-License-Identifier: Apache-2.0
"""The strictest reading of messages: what the origin counts as a request, the client as a response."""
import re

REQUEST_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [\x21-\x7e]+ HTTP/1\.[01]\Z")
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)( [\t\x20-\x7e\x80-\xff]*)?\Z")
FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)\Z")
CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})\Z")


class Malformed(Exception):
    pass


class Message:
    def __init__(self, line, fields):
        self.line, self.fields, self.body = line, fields, b""
        self.whole, self.close_delimited, self.size = False, False, 0

    def values(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    @property
    def status(self):
        return int(self.line.split(b" ")[1])


def head(data, line_rule):
    """The message at the front, or None while its head is not complete."""
    end = data.find(b"\r\n\r\n")
    seen = data if end < 0 else data[: end + 2]
    lines = seen.split(b"\r\n")
    lines = lines[:-1]  # what follows the last CRLF is no whole line
    if lines and not line_rule.match(lines[0]):
        raise Malformed(f"start line {lines[0][:60]!r}")
    fields = []
    for line in lines[1:]:
        match = FIELD.match(line)
        if not match:
            raise Malformed(f"field {line[:60]!r}")
        fields.append((match.group(1), match.group(2).rstrip(b" \t")))
    if end < 0:
        if len(data) > 1 << 20 or b"\n" in seen.split(b"\r\n")[-1]:
            raise Malformed("a head without end")
        return None
    message = Message(lines[0], fields)
    message.size = end + 4
    return message


def length_of(message):
    """A number, "chunked", or None."""
    lengths, codings = message.values(b"content-length"), message.values(b"transfer-encoding")
    if lengths and codings or len(lengths) > 1 or len(codings) > 1:
        raise Malformed("two framings")
    if codings:
        if codings[0].lower() != b"chunked":
            raise Malformed(f"coding {codings[0]!r}")
        return "chunked"
    if not lengths:
        return None
    if not re.fullmatch(rb"\d{1,18}", lengths[0]):
        raise Malformed(f"length {lengths[0][:40]!r}")
    return int(lengths[0])


def read_chunks(message, data):
    at = message.size
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            if len(data) - at > 64:
                raise Malformed("a chunk size without end")
            return
        match = CHUNK.match(data[at:end])
        if not match:
            raise Malformed(f"chunk size {data[at:end][:40]!r}")
        size = int(match.group(1), 16)
        if size == 0:
            stop = data.find(b"\r\n\r\n", end)
            if data[end + 2 : end + 4] == b"\r\n":
                stop = end
            if stop >= 0:
                message.whole, message.size = True, stop + 4
            return
        payload = data[end + 2 : end + 2 + size]
        message.body += payload
        at = end + 2 + size + 2
        if len(payload) == size and data[at - 2 : at] not in (b"", b"\r", b"\r\n"):
            raise Malformed("no CRLF behind a chunk")
        if len(data) < at:
            return


def read_body(message, data, bodiless=False, until_close=False, ended=False):
    framing = length_of(message)
    if bodiless:
        message.whole = True
    elif framing == "chunked":
        read_chunks(message, data)
    elif framing is None and until_close:
        message.body, message.size = data[message.size :], len(data)
        message.whole, message.close_delimited = ended, True
    else:
        size = framing or 0
        message.body = data[message.size : message.size + size]
        message.whole = len(message.body) == size
        message.size += len(message.body)
    return message


def requests(data):
    """All whole requests, and what is left behind them."""
    found = []
    while data:
        message = head(data, REQUEST_LINE)
        if message is None:
            break
        read_body(message, data)
        if not message.whole:
            break
        found.append(message)
        data = data[message.size :]
    return found, data


def responses(data, methods, ended):
    """All responses, the last perhaps not whole. `methods` of the requests, in their order."""
    found = []
    methods = list(methods)
    while data:
        message = head(data, STATUS_LINE)
        if message is None:
            break
        interim = 100 <= message.status < 200
        asked = methods[0] if methods else b"GET"
        bodiless = interim or message.status in (204, 304) or asked == b"HEAD"
        read_body(message, data, bodiless, until_close=True, ended=ended)
        found.append(message)
        if not message.whole:
            return found, b""
        if not interim and methods:
            methods.pop(0)
        data = data[message.size :]
    return found, data
