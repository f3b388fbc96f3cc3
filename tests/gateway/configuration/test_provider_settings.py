"""Providers of the file: what each option does, and which mistakes are refused."""

from pathlib import Path

import msgspec
import pytest
import trustme

from tests.gateway.reading import PLANTED, Load, problems, provider


def test_provider_options_reach_the_settings(read: Load, tmp_path: Path) -> None:
    """Everything a provider's table may say is in its settings."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    box = provider(
        read("""
            [providers.box]
            dialect = "openai-chat"
            base_url = "http://127.0.0.1:8000/v1/"
            api_key = "abc"
            headers = { X-Team = "blue" }
            proxy = "http://user:word@127.0.0.1:3128"
            ca_file = "ca.pem"
            models = ["qwen*"]
            timeouts = { connect = "1s", first_byte = 2, first_byte_thinking = "3s", idle = "4s", whole = 5 }
        """),
        "box",
    )
    assert box.base_urls == {"openai-chat": "http://127.0.0.1:8000/v1"}
    assert (box.credential, box.api_key, box.headers) == ("key", "abc", {"x-team": "blue"})
    assert (box.proxy, box.ca_file) == ("http://user:word@127.0.0.1:3128", str(tmp_path / "ca.pem"))
    assert (box.row, box.families) == (None, ("qwen*",))
    assert msgspec.structs.astuple(box.timeouts) == (1, 2, 3, 4, 5)


def test_a_provider_may_have_no_proxy(read: Load) -> None:
    """An empty proxy is kept apart from one that is not said: it overrules the environment's."""
    assert provider(read('[providers.openai]\napi_key = "k"\nproxy = ""'), "openai").proxy == ""


def test_the_pace_of_demo_reaches_the_settings(read: Load) -> None:
    """Demo has a pace, and no other provider does."""
    assert provider(read('[providers.demo]\npace = "1ms"'), "demo").pace == 0.001
    wrong = problems(read, '[providers.openai]\napi_key = "k"\npace = "1ms"')
    assert "only demo" in wrong["providers.openai.pace"]


def test_a_known_name_brings_address_dialect_and_key(read: Load) -> None:
    """[providers.anthropic] alone is complete when its variable holds a key."""
    anthropic = provider(read("[providers.anthropic]", ANTHROPIC_API_KEY="k"), "anthropic")
    assert anthropic.base_urls == {"anthropic-messages": "https://api.anthropic.com"}
    assert (anthropic.api_key, anthropic.key_source) == ("k", "$ANTHROPIC_API_KEY")


def test_another_instance_is_like_a_known_one(read: Load) -> None:
    """`like` takes everything but the key from the known provider."""
    east = provider(read('[providers.east]\nlike = "anthropic"\napi_key = "${EAST}"', EAST="k"), "east")
    assert (east.row, east.api_key, east.key_source) == ("anthropic", "k", "$EAST")
    assert east.families == ("claude-*",)


def test_model_families_lead_to_one_instance(read: Load) -> None:
    """Of two instances of one provider, the one with the provider's own name gets its families."""
    configuration = read(
        '[providers.east]\nlike = "anthropic"\napi_key = "a"\n[providers.anthropic]\napi_key = "b"'
    )
    assert provider(configuration, "east").families == ()
    assert provider(configuration, "anthropic").families == ("claude-*",)


def test_a_dialect_can_be_chosen_of_those_a_provider_speaks(read: Load) -> None:
    """A dialect the provider does not speak is refused with those it does."""
    wrong = problems(read, '[providers.openai]\napi_key = "k"\ndialect = "anthropic-messages"')
    assert "known: openai-chat" in wrong["providers.openai.dialect"]


@pytest.mark.parametrize(
    ("table", "key", "said"),
    [
        ("", "", "needs a dialect and a base_url"),
        ('dialect = "openai-chat"', "", "needs a dialect and a base_url"),
        ('like = "antropic"', ".like", "did you mean anthropic?"),
        ('dialect = "openai-cat"\nbase_url = "http://a"', ".dialect", "did you mean openai-chat?"),
        ('dialect = "openai-chat"\nbase_url = "http://a"\nauth = "key"', ".api_key", "needs a key"),
        ('dialect = "openai-chat"\nbase_url = "http://a"\nauth = "passthrough"', ".auth", "Anthropic's own"),
        ('like = "openai"', ".api_key", "needs a key"),
        ('like = "openai"\napi_key = ""', ".api_key", "empty"),
        (f'like = "openai"\napi_key = "{PLANTED}\\n"', ".api_key", "no spaces, line ends"),
        (f'like = "openai"\napi_key = "{PLANTED} "', ".api_key", "no spaces, line ends"),
        (f'like = "openai"\napi_key = "{PLANTED}"\nauth = "none"', ".api_key", "never be used"),
        (
            f'like = "openai"\nauth = "none"\nheaders = {{ Authorization = "{PLANTED}" }}',
            ".headers.Authorization",
            "penstock's own",
        ),
        (
            f'like = "openai"\nauth = "none"\nheaders = {{ x = "{PLANTED}\\r\\n" }}',
            ".headers.x",
            "no header may",
        ),
        ('like = "openai"\nauth = "none"\nheaders = { "x y" = "1" }', ".headers", "no header may"),
        ('like = "openai"\nauth = "none"\nca_file = "missing.pem"', ".ca_file", "cannot be read"),
        ('like = "openai"\nauth = "none"\nproxy = "socks5://a"', ".proxy", "http://"),
        ('like = "openai"\nauth = "none"\ntimeouts = { idle = 0 }', ".timeouts.idle", "more than nothing"),
        (
            'like = "openai"\nauth = "none"\ntimeouts = { idle = "x" }',
            ".timeouts.idle",
            "expected a duration",
        ),
        ('like = "demo"\nbase_url = "http://a"', ".base_url", "no address"),
        *(
            (f'like = "openai"\nauth = "none"\nbase_url = "{url}"', ".base_url", said)
            for url, said in (
                ("ftp://a/", "http://"),
                ("a.example", "http://"),
                ("http://", "http://"),
                ("http://a:port/", "http://"),
                (f"http://user:{PLANTED}@a/", "no user name and no password"),
                (f"http://a/?key={PLANTED}", "no query"),
                ("http://a/#x", "no query and no fragment"),
                ("http://a b/", "no spaces"),
                ("http://a/\\r\\nx: y", "no spaces"),
            )
        ),
    ],
)
def test_a_provider_that_cannot_work_is_refused(read: Load, table: str, key: str, said: str) -> None:
    """Each mistake in a provider's table is a problem of its own, at the key that holds it."""
    assert said in problems(read, f"[providers.mine]\n{table}")[f"providers.mine{key}"]


def test_a_ca_file_without_certificates_is_refused(read: Load, tmp_path: Path) -> None:
    """A file that is there and holds no certificate is found out before the first call."""
    (tmp_path / "ca.pem").write_text("no certificate")
    wrong = problems(read, '[providers.openai]\napi_key = "k"\nca_file = "ca.pem"')
    assert "no certificates" in wrong["providers.openai.ca_file"]


def test_an_address_may_be_that_of_a_box_without_a_key(read: Load) -> None:
    """A provider that is not known needs no key."""
    box = provider(read('[providers.box]\ndialect = "openai-chat"\nbase_url = "http://10.0.0.7"'), "box")
    assert (box.credential, box.api_key) == ("none", None)


@pytest.mark.parametrize(
    "url", ["https://api.anthropic.com", "https://eu.anthropic.com/", "http://127.0.0.1:9"]
)
def test_a_clients_own_credential_goes_to_anthropic(read: Load, url: str) -> None:
    """Passthrough is allowed to Anthropic's own address, and to this machine."""
    text = f'[providers.anthropic]\nauth = "passthrough"\nbase_url = "{url}"'
    assert provider(read(text), "anthropic").credential == "passthrough"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.anthropic.com.evil.example",
        "https://evilanthropic.com",
        "http://api.anthropic.com",
        "https://box.example",
    ],
)
def test_a_clients_own_credential_goes_nowhere_else(read: Load, url: str) -> None:
    """Passthrough to any other address is refused, with the reason."""
    text = f'[providers.anthropic]\nauth = "passthrough"\nbase_url = "{url}"'
    assert "Anthropic's own address only" in problems(read, text)["providers.anthropic.auth"]


def test_passthrough_is_refused_when_the_environment_moves_the_address(read: Load) -> None:
    """ANTHROPIC_BASE_URL cannot lead a client's own credential away, and the problem names it."""
    text = '[providers.anthropic]\nauth = "passthrough"'
    wrong = problems(read, text, ANTHROPIC_BASE_URL="https://box.example")
    assert "ANTHROPIC_BASE_URL" in wrong["providers.anthropic.auth"]


def test_a_key_in_the_environment_stays_with_its_own_provider(read: Load) -> None:
    """A differently named provider with an address of its own does not get OPENAI_API_KEY."""
    text = '[providers.box]\nlike = "openai"\nbase_url = "https://box.example"'
    assert "needs a key" in problems(read, text, OPENAI_API_KEY=PLANTED)["providers.box.api_key"]


OPENED = '[providers.a]\nlike = "openai"\nauth = "none"\n'


def test_a_provider_may_be_watched(read: Load) -> None:
    """The time between two probes reaches the settings; without the word there are none."""
    assert provider(read(OPENED), "a").probe == 0.0
    assert provider(read(OPENED + 'probe = "1m"'), "a").probe == 60.0


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        (OPENED + 'probe = "1s"', "providers.a.probe", "5 seconds or more"),
        (OPENED + 'probe = "x"', "providers.a.probe", "expected a duration"),
        ('[providers.demo]\nprobe = "1m"', "providers.demo.probe", "always there"),
    ],
)
def test_a_probe_that_cannot_be_meant(read: Load, text: str, path: str, said: str) -> None:
    """Too often, no time at all, or of a provider that is here."""
    assert said in problems(read, text)[path]
