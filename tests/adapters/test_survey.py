"""What rules may ask of a body, in each dialect's spelling, and the tag that is cut out of one."""

import msgspec
import pytest

from adapters.request import BOM
from adapters.survey import asks_for_search, offers_tools, shows_images, subagent_of, without
from adapters.table import DIALECTS

ANTHROPIC, CHAT, RESPONSES = "anthropic-messages", "openai-chat", "openai-responses"
GEMINI, OLLAMA = "gemini", "ollama"
PATHS = {GEMINI: "/v1beta/models/m:generateContent", OLLAMA: "/api/chat"}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
TAG = "<penstock-subagent>reviewer</penstock-subagent>"


def encoded(**members: object) -> bytes:
    """A body with these members."""
    return msgspec.json.encode({"model": "m", **members})


TOOLS = {
    ANTHROPIC: encoded(tools=[{"name": "f", "input_schema": {"type": "object"}}]),
    CHAT: encoded(tools=[{"type": "function", "function": {"name": "f"}}]),
    "chat, as it was": encoded(functions=[{"name": "f"}]),
    RESPONSES: encoded(tools=[{"type": "function", "name": "f"}]),
    GEMINI: encoded(tools=[{"functionDeclarations": [{"name": "f"}]}]),
    OLLAMA: encoded(tools=[{"type": "function", "function": {"name": "f"}}]),
}


@pytest.mark.parametrize("body", TOOLS.values(), ids=TOOLS)
def test_tools_are_seen(body: bytes) -> None:
    """Wherever a dialect has them; a mark before the body changes nothing."""
    assert offers_tools(body)
    assert offers_tools(BOM + body)


@pytest.mark.parametrize(
    "body",
    [
        encoded(),
        encoded(tools=[]),
        encoded(tools=None),
        encoded(tools="all of them"),
        b"\xff",
        b"{",
        b'{"tools":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    ],
)
def test_no_tools_are_none(body: bytes) -> None:
    """Neither an empty list nor an odd shape is a tool, and nothing is raised."""
    assert not offers_tools(body)


@pytest.mark.parametrize(
    "body",
    [
        encoded(tools=[{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}]),
        encoded(tools=[{"type": "function", "name": "f"}, {"type": "web_search"}]),
        encoded(tools=[{"type": "web_search_preview"}]),
        encoded(tools=[{"googleSearch": {}}]),
        encoded(tools=[{"google_search": {}}]),
        encoded(tools=[{"google_search_retrieval": {}}]),
        encoded(web_search_options={}),
    ],
)
def test_a_search_of_the_web_is_seen(body: bytes) -> None:
    """In every provider's spelling of a tool that it runs itself."""
    assert asks_for_search(body)


@pytest.mark.parametrize(
    "body",
    [
        encoded(),
        encoded(messages=[{"role": "user", "content": 'say "web_search"'}]),
        encoded(tools=[{"type": "function", "function": {"name": "web_search"}}]),
        encoded(tools=[{"name": "web_search", "input_schema": {}}]),
        encoded(tools=["web_search"]),
        encoded(tools=[{"type": "custom", "name": "googleSearch"}]),
    ],
)
def test_what_only_has_the_name_is_no_search(body: bytes) -> None:
    """A tool of the client's own is run by the client, whatever it is called."""
    assert not asks_for_search(body)


def asks(*parts: object) -> bytes:
    """A body whose one turn has these parts, as most dialects spell it."""
    return encoded(max_tokens=9, messages=[{"role": "user", "content": list(parts)}])


SOURCE = {"type": "base64", "media_type": "image/png", "data": PIXEL}
URL = f"data:image/png;base64,{PIXEL}"
IMAGES = [
    (ANTHROPIC, asks({"type": "image", "source": SOURCE})),
    (CHAT, asks({"type": "image_url", "image_url": {"url": URL}})),
    (
        RESPONSES,
        encoded(input=[{"role": "user", "content": [{"type": "input_image", "image_url": URL}]}]),
    ),
    (
        GEMINI,
        encoded(
            contents=[{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": PIXEL}}]}]
        ),
    ),
    (OLLAMA, encoded(messages=[{"role": "user", "content": "see", "images": [PIXEL]}])),
]


@pytest.mark.parametrize(("dialect", "body"), IMAGES)
def test_an_image_is_seen(dialect: str, body: bytes) -> None:
    """In each dialect's spelling."""
    assert shows_images(DIALECTS[dialect], body, PATHS.get(dialect, ""))


def test_an_image_that_a_tool_brought_is_seen() -> None:
    """It is looked at as well as one that a user sends."""
    call = {"type": "tool_use", "id": "t", "name": "read", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": SOURCE}]}
    turns = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    body = encoded(max_tokens=9, messages=turns)
    assert shows_images(DIALECTS[ANTHROPIC], body, "")


@pytest.mark.parametrize(
    "body",
    [
        asks({"type": "text", "text": 'an "image" in words'}),
        encoded(
            max_tokens=9,
            messages=[{"role": "user", "content": "draw"}],
            tools=[{"name": "draw", "input_schema": {"type": "object", "properties": {"image": {}}}}],
        ),
    ],
)
def test_a_word_is_no_image(body: bytes) -> None:
    """Neither in a text nor as a name in a tool's schema."""
    assert not shows_images(DIALECTS[ANTHROPIC], body, "")


def test_what_cannot_be_read_may_be_an_image() -> None:
    """It is the provider's to judge, and one with eyes can judge both."""
    assert shows_images(DIALECTS[ANTHROPIC], asks({"type": "image", "source": 7}), "")


TAGGED = {
    "a system prompt": encoded(system=f"You are {TAG} careful."),
    "a system prompt in blocks": encoded(
        system=[{"type": "text", "text": "Be kind."}, {"type": "text", "text": TAG}]
    ),
    "instructions": encoded(instructions=TAG, input="hi"),
    "a turn of the system": encoded(messages=[{"role": "system", "content": TAG}]),
    "a turn of the developer": encoded(
        input=[{"role": "user", "content": "hi"}, {"role": "developer", "content": TAG}]
    ),
    "gemini": encoded(systemInstruction={"parts": [{"text": TAG}]}),
    "gemini, the other way": encoded(system_instruction={"parts": [{"text": TAG}]}),
}


@pytest.mark.parametrize("body", TAGGED.values(), ids=TAGGED)
def test_a_tag_is_cut_out(body: bytes) -> None:
    """The name is read, and no other byte moves."""
    found = subagent_of(body)
    assert found is not None
    assert found.name == "reviewer"
    assert without(body, found) == body.replace(TAG.encode(), b"")
    assert subagent_of(without(body, found)) is None


@pytest.mark.parametrize(
    "spelled",
    [
        rb"\u003cpenstock-subagent\u003ea b/c-1\u003c/penstock-subagent\u003e",
        rb"\u003Cpenstock-subagent\u003Ea b/c-1\u003C\/penstock-subagent\u003E",
        rb"<penstock-subagent>a b/c-1<\/penstock-subagent>",
    ],
)
def test_a_tag_may_be_escaped(spelled: bytes) -> None:
    """Some languages write angle brackets and slashes of JSON as escapes."""
    body = b'{"x":"' + spelled + b'" , "system" : "a' + spelled + b'b" }'
    found = subagent_of(BOM + body)
    assert found is not None
    assert found.name == "a b/c-1"
    assert without(BOM + body, found) == BOM + b'{"x":"' + spelled + b'" , "system" : "ab" }'


@pytest.mark.parametrize(
    "body",
    [
        encoded(messages=[{"role": "user", "content": TAG}]),
        encoded(input=TAG),
        encoded(messages=["penstock-subagent", 7, {"role": "system", "content": "none"}]),
        encoded(messages={"role": "system", "content": TAG}),
        encoded(metadata={"system": TAG}),
        encoded(system="<penstock-subagent>not ended"),
        encoded(system="<penstock-subagent></penstock-subagent>"),
        encoded(system=f"<penstock-subagent>{'x' * 65}</penstock-subagent>"),
        b'{"system":"penstock-subagent',
        b'["penstock-subagent"]',
    ],
)
def test_what_is_no_tag_stays(body: bytes) -> None:
    """What a user says, what is no name, and what is no request."""
    assert subagent_of(body) is None
