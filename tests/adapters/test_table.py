"""The two tables: complete, consistent, and each row usable as it stands."""

from fnmatch import fnmatchcase

import pytest

from adapters.dialect import Dialect
from adapters.provider import ProviderRow, join
from adapters.table import DIALECTS, PROVIDERS


def test_dialects_go_by_their_own_names() -> None:
    """Each key of the table is the dialect's name."""
    assert {name: dialect.name for name, dialect in DIALECTS.items()} == {name: name for name in DIALECTS}
    assert set(DIALECTS) == {"anthropic-messages", "gemini", "ollama", "openai-chat", "openai-responses"}


def test_no_path_belongs_to_two_dialects() -> None:
    """A path alone says which dialect answers it."""
    paths = [endpoint.path for dialect in DIALECTS.values() for endpoint in dialect.endpoints]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_dialect_generates(dialect: Dialect) -> None:
    """Each dialect has a path that generates, spelled with its version where it has one."""
    assert any(endpoint.operation == "generate" for endpoint in dialect.endpoints)
    assert all(endpoint.path.startswith(("/v1/", "/v1beta/", "/api/")) for endpoint in dialect.endpoints)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("anthropic-messages", (b"x-api-key", b"k-1")),
        ("openai-chat", (b"authorization", b"Bearer k-1")),
        ("openai-responses", (b"authorization", b"Bearer k-1")),
        ("gemini", (b"x-goog-api-key", b"k-1")),
        ("ollama", (b"authorization", b"Bearer k-1")),
    ],
)
def test_a_key_goes_into_the_dialects_own_header(name: str, header: tuple[bytes, bytes]) -> None:
    """Each dialect carries a key where its providers look for it."""
    assert DIALECTS[name].credential("k-1") == header


@pytest.mark.parametrize("row", PROVIDERS.values(), ids=PROVIDERS)
def test_every_row_speaks_dialects_we_know_over_tls(row: ProviderRow) -> None:
    """A provider's addresses are https, or on this machine, and are spoken to in a dialect of the table."""
    assert PROVIDERS[row.name] is row
    assert set(row.base_urls) <= set(DIALECTS)
    assert all(url.startswith(("https://", "http://127.0.0.1:")) for url in row.base_urls.values())
    assert row.title


CALLED = {
    "anthropic": "https://api.anthropic.com/v1/messages",
    "openai": "https://api.openai.com/v1/chat/completions",
    "groq": "https://api.groq.com/openai/v1/chat/completions",
    "openrouter": "https://openrouter.ai/api/v1/chat/completions",
    "fireworks": "https://api.fireworks.ai/inference/v1/chat/completions",
    "perplexity": "https://api.perplexity.ai/chat/completions",
}


@pytest.mark.parametrize(("name", "url"), CALLED.items(), ids=CALLED)
def test_a_row_and_a_path_make_the_providers_address(name: str, url: str) -> None:
    """What is called is what the provider documents."""
    dialect, base_url = next(iter(PROVIDERS[name].base_urls.items()))
    assert join(base_url, DIALECTS[dialect].endpoints[0].path) == url


def test_openai_is_spoken_to_in_both_its_dialects() -> None:
    """Responses live beside Chat Completions at OpenAI, and nowhere else that we know."""
    speaking = [row for row in PROVIDERS.values() if "openai-responses" in row.base_urls]
    assert [row.name for row in speaking] == ["openai"]
    path = DIALECTS["openai-responses"].endpoints[0].path
    assert join(speaking[0].base_urls["openai-responses"], path) == "https://api.openai.com/v1/responses"


FAMILIES = {
    "claude-opus-5-5": ["anthropic"],
    "gpt-5.1": ["openai"],
    "o3-mini": ["openai"],
    "chatgpt-4o-latest": ["openai"],
    "grok-4": ["xai"],
    "deepseek-chat": ["deepseek"],
    "demo": ["demo"],
    "demo-tools": ["demo"],
    "llama-3.3-70b-versatile": [],
    "anthropic/claude-opus-5-5": [],
}


@pytest.mark.parametrize(("model", "names"), FAMILIES.items(), ids=FAMILIES)
def test_a_model_name_leads_to_one_provider_or_none(model: str, names: list[str]) -> None:
    """A family is a name only one provider has."""
    found = [
        row.name for row in PROVIDERS.values() if any(fnmatchcase(model, family) for family in row.families)
    ]
    assert found == names


def test_only_anthropic_takes_the_clients_own_credential() -> None:
    """A client's credential is passed through to Anthropic alone."""
    assert [row.name for row in PROVIDERS.values() if row.passthrough] == ["anthropic"]


def is_here(row: ProviderRow) -> bool:
    """Whether a row is a server on this machine."""
    return all(url.startswith("http://127.0.0.1:") for url in row.base_urls.values())


def test_every_row_but_the_demo_has_an_address_and_a_key() -> None:
    """The demo provider needs neither, a server on this machine no key; no two rows share a variable."""
    outside = [row for row in PROVIDERS.values() if row.base_urls and not is_here(row)]
    assert [row.name for row in PROVIDERS.values() if not row.base_urls] == ["demo"]
    assert PROVIDERS["demo"].key_variable is None
    variables = [row.key_variable for row in outside]
    assert all(variables)
    assert len(set(variables)) == len(variables)
    assert {row.name for row in PROVIDERS.values() if is_here(row) and row.base_urls} == {
        "ollama",
        "vllm",
        "sglang",
        "llamacpp",
        "lmstudio",
    }
