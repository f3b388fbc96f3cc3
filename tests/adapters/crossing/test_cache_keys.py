"""The name of a conversation for OpenAI's prompt cache: the session's, or as the client says it."""

import msgspec
import pytest

from adapters.conversation import PLAIN, Quirks, Written
from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, openai_chat, openai_responses
from adapters.quirks import quirks_for
from tests.adapters.crossing.crossings import Body, body_of, decoded

MESSAGES, CHAT, RESPONSES = anthropic_messages.DIALECT, openai_chat.DIALECT, openai_responses.DIALECT
KEYED = Quirks(cache_key=True)
there = pytest.mark.parametrize("there", [CHAT, RESPONSES], ids=["chat", "responses"])


def written(
    source: Dialect, target: Dialect, quirks: Quirks, fields: Body, key: str | None = "c1"
) -> Written:
    """What a provider gets of a request whose conversation has a name."""
    request = msgspec.structs.replace(source.read_request(body_of(fields), ""), cache_key=key)
    return target.write_request(request, quirks)


@there
def test_a_conversation_is_named(there: Dialect) -> None:
    """Where the provider looks for it by a name."""
    assert decoded(written(MESSAGES, there, KEYED, {}))["prompt_cache_key"] == "c1"


@there
def test_others_are_told_no_name(there: Dialect) -> None:
    """A provider that is not known to take one gets none, nor does one whose client has no session."""
    for quirks, key in ((PLAIN, "c1"), (KEYED, None)):
        assert "prompt_cache_key" not in decoded(written(MESSAGES, there, quirks, {}, key))


def test_the_name_a_client_says_goes_before_ours() -> None:
    """From Chat to Responses it is carried, and dropped by name where the provider takes none."""
    fields = {"prompt_cache_key": "mine"}
    carried = written(CHAT, RESPONSES, KEYED, fields)
    assert (decoded(carried)["prompt_cache_key"], carried.dropped) == ("mine", ())
    assert written(CHAT, RESPONSES, PLAIN, fields).dropped == ("prompt_cache_key",)


@there
def test_in_its_own_dialect_nothing_is_added(there: Dialect) -> None:
    """What a client of this API does not say is its own affair."""
    request = msgspec.structs.replace(CHAT.read_request(body_of({}), ""), cache_key="c1", dialect=there.name)
    assert "prompt_cache_key" not in decoded(there.write_request(request, KEYED))


def test_openais_models_take_a_name() -> None:
    """By the table: OpenAI's own, and nobody else's."""
    for model in ("gpt-5.1", "gpt-4o", "o3"):
        assert quirks_for("openai", RESPONSES.name, model).cache_key
    assert not quirks_for("groq", CHAT.name, "llama").cache_key
