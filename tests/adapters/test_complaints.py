"""What is read in the words of providers' errors: every sentence as it was really said."""

import pytest

from adapters.complaints import Complaint, Named, read_complaint

FORBIDDEN = "'msg': 'Extra inputs are not permitted', 'input': 800}]"
# Who says it, the words, and the paths it refuses.
FIELDS: tuple[tuple[str, str, list[str]], ...] = (
    ("Anthropic", "context_management: Extra inputs are not permitted", ["context_management"]),
    (
        "Anthropic, in a turn",
        "messages.1.output_config: Extra inputs are not permitted",
        ["messages.1.output_config"],
    ),
    ("Anthropic, of a model", "`temperature` is deprecated for this model.", ["temperature"]),
    ("Bedrock", "Malformed input request: #: extraneous key [top_k] is not permitted, please", ["top_k"]),
    ("Bedrock, inside", "#/thinking: extraneous key [display] is not permitted", ["thinking.display"]),
    ("OpenAI", "Unknown parameter: 'reasoning.summary'.", ["reasoning.summary"]),
    ("OpenAI, of a model", "Unsupported parameter: 'top_p' is not supported with this model.", ["top_p"]),
    ("OpenAI, before", "Unrecognized request argument supplied: top_k", ["top_k"]),
    ("OpenAI, several", "Unrecognized request arguments supplied: top_k, min_p", ["top_k", "min_p"]),
    ("Z.ai", "Unsupported parameter(s): thinking", ["thinking"]),
    ("Fireworks", "Extra inputs are not permitted, field: 'top_k', value: 4", ["top_k"]),
    ("Mistral", '[{"type":"extra_forbidden","loc":["body","seed"],"msg":"no","input":0}]', ["seed"]),
    (
        "Mistral, in a turn",
        '{"type":"extra_forbidden","loc":["body","messages",0,"name"]}',
        ["messages.0.name"],
    ),
    ("vLLM", f"[{{'type': 'extra_forbidden', 'loc': ('body', 'user'), {FORBIDDEN}", ["user"]),
    (
        "NVIDIA",
        "body -> seed\n  Extra inputs are not permitted (type=extra_forbidden)\nbody -> user\n  extra fields",
        ["seed", "user"],
    ),
    ("Gemini", 'Unknown name "labels": Cannot find field.', ["labels"]),
    (
        "Gemini, inside, and two",
        (
            "Unknown name \"seed\" at 'generation_config': Cannot find field.\n"
            "Unknown name \"parts\" at 'contents[0]': Cannot find field."
        ),
        ["generation_config.seed", "contents.0.parts"],
    ),
    ("Groq", "property 'top_k' is unsupported, did you mean 'top_p'?", ["top_k"]),
    (
        "Groq, in a turn",
        "[('messages.0' : property 'reasoning_content' is unsupported)]",
        ["messages.0.reasoning_content"],
    ),
    ("Groq, of a model", "`reasoning_effort` is not supported with this model", ["reasoning_effort"]),
    ("DeepSeek", "deepseek-reasoner does not support the parameter `logprobs`", ["logprobs"]),
    (
        "DeepSeek, older",
        "Failed to deserialize the JSON body: unknown field `user`, expected one of",
        ["user"],
    ),
    ("xAI", "Model grok-4 does not support parameter presencePenalty.", ["presencePenalty"]),
    ("xAI, before", "Argument not supported on this model: stop", ["stop"]),
    ("Cohere", "unknown field: parameter 'store' is not a valid field", ["store"]),
    ("LiteLLM", "anthropic does not support parameters: ['seed', 'user'], for model=x.", ["seed", "user"]),
)


@pytest.mark.parametrize(("words", "paths"), [row[1:] for row in FIELDS], ids=[row[0] for row in FIELDS])
def test_the_fields_a_provider_refuses(words: str, paths: list[str]) -> None:
    """Each is found with its path, and nothing else is."""
    found = read_complaint(words)
    assert found == Complaint(tuple(Named(tuple(path.split("."))) for path in paths))


def test_what_a_field_goes_by_instead() -> None:
    """OpenAI says the new name of a field with the old one."""
    words = "Unsupported parameter: 'max_tokens' is not supported with this model."
    words += " Use 'max_completion_tokens' instead."
    assert read_complaint(words) == Complaint((Named(("max_tokens",), instead="max_completion_tokens"),))


def test_a_value_that_is_refused() -> None:
    """It is the value alone, but where only the default will do."""
    start = "Unsupported value: 'effort' does not support 'minimal' with this model."
    assert read_complaint(start + " Supported values are: 'low'.") == Complaint(
        (Named(("effort",), "minimal"),)
    )
    start = "Unsupported value: 'temperature' does not support 0.2 with this model."
    assert read_complaint(start + " Only the default (1) value is supported.") == Complaint(
        (Named(("temperature",)),)
    )


def test_two_that_do_not_go_together() -> None:
    """The second is refused beside the first."""
    words = "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
    assert read_complaint(words) == Complaint((Named(("top_p",), beside="temperature"),))


def test_betas() -> None:
    """All that the header's error names."""
    words = "Unexpected value(s) `effort-2025-11-24`, `x-1` for the `anthropic-beta` header."
    assert read_complaint(words) == Complaint(betas=("effort-2025-11-24", "x-1"))


ABILITIES = (
    ("registry.ollama.ai/library/gemma:latest does not support tools", "tools"),
    ("deepseek-reasoner does not support Function Calling", "tools"),
    ("No endpoints found that support tool use. Try disabling it.", "tools"),
    ("`tool calling` is not supported with this model", "tools"),
    ("No endpoints found that support image input", "vision"),
    ("llava-less is not a multimodal model", "vision"),
    ("this model does not support pdf input", "pdf"),
    ('"llama3" does not support thinking', "thinking"),
    ("Thinking level is not supported for this model.", "thinking"),
    ("This response_format type is unavailable now", "structured"),
    ("this model does not support structured output", "structured"),
)


@pytest.mark.parametrize(("words", "ability"), ABILITIES)
def test_what_a_model_cannot_do(words: str, ability: str) -> None:
    """Told apart from a field that is refused."""
    assert read_complaint(words) == Complaint(ability=ability)  # type: ignore[arg-type]


NOTHING = (
    "messages.1.role: Input should be 'user' or 'assistant'",
    "messages.3.content.0: Invalid `signature` in `thinking` block",
    "temperature: Input should be less than or equal to 1",
    "max_tokens: Field required",
    "prompt is too long: 213104 tokens > 200000 maximum",
    "input length and `max_tokens` exceed context limit: 150000 + 64000 > 200000",
    "`temperature` may only be set to 1 when thinking is enabled",
    "The model `gpt-9` does not exist",
    "",
    " " * 5000 + "seed: Extra inputs are not permitted",
)


@pytest.mark.parametrize("words", NOTHING)
def test_what_refuses_no_setting(words: str) -> None:
    """Values out of range, missing fields and long conversations are the client's affair."""
    assert read_complaint(words) is None


def test_reading_takes_no_long() -> None:
    """Words that begin like a sentence again and again are read in time."""
    for words in (
        "a" * 4000,
        "'" * 4000,
        "a, " * 1300,
        "body -> " * 500,
        "Unsupported parameter: a, " * 160,
        "x." * 2000,
    ):
        read_complaint(words)
