"""The settings that OpenAI's two APIs have in common: carried from one to the other, where they are taken."""

import json
from typing import Any

import openai
import pytest

from adapters.conversation import PLAIN, Quirks, Written
from adapters.dialects import anthropic_messages, openai_chat, openai_responses
from adapters.quirks import quirks_for
from tests.adapters.crossing.crossings import Body, body_of, crossed, decoded
from tests.adapters.sdks import transport

MESSAGES, CHAT, RESPONSES = anthropic_messages.DIALECT, openai_chat.DIALECT, openai_responses.DIALECT
TAKEN = Quirks(shared_settings=True)
SAID: Body = {"metadata": {"task": "é", "n": "1"}, "store": True, "safety_identifier": "u-1"}
CHATS: Body = {**SAID, "verbosity": "low"}
RESPONSES_SAY: Body = {**SAID, "text": {"verbosity": "low"}}


def to_responses(fields: Body, quirks: Quirks = TAKEN) -> Written:
    """What Responses gets of a request of Chat's."""
    return crossed(body_of(fields), CHAT, RESPONSES, quirks)


def to_chat(fields: Body, quirks: Quirks = TAKEN) -> Written:
    """What Chat gets of a request of Responses'."""
    body = json.dumps({"model": "m", "input": "Hi", **fields}).encode()
    return crossed(body, RESPONSES, CHAT, quirks)


def test_what_chat_says_reaches_responses() -> None:
    """All four, verbosity in the place it has there, and nothing is named as dropped."""
    written = to_responses(CHATS)
    assert decoded(written).items() >= RESPONSES_SAY.items()
    assert written.dropped == ()


def test_what_responses_says_reaches_chat() -> None:
    """All four, verbosity where Chat has it, and nothing is named as dropped."""
    written = to_chat(RESPONSES_SAY)
    assert decoded(written).items() >= CHATS.items()
    assert "text" not in decoded(written)
    assert written.dropped == ()


def test_verbosity_stands_beside_the_shape_of_the_answer() -> None:
    """Both are in `text`, neither in the place of the other."""
    shape = {"type": "json_object"}
    text = decoded(to_responses({"verbosity": "high", "response_format": shape}))["text"]
    assert text == {"format": shape, "verbosity": "high"}
    chat = decoded(to_chat({"text": {"format": shape, "verbosity": "high"}}))
    assert (chat["response_format"], chat["verbosity"]) == (shape, "high")


KEPT: dict[str, tuple[Body, bool]] = {
    "nothing said": ({}, False),
    "nothing, with a null": ({"store": None}, False),
    "not to": ({"store": False}, False),
    "to": ({"store": True}, True),
}


@pytest.mark.parametrize(("fields", "kept"), KEPT.values(), ids=KEPT)
def test_a_response_is_kept_only_for_who_asks(fields: Body, kept: bool) -> None:
    """The one API keeps unless told not to, the other only when told: a client gets what its own does."""
    written = to_responses(fields)
    assert decoded(written)["store"] is kept
    assert written.dropped == ()


@pytest.mark.parametrize(("fields", "to"), [(CHATS, to_responses), (RESPONSES_SAY, to_chat)])
def test_others_get_none_of_them(fields: Body, to: Any) -> None:
    """A provider that is not known to take them is not asked, and they are named."""
    written = to(fields, PLAIN)
    verbosity = "verbosity" if to is to_responses else "text.verbosity"
    assert set(written.dropped) == {"metadata", "store", "safety_identifier", verbosity}
    assert not {"metadata", "safety_identifier", "verbosity", "text"} & decoded(written).keys()
    assert decoded(written).get("store", False) is False


def test_no_other_client_reaches_them() -> None:
    """What a client of Anthropic's calls by one of the names is nothing that OpenAI knows."""
    written = crossed(body_of({"store": True, "max_tokens": 5}), MESSAGES, CHAT, TAKEN)
    assert "store" not in decoded(written)
    assert "store" in written.dropped


def test_what_the_other_api_lacks_is_named_as_before() -> None:
    """Beside the settings that are carried."""
    assert to_responses({**SAID, "logit_bias": {}, "logprobs": True, "top_logprobs": 2}).dropped == (
        "logprobs",
        "top_logprobs",
        "logit_bias",
    )
    assert to_chat({**SAID, "truncation": "auto"}).dropped == ("truncation",)


def test_openais_models_take_them() -> None:
    """By the table: OpenAI's own, and nobody else's; what a model refuses is left out by name."""
    for model in ("gpt-5.1", "gpt-4o", "o3"):
        assert quirks_for("openai", RESPONSES.name, model).shared_settings
    assert not quirks_for("groq", CHAT.name, "llama").shared_settings
    refusing = Quirks(shared_settings=True, refuses=frozenset(("metadata",)))
    assert to_chat(SAID, refusing).dropped == ("metadata",)


def test_the_sdks_own_words_are_carried() -> None:
    """A request as the official SDK makes it, in both directions."""
    sent: list[bytes] = []
    client = openai.OpenAI(
        api_key="x", http_client=transport(b"{}"), max_retries=0, base_url="http://gateway.test/v1"
    )
    client._client.event_hooks["request"] = [lambda request: sent.append(request.content)]  # noqa: SLF001
    client.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": "x"}],
        verbosity="low",
        **SAID,
    )
    client.responses.create(model="m", input="x", text={"verbosity": "low"}, **SAID)
    assert decoded(crossed(sent[0], CHAT, RESPONSES, TAKEN)).items() >= RESPONSES_SAY.items()
    assert decoded(crossed(sent[1], RESPONSES, CHAT, TAKEN)).items() >= CHATS.items()
