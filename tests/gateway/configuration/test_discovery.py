"""Providers found in the environment, with nothing configured or beside what is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.table import PROVIDERS
from gateway.configuration.loading import load
from gateway.configuration.problems import ConfigurationError
from gateway.settings import ProviderSettings

Find = Callable[..., dict[str, ProviderSettings]]


@pytest.fixture
def find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Find:
    """The providers of a machine with these variables and, if given, this file."""
    monkeypatch.chdir(tmp_path)

    def providers(text: str = "", **environment: str) -> dict[str, ProviderSettings]:
        path = tmp_path / "given.toml"
        path.write_text(text)
        settings = load(path, environment={"HOME": str(tmp_path), **environment}).settings
        return {provider.name: provider for provider in settings.providers}

    return providers


@pytest.mark.parametrize(
    "row", [row for row in PROVIDERS.values() if row.key_variable], ids=lambda row: row.name
)
def test_every_known_provider_is_found_by_its_variable(find: Find, row: object) -> None:
    """A key in a provider's usual variable is enough to use it."""
    known = PROVIDERS[getattr(row, "name", "")]
    found = find(**{str(known.key_variable): "k"})
    assert found.keys() == {known.name, "demo"}
    provider = found[known.name]
    assert (provider.api_key, provider.credential) == ("k", "key")
    assert (provider.key_source, provider.families) == (f"${known.key_variable}", known.families)


@pytest.mark.parametrize("value", ["", "  ", "penstock", "pst_0123456789ab_x"])
def test_an_empty_key_or_one_of_our_own_is_no_key(find: Find, value: str) -> None:
    """A variable set to nothing, or to what `penstock env` exports, makes no provider."""
    assert find(OPENAI_API_KEY=value).keys() == {"demo"}


def test_an_anthropic_token_is_no_provider_key(find: Find) -> None:
    """ANTHROPIC_AUTH_TOKEN belongs to a client; penstock does not take it for a key."""
    assert find(ANTHROPIC_AUTH_TOKEN="t").keys() == {"demo"}


def test_a_word_in_the_middle_makes_an_instance(find: Find) -> None:
    """OPENAI_EAST_API_KEY is another provider like openai, with a key and an address of its own."""
    found = find(OPENAI_EAST_API_KEY="e", OPENAI_API_KEY="k", OPENAI_EAST_BASE_URL="https://east.example/v1")
    east = found["openai-east"]
    assert (east.row, east.api_key) == ("openai", "e")
    assert set(east.base_urls.values()) == {"https://east.example/v1"}
    assert east.base_urls.keys() == PROVIDERS["openai"].base_urls.keys()
    assert found["openai"].base_urls == PROVIDERS["openai"].base_urls
    assert (east.families, found["openai"].families) == ((), PROVIDERS["openai"].families)


def test_an_only_instance_serves_the_family(find: Find) -> None:
    """With no provider of the plain name, the instance answers for its models."""
    assert find(OPENAI_EAST_API_KEY="e")["openai-east"].families == PROVIDERS["openai"].families


def test_an_address_variable_moves_a_provider(find: Find) -> None:
    """OPENAI_BASE_URL is where OPENAI_API_KEY goes."""
    found = find(OPENAI_API_KEY="k", OPENAI_BASE_URL="http://10.0.0.7:8000/v1/")
    assert set(found["openai"].base_urls.values()) == {"http://10.0.0.7:8000/v1"}


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:4747", "http://localhost:4747/v1", "http://[::1]:4747", "http://127.0.0.1:4747/"],
)
def test_an_address_that_is_our_own_is_ignored(find: Find, url: str) -> None:
    """What `penstock env` exports does not make penstock call itself."""
    found = find(ANTHROPIC_API_KEY="k", ANTHROPIC_BASE_URL=url)
    assert found["anthropic"].base_urls == PROVIDERS["anthropic"].base_urls


def test_a_wrong_address_in_the_environment_is_named(find: Find) -> None:
    """An address variable that cannot be used is a problem under its own name."""
    with pytest.raises(ConfigurationError) as caught:
        find(OPENAI_API_KEY="k", OPENAI_BASE_URL="localhost")
    assert [problem.path for problem in caught.value.problems] == ["OPENAI_BASE_URL"]


def test_a_key_that_no_header_can_carry_is_named(find: Find) -> None:
    """A line end in a key is a problem under the variable's name, without the key."""
    with pytest.raises(ConfigurationError) as caught:
        find(OPENAI_API_KEY="planted\nkey")
    assert [problem.path for problem in caught.value.problems] == ["OPENAI_API_KEY"]
    assert "planted" not in str(caught.value)


def test_the_file_wins_over_what_is_found(find: Find) -> None:
    """A provider of the file keeps its own key and address, and others are found beside it."""
    text = '[providers.openai]\napi_key = "mine"\nbase_url = "http://127.0.0.1:1"'
    found = find(text, OPENAI_API_KEY="theirs", OPENAI_BASE_URL="http://127.0.0.1:2", GROQ_API_KEY="g")
    assert (found["openai"].api_key, found["openai"].key_source) == ("mine", str(Path.cwd() / "given.toml"))
    assert set(found["openai"].base_urls.values()) == {"http://127.0.0.1:1"}
    assert list(found) == ["openai", "groq", "demo"]


def test_discovery_can_be_switched_off(find: Find) -> None:
    """`discover = false` leaves what the file names, demo included, and still takes keys from variables."""
    off = "[server]\ndiscover = false\n"
    found = find(f"{off}[providers.openai]", OPENAI_API_KEY="k", GROQ_API_KEY="g")
    assert found.keys() == {"openai"}
    assert found["openai"].api_key == "k"
    assert find(f"{off}[providers.demo]").keys() == {"demo"}
    with pytest.raises(ConfigurationError, match="there is none"):
        find(off, GROQ_API_KEY="g")


def test_demo_steps_back_beside_other_providers(find: Find) -> None:
    """As soon as there is another provider, demo answers to its own name only."""
    assert find(GROQ_API_KEY="g")["demo"].families == ("demo", "demo-*")
    assert "claude-*" in find()["demo"].families
