"""What reached the replay upstream: one request, its head in wire order and its body byte for byte."""

import msgspec

HEAD_END = b"\r\n\r\n"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it stood on the wire. `connection` and `number` (on that connection) count from 1."""

    connection: int
    number: int
    head: bytes
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def names(self) -> list[str]:
        """The header names in wire order, in lower case."""
        return [name for name, _ in self.headers]

    def all(self, name: str) -> list[str]:
        """Every value of a header, in wire order."""
        return [value for key, value in self.headers if key == name]

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next(iter(self.all(name)), None)

    @property
    def wants_stream(self) -> bool:
        """Whether the JSON body asks for a stream."""
        try:
            body = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return False
        return isinstance(body, dict) and body.get("stream") is True


def parse_head(head: bytes, connection: int, number: int) -> Request:
    """Read a request head (request line and headers, the empty line included)."""
    lines = head[: -len(HEAD_END)].decode("latin-1").split("\r\n")
    method, target, _version = lines[0].split(" ", 2)
    pairs = (line.partition(":") for line in lines[1:])
    headers = tuple((name.lower(), value.strip(" \t")) for name, _, value in pairs)
    return Request(
        connection=connection, number=number, head=head, method=method, target=target, headers=headers
    )
