"""Where the dialects disagree: the table asks the writers, so it is held to them by what it must contain."""

import json
from typing import get_args

import pytest

from adapters.dialect import Dialect
from adapters.disagreements import (
    CARRIED,
    LEFT_OUT,
    NOTHING,
    PARTS,
    REFUSED,
    SETTINGS,
    error,
    longest_name,
    overflow,
    part,
    setting,
    stop,
)
from adapters.events import StopReason
from adapters.table import DIALECTS

ANTHROPIC, CHAT, RESPONSES, GEMINI, OLLAMA = (
    DIALECTS[name] for name in ("anthropic-messages", "openai-chat", "openai-responses", "gemini", "ollama")
)
BY_NAME = {point.name: point for point in SETTINGS}


def passing(dialect: Dialect) -> Dialect:
    """A dialect that only passes through."""
    fields = {name: getattr(dialect, name) for name in dialect.__struct_fields__}
    return Dialect(**{**fields, "write_request": None})


# A setting, a dialect, and what becomes of it there.
BECOMES: list[tuple[str, Dialect, str]] = [
    ("instructions", ANTHROPIC, '{"system":"Be brief."}'),
    ("instructions", RESPONSES, '{"instructions":"Be brief."}'),
    ("the longest reply", CHAT, '{"max_completion_tokens":100}'),
    ("the longest reply", OLLAMA, '{"options":{"num_predict":100}}'),
    ("a high temperature", ANTHROPIC, '{"temperature":1.0}'),
    ("a high temperature", CHAT, '{"temperature":1.7}'),
    ("`top_k`", CHAT, "top_k dropped"),
    ("a seed", ANTHROPIC, "seed dropped"),
    ("six stop sequences", CHAT, '{"stop":["a","b","c","d"]}, stop dropped'),
    (
        "six stop sequences",
        GEMINI,
        '{"generationConfig":{"stopSequences":["a","b","c","d","e"]}}, stop dropped',
    ),
    ("thinking, much", CHAT, '{"reasoning_effort":"high"}'),
    ("thinking, within 8000 tokens", ANTHROPIC, '{"thinking":{"type":"enabled","budget_tokens":8000}}'),
    ("thinking, within 8000 tokens", CHAT, '{"reasoning_effort":"medium"}'),
    ("thinking, as the model likes", CHAT, NOTHING),
    ("two answers", ANTHROPIC, REFUSED),
    ("two answers", CHAT, REFUSED),
    ("a cheaper tier", ANTHROPIC, "service_tier dropped"),
    ("a stream", CHAT, '{"stream":true}, {"stream_options":{"include_usage":true}}'),
    ("what only the client's dialect knows", CHAT, "safeguards dropped"),
    ("a tool the provider runs", CHAT, "tools.web_search dropped"),
    ("some tool must be called", ANTHROPIC, '{"tool_choice":{"type":"any"}}'),
    ("some tool must be called", CHAT, '{"tool_choice":"required"}'),
    ("some tool must be called", OLLAMA, "tool_choice dropped"),
    ("no tool may be called", OLLAMA, "without tools"),
    ("one call at a time", ANTHROPIC, '{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}'),
    ("one call at a time", CHAT, '{"parallel_tool_calls":false}'),
]


@pytest.mark.parametrize(("name", "dialect", "cell"), BECOMES)
def test_a_cell_says_what_is_written(name: str, dialect: Dialect, cell: str) -> None:
    """Fields that appear, names that were dropped, a refusal, or nothing at all."""
    assert setting(dialect, BY_NAME[name]) == cell


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("name", BY_NAME)
def test_nothing_that_is_asked_vanishes(name: str, dialect: Dialect) -> None:
    """A setting stands in the body, is dropped by name, is refused, or is what happens anyway."""
    anyway = {
        "thinking, as the model likes": ("openai-chat", "ollama"),
        "any tool may be called": ("ollama",),
        "a stream": ("gemini",),
    }
    cell = setting(dialect, BY_NAME[name])
    assert cell
    assert (cell == NOTHING) == (dialect.name in anyway.get(name, ()))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("name", PARTS)
def test_content_is_carried_or_refused(name: str, dialect: Dialect) -> None:
    """Only thoughts, and what binds them to their maker, may be left out."""
    cell = part(dialect, PARTS[name])
    assert cell in (CARRIED, REFUSED, LEFT_OUT)
    assert cell != LEFT_OUT or name.startswith("a thought")


CARRIES: list[tuple[str, list[str]]] = [
    ("an image in base64", [CARRIED] * 5),
    ("an image by the id of a file", [REFUSED] * 5),
    ("a PDF by its address", [CARRIED, REFUSED, CARRIED, CARRIED, REFUSED]),
    ("a thought's signature, of another maker", [LEFT_OUT] * 5),
    ("a tool's image", [CARRIED] * 5),
    ("what only the client's dialect knows", [REFUSED] * 5),
    ("the same, where words say it too", [CARRIED] * 5),
]


@pytest.mark.parametrize(("name", "cells"), CARRIES)
def test_each_dialect_carries_what_it_has_a_place_for(name: str, cells: list[str]) -> None:
    """What one has no place for is a 400 there, and no other's matter."""
    dialects = (ANTHROPIC, CHAT, RESPONSES, GEMINI, OLLAMA)
    assert [part(dialect, PARTS[name]) for dialect in dialects] == cells


def test_a_dialect_that_only_passes_carries_nothing() -> None:
    """Without a writer nothing crosses into it."""
    assert setting(passing(CHAT), BY_NAME["a seed"]) == REFUSED
    assert part(passing(CHAT), PARTS["a sound"]) == REFUSED


STOPS: dict[StopReason, list[str]] = {
    "end": ["end_turn", "stop", "completed", "STOP", "stop"],
    "max_tokens": ["max_tokens", "length", "max_output_tokens", "MAX_TOKENS", "length"],
    "stop_sequence": ["stop_sequence", "stop", "completed", "STOP", "stop"],
    "tool_use": ["tool_use", "tool_calls", "completed", "STOP", "stop"],
    "refusal": ["refusal", "content_filter", "content_filter", "SAFETY", "stop"],
}


@pytest.mark.parametrize("reason", get_args(StopReason))
def test_every_end_of_a_reply_has_its_word(reason: StopReason) -> None:
    """Each dialect says why a reply ended in the field its clients look at."""
    told = [stop(dialect, reason) for dialect in (ANTHROPIC, CHAT, RESPONSES, GEMINI, OLLAMA)]
    assert all(json.dumps(word) in cell for word, cell in zip(STOPS[reason], told, strict=True))


def test_names_of_tools_have_a_longest() -> None:
    """Anthropic takes twice as much as the others."""
    assert (longest_name(ANTHROPIC), longest_name(CHAT)) == (128, 64)
    assert all(longest_name(dialect) in (64, 128) for dialect in DIALECTS.values())


def test_errors_have_the_words_of_each_dialect() -> None:
    """A full provider is what its clients call full."""
    assert error(ANTHROPIC, "overloaded", 503) == "529 overloaded_error"
    assert error(CHAT, "overloaded", 529) == "503 server_error overloaded"
    assert error(GEMINI, "overloaded", 529) == "503 UNAVAILABLE"
    assert error(OLLAMA, "overloaded", 529) == "503"
    assert error(ANTHROPIC, "billing", 429) == "402 billing_error"


def test_a_conversation_that_is_too_long_is_told_in_sentences() -> None:
    """The sentence of each dialect has the numbers in it."""
    assert overflow(ANTHROPIC).endswith("prompt is too long: 300 tokens > 200 maximum")
    assert overflow(CHAT).startswith("400 invalid_request_error context_length_exceeded This model's maximum")
    assert all(overflow(dialect).startswith("400") for dialect in DIALECTS.values())
