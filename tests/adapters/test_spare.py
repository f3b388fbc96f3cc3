"""What may be left out: settings with their betas, never content."""

import pytest

from adapters.complaints import Complaint, Named
from adapters.members import Change
from adapters.spare import SPARE, Spared, spared
from adapters.table import DIALECTS

MESSAGES, CHAT = "anthropic-messages", "openai-chat"
# What a client asked for, dialect by dialect: none of it is ever left out.
CONTENT = {
    MESSAGES: "model messages system tools tool_choice max_tokens stop_sequences stream output_config.format",
    CHAT: "model messages tools tool_choice response_format stop n stream functions modalities",
    "openai-responses": "model input instructions tools tool_choice text.format store stream "
    "max_output_tokens",
    "gemini": "contents systemInstruction tools toolConfig generationConfig.responseSchema safetySettings "
    "generationConfig.maxOutputTokens generationConfig.stopSequences generationConfig",
    "ollama": "model messages prompt tools format stream options.num_predict options.stop options",
}


def of(dialect: str, *paths: str) -> tuple[Spared, ...]:
    """What is left out after fields were refused."""
    return spared(dialect, Complaint(tuple(Named(tuple(path.split("."))) for path in paths)))


def test_every_dialect_has_its_settings() -> None:
    """A dialect in the table has a list here."""
    assert set(SPARE) == set(DIALECTS) == set(CONTENT)


@pytest.mark.parametrize(
    ("dialect", "path"), [(dialect, path) for dialect, paths in CONTENT.items() for path in paths.split()]
)
def test_content_is_never_left_out(dialect: str, path: str) -> None:
    """Whatever an upstream says of it, and whatever else it says with it."""
    assert of(dialect, path) == ()
    assert of(dialect, "metadata", path) == ()


def test_a_setting_is_left_out() -> None:
    """By its path; what is inside a setting is a setting."""
    assert of(CHAT, "temperature", "logprobs") == (
        Spared(Change(("temperature",))),
        Spared(Change(("logprobs",))),
    )
    assert of("openai-responses", "reasoning.summary") == (Spared(Change(("reasoning", "summary"))),)
    assert of(CHAT, "presencePenalty") == (Spared(Change(("presencePenalty",))),)
    path = ("generation_config", "thinking_config", "thinkingLevel")
    assert of("gemini", ".".join(path)) == (Spared(Change(path)),)


def test_a_field_goes_with_its_beta() -> None:
    """Whichever of the two is refused."""
    change = Change(("context_management",))
    assert of(MESSAGES, "context_management") == (Spared(change, ("context-management-*",)),)
    beta = "context-management-2025-06-27"
    assert spared(MESSAGES, Complaint(betas=(beta,))) == (Spared(change, (beta,)),)
    # One item of a list is told for the whole of it.
    assert of(MESSAGES, "context_management.edits.0") == (Spared(Change(("context_management", "edits"))),)


def test_a_beta_nobody_knows_goes_alone() -> None:
    """It has no other half that is known."""
    assert spared(MESSAGES, Complaint(betas=("made-up-2027",))) == (Spared(None, ("made-up-2027",)),)


@pytest.mark.parametrize("beta", ["oauth-2025-04-20", "advanced-tool-use-2025-11-20", "files-api-2025-04-14"])
def test_a_beta_that_is_needed_stays(beta: str) -> None:
    """It says who asks, or what is asked: without it the request is another one."""
    assert spared(MESSAGES, Complaint(betas=("made-up-2027", beta))) == ()


def test_a_field_that_holds_more_than_settings() -> None:
    """It goes only where it holds nothing else; the form a validator took it for is no step of a path."""
    assert of(MESSAGES, "output_config") == (
        Spared(Change(("output_config",), only=("effort",)), ("effort-*",)),
    )
    assert of("openai-responses", "text") == (Spared(Change(("text",), only=("verbosity",))),)
    display = Spared(Change(("thinking", "display")), ("thinking-display-updates-*",))
    assert of(MESSAGES, "thinking.adaptive.display") == (display,)


def test_a_limit_of_another_name() -> None:
    """It is renamed and not lost; a value that is too large is the client's affair."""
    assert of(CHAT, "max_tokens") == (Spared(Change(("max_tokens",), instead="max_completion_tokens")),)
    assert of(CHAT, "max_completion_tokens") == (
        Spared(Change(("max_completion_tokens",), instead="max_tokens")),
    )
    assert spared(CHAT, Complaint((Named(("max_tokens",), value="99999999"),))) == ()


def test_a_value_and_a_neighbour() -> None:
    """Only that value goes, and without the beta; only beside that neighbour."""
    found = spared(MESSAGES, Complaint((Named(("output_config", "effort"), value="max"),)))
    assert found == (Spared(Change(("output_config", "effort"), value="max")),)
    found = spared(MESSAGES, Complaint((Named(("top_p",), beside="temperature"),)))
    assert found == (Spared(Change(("top_p",), beside="temperature")),)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_model_that_cannot_think(dialect: str) -> None:
    """It is not asked to; one that cannot use tools is not asked without them."""
    (found,) = spared(dialect, Complaint(ability="thinking"))
    assert found.change is not None
    assert spared(dialect, Complaint(ability="tools")) == ()


def test_names() -> None:
    """What is left out together is named together."""
    assert Spared(Change(("a", "b")), ("c-*",)).name == "a.b + c-*"
    assert Spared(None, ("c-1", "d-2")).name == "c-1 + d-2"
