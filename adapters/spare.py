"""What a request can do without, dialect by dialect: settings, never content.

Only what stands here may be left out because an upstream refuses it. What a client asked *for* (its messages,
its tools, the form of the answer, the limit of its length, where to stop) is no setting: it hears the refusal
in the upstream's own words. Where a field needs a beta, the two are left out together, whichever was named.
"""

import re
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from adapters.complaints import Complaint, Named
from adapters.members import Change, plain

ANTHROPIC: Final = "anthropic-messages"

_SAMPLING: Final = "temperature top_p top_k min_p seed frequency_penalty presence_penalty"
_ACCOUNTS: Final = "metadata user service_tier prompt_cache_key prompt_cache_retention safety_identifier"
_OF_GENERATION: Final = (
    "temperature top_p top_k seed presence_penalty frequency_penalty thinking_config media_resolution "
    "response_logprobs logprobs enable_enhanced_civic_answers"
)
_SPARE: Final = {
    ANTHROPIC: "temperature top_p top_k metadata service_tier thinking context_management "
    "output_config.effort speed inference_geo",
    "openai-chat": f"{_SAMPLING} {_ACCOUNTS} repetition_penalty logit_bias logprobs top_logprobs store "
    "parallel_tool_calls reasoning_effort reasoning include_reasoning thinking enable_thinking verbosity "
    "stream_options prediction chat_template_kwargs",
    # Not `store`: without it a provider keeps what was said.
    "openai-responses": f"temperature top_p top_logprobs {_ACCOUNTS} client_metadata parallel_tool_calls "
    "reasoning text.verbosity truncation include stream_options",
    "gemini": " ".join(f"generation_config.{name}" for name in _OF_GENERATION.split())
    + " labels service_tier",
    "ollama": " ".join(f"options.{name}" for name in _SAMPLING.split())
    + " think keep_alive logprobs top_logprobs",
}
SPARE: Final = {
    dialect: frozenset(tuple(plain(step) for step in path.split(".")) for path in paths.split())
    for dialect, paths in _SPARE.items()
}
# Fields that hold settings beside what is none: they go only where they hold nothing else.
_MIXED: Final = {(ANTHROPIC, "output_config"): ("effort",), ("openai-responses", "text"): ("verbosity",)}
# What the same limit is called by those who do not know its other name.
_OTHER_NAMES: Final = {"maxtokens": "max_completion_tokens", "maxcompletiontokens": "max_tokens"}
# Where each dialect asks for thinking.
_THINKING: Final = {
    ANTHROPIC: ("thinking",),
    "openai-chat": ("reasoning_effort",),
    "openai-responses": ("reasoning",),
    "gemini": ("generation_config", "thinking_config"),
    "ollama": ("think",),
}
# Anthropic's validator names which form of a field it took the request for.
_FORMS: Final = frozenset(("enabled", "adaptive", "disabled", "ephemeral"))

# A beta by its glob, and the field that is refused without it.
_HALVES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("context-management-*", ("context_management",)),
    ("effort-*", ("output_config", "effort")),
    ("thinking-display-updates-*", ("thinking", "display")),
    ("fast-mode-*", ("speed",)),
)
# Betas whose other half is content, or says who asks: without them the request is another one.
_NEEDED: Final = re.compile(
    r"(?:oauth|advanced-tool-use|mid-conversation-tool-changes|per-turn-control|mcp-client|files-api|skills"
    r"|code-execution|computer-use|structured-outputs|web-fetch|tool-search|memory|pdfs|dangerous-tool-use)-"
)


class Spared(msgspec.Struct, frozen=True):
    """What is left out together: a member of the body, betas by their globs, or both."""

    change: Change | None = None
    betas: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What is left out, in words."""
        return " + ".join((*(() if self.change is None else (self.change.name,)), *self.betas))


def spared(dialect: str, complaint: Complaint) -> tuple[Spared, ...]:
    """What to leave out of requests of a dialect after a complaint; nothing where any of it is content."""
    found = [_of_beta(beta) for beta in complaint.betas] + [
        _of_field(dialect, one) for one in complaint.fields
    ]
    if complaint.ability == "thinking":
        found.append(Spared(Change(_THINKING[dialect])))
    kept = tuple(one for one in found if one is not None)
    return kept if len(kept) == len(found) else ()


def _of_beta(beta: str) -> Spared | None:
    if _NEEDED.match(beta):
        return None
    path = next((path for glob, path in _HALVES if fnmatchcase(beta, glob)), None)
    return Spared(None if path is None else Change(path), (beta,))


def _of_field(dialect: str, named: Named) -> Spared | None:
    path = _without_forms(dialect, named.path)
    steps = tuple(plain(step) for step in path)
    if dialect == "openai-chat" and steps[0] in _OTHER_NAMES and not named.value:
        return Spared(Change(path[:1], instead=_OTHER_NAMES[steps[0]]))
    change = Change(path, named.value, named.beside)
    mixed = _MIXED.get((dialect, path[0])) if len(path) == 1 else None
    if mixed is not None:
        change = msgspec.structs.replace(change, only=mixed)
    elif not any(steps[: len(spare)] == spare for spare in SPARE[dialect]):
        return None
    halves = (
        tuple(glob for glob, half in _HALVES if half[: len(path)] == path) if dialect == ANTHROPIC else ()
    )
    return Spared(change, () if named.value else halves)


def _without_forms(dialect: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """A path to a member: what is said of one item of a list is said of all of it."""
    steps = [step for step in path if dialect != ANTHROPIC or step not in _FORMS]
    whole = next((place for place, step in enumerate(steps) if step.isdigit()), len(steps))
    return tuple(steps[:whole])
