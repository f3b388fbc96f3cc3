"""A gateway and the replay upstream behind it, as a test holds them: ask, and look at both ends."""

import socket
from collections.abc import Iterable

import msgspec

from tests.path.client import Reply, Wire
from tests.path.dialects import Dialect
from tests.path.process import Gateway
from tests.upstream.exchange import Exchange
from tests.upstream.scripts import JSON
from tests.upstream.server import Upstream
from tests.upstream.steps import Script

Pairs = Iterable[tuple[str, str]]
MESSAGES_KEY = "sk-upstream-messages-7c1f0a2e"
CHAT_KEY = "sk-upstream-chat-99b1d4c3"
ENVIRONMENT = {"MESSAGES_KEY": MESSAGES_KEY, "CHAT_KEY": CHAT_KEY}
OUR_KEYS = {"anthropic-messages": MESSAGES_KEY, "openai-chat": CHAT_KEY, "openai-responses": CHAT_KEY}

PROVIDERS = """
[server]
discover = false
{server}

[providers.ant]
like = "anthropic"
base_url = "{upstream}"
api_key = "${{MESSAGES_KEY}}"
[providers.box]
like = "openai"
base_url = "{upstream}/v1"
api_key = "${{CHAT_KEY}}"

[providers.ant-hasty]
dialect = "anthropic-messages"
base_url = "{upstream}"
api_key = "${{MESSAGES_KEY}}"
timeouts = {{ connect = "2s", first_byte = "700ms", idle = "700ms", whole = "1500ms" }}
[providers.box-hasty]
like = "openai"
base_url = "{upstream}"
api_key = "${{CHAT_KEY}}"
timeouts = {{ connect = "2s", first_byte = "700ms", idle = "700ms", whole = "1500ms" }}

[providers.ant-closed]
dialect = "anthropic-messages"
base_url = "http://127.0.0.1:{closed}"
api_key = "${{MESSAGES_KEY}}"
[providers.box-closed]
like = "openai"
base_url = "http://127.0.0.1:{closed}"
api_key = "${{CHAT_KEY}}"
[providers.ant-nowhere]
dialect = "anthropic-messages"
base_url = "http://nowhere.invalid"
api_key = "${{MESSAGES_KEY}}"

[providers.own]
dialect = "anthropic-messages"
base_url = "{upstream}"
auth = "passthrough"

# One box for each dialect, which speaks no other.
[providers.only-messages]
dialect = "anthropic-messages"
base_url = "{upstream}"
api_key = "${{MESSAGES_KEY}}"
[providers.only-chat]
dialect = "openai-chat"
base_url = "{upstream}/v1"
api_key = "${{CHAT_KEY}}"
[providers.only-responses]
dialect = "openai-responses"
base_url = "{upstream}/v1"
api_key = "${{CHAT_KEY}}"
[providers.only-gemini]
dialect = "gemini"
base_url = "{upstream}/v1beta"
api_key = "${{CHAT_KEY}}"
[providers.only-ollama]
dialect = "ollama"
base_url = "{upstream}"
api_key = "${{CHAT_KEY}}"

[models]
"claude-*" = "ant"
"gpt-*" = "box"
quick-claude = "ant/claude-haiku-4-5"
quick-gpt = "box/gpt-5.1-mini"
hasty-claude = "ant-hasty/claude-opus-5-5"
hasty-gpt = "box-hasty/gpt-5.1"
closed-claude = "ant-closed/claude-opus-5-5"
closed-gpt = "box-closed/gpt-5.1"
nowhere-claude = "ant-nowhere/claude-opus-5-5"
own-claude = "own/claude-opus-5-5"
"""


class Asked(msgspec.Struct, frozen=True):
    """What came of one request: the client's reply, and the exchange as the upstream saw it."""

    reply: Reply
    exchange: Exchange


class House:
    """A running gateway with a replay upstream behind it."""

    def __init__(self, gateway: Gateway, replay: Upstream) -> None:
        self.gateway = gateway
        self.replay = replay

    @property
    def address(self) -> str:
        """Where clients call."""
        return self.gateway.address

    def call(
        self, method: str, target: str, headers: Pairs = (), body: bytes | None = None, *, to: str = ""
    ) -> Reply:
        """Make one exchange on a connection of its own."""
        with Wire(to or self.address) as wire:
            wire.send(method, target, headers, body)
            return wire.read()

    def post(self, dialect: Dialect, body: bytes, headers: Pairs = (), path: str = "") -> Reply:
        """Post a body to a dialect's path."""
        return self.call("POST", path or dialect.path, [*JSON.items(), *headers], body)

    def ask(
        self, dialect: Dialect, script: Script, headers: Pairs = (), *, body: bytes | None = None
    ) -> Asked:
        """Post a small request (or the body given) that the upstream answers by a script."""
        exchange = self.replay.plays(script)
        reply = self.post(dialect, body or dialect.body(), [exchange.header, *headers])
        return Asked(reply, exchange)

    def ask_stream(self, dialect: Dialect, script: Script, headers: Pairs = (), *, model: str = "") -> Asked:
        """Post a small request for a stream that the upstream answers by a script."""
        body = dialect.body(model or dialect.model, stream=True)
        return self.ask(dialect, script, headers, body=body)

    def open(self, dialect: Dialect, exchange: Exchange, body: bytes, headers: Pairs = ()) -> Wire:
        """Post a body and leave the reply to be read."""
        wire = Wire(self.address)
        wire.send("POST", dialect.path, [*JSON.items(), exchange.header, *headers], body)
        return wire

    def open_unfinished(self, dialect: Dialect, exchange: Exchange) -> Wire:
        """Post the first half of a body, and leave the other half unsent."""
        wire = Wire(self.address)
        body = dialect.body()
        head = wire.head("POST", dialect.path, [exchange.header, ("content-length", str(len(body)))])
        wire.socket.sendall(head + body[: len(body) // 2])
        return wire


def configuration(replay: Upstream, server: str = "") -> str:
    """The configuration of most tests: each dialect has a provider that is well, hasty or away."""
    return PROVIDERS.format(upstream=replay.address, server=server, closed=closed_port())


def closed_port() -> int:
    """A port nobody listens on: bound, and kept bound as long as the tests run, so that nobody can."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    _HELD.append(holder)
    return int(holder.getsockname()[1])


_HELD: list[socket.socket] = []
