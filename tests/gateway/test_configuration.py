"""The configuration from outside: a file, an environment and flags in; settings or named problems out."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gateway.configuration import Configuration, load
from gateway.problems import ConfigurationError
from gateway.settings import ProviderSettings, Settings

Load = Callable[..., Configuration]
PLANTED = "sk-planted-0123456789abcdef"
KEY = "pst_0123456789ab_secret"


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load the text as the configuration of an otherwise empty machine."""
    monkeypatch.chdir(tmp_path)

    def load_text(
        text: str = "", flags: dict[str, object] | None = None, **environment: str
    ) -> Configuration:
        path = tmp_path / "given.toml"
        path.write_text(text)
        return load(path, environment={"HOME": str(tmp_path), **environment}, flags=flags)

    return load_text


def problems(read: Load, text: str, **environment: str) -> dict[str, str]:
    """What is wrong, by path."""
    with pytest.raises(ConfigurationError) as caught:
        read(text, **environment)
    assert PLANTED not in str(caught.value)
    assert PLANTED not in repr(caught.value)
    return {each.path: f"{each.problem}; {each.remedy}" for each in caught.value.problems}


def provider(configuration: Configuration, name: str) -> ProviderSettings:
    """One provider of the settings, by name."""
    return next(each for each in configuration.settings.providers if each.name == name)


def test_nothing_configured_is_the_demo_provider_on_loopback(read: Load) -> None:
    """With an empty file and an empty environment, demo answers for everybody's models."""
    settings = read().settings
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 4747)
    assert [each.name for each in settings.providers] == ["demo"]
    families = settings.providers[0].families
    assert {"demo", "demo-*", "claude-*", "gpt-*", "o1*", "o3*", "o4*"} <= set(families)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ('listen = "[::1]:5000"', "host", "::1"),
        ('listen = "127.0.0.1:5000"', "port", 5000),
        ('listen = "localhost:5000"', "host", "127.0.0.1"),
        ("workers = 2", "workers", 2),
        ('max_body = "1 MB"', "max_body", 1_000_000),
        ('max_body = "1.5KiB"', "max_body", 1536),
        ("max_body = 77", "max_body", 77),
        ('drain = "250ms"', "drain", 0.25),
        ("drain = 0", "drain", 0),
        ('sign_of_life = "2m"', "sign_of_life", 120),
        ("sign_of_life = 1.5", "sign_of_life", 1.5),
    ],
)
def test_a_server_option_reaches_the_settings(read: Load, line: str, field: str, value: object) -> None:
    """Every option of [server] changes what the server is told."""
    assert getattr(read(f"[server]\n{line}").settings.server, field) == value


def test_log_options_reach_the_settings(read: Load) -> None:
    """[log] says how much is logged and in what form."""
    log = read('[log]\nlevel = "debug"\nformat = "json"').settings.log
    assert (log.level, log.format) == ("debug", "json")


def test_provider_options_reach_the_settings(read: Load, tmp_path: Path) -> None:
    """Everything a provider's table may say is in its settings."""
    (tmp_path / "ca.pem").write_text("certificates")
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


def test_the_pace_of_demo_reaches_the_settings(read: Load) -> None:
    """Demo has a pace, and no other provider does."""
    assert provider(read('[providers.demo]\npace = "1ms"'), "demo").pace == 0.001
    wrong = problems(read, '[providers.openai]\napi_key = "k"\npace = "1ms"')
    assert "only demo" in wrong["providers.openai.pace"]


def test_a_known_name_brings_address_dialect_and_key(read: Load) -> None:
    """[providers.anthropic] alone is complete when its variable holds a key."""
    anthropic = provider(read("[providers.anthropic]", ANTHROPIC_API_KEY="k"), "anthropic")
    assert anthropic.base_urls == {"anthropic-messages": "https://api.anthropic.com"}
    assert (anthropic.api_key, anthropic.key_source, anthropic.counts_tokens) == (
        "k",
        "$ANTHROPIC_API_KEY",
        True,
    )


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


def test_aliases_reach_the_settings(read: Load) -> None:
    """[models] says where a name or a glob leads."""
    text = '[models]\nfast = "demo/demo-1"\n"claude-*" = "demo"'
    assert read(text).settings.models == {"fast": "demo/demo-1", "claude-*": "demo"}


def test_an_alias_to_an_unknown_provider_names_the_nearest(read: Load) -> None:
    """A target that leads nowhere is a problem with the names that were probably meant."""
    wrong = problems(read, '[models]\nfast = "dmeo/x"\nslow = "demo/"')
    assert "did you mean demo?" in wrong["models.fast"]
    assert "names no model" in wrong["models.slow"]


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("[servr]", "servr", "did you mean server?"),
        ("[server]\nlistn = 1", "server.listn", "did you mean listen?"),
        ("[providers.anthropic]\nbase_ulr = 1", "providers.anthropic.base_ulr", "did you mean base_url?"),
        ("[server]\nworkers = true", "server.workers", "expected a whole number, got true or false"),
        ("[server]\nlisten = 1", "server.listen", "expected a string, got a whole number"),
        (
            "[server]\ndrain = []",
            "server.drain",
            "expected a whole number or a number or a string, got an array",
        ),
        ("server = 1", "server", "expected a table, got a whole number"),
        ('[log]\nlevel = "inof"', "log.level", "did you mean info?"),
        ("[log]\nlevel = 1979-05-27", "log.level", "got a date or a time"),
        ('models = { "a b" = 1 }', 'models."a b"', "expected a string, got a whole number"),
        ('[providers.a]\nmodels = "x"', "providers.a.models", "expected an array, got a string"),
        ("[providers.a]\nmodels = [1]", "providers.a.models.0", "expected a string, got a whole number"),
        (f"[providers.a.{PLANTED[:5]}]\nx = 1", f"providers.a.{PLANTED[:5]}", "unknown key"),
        ("[server]\nworkers = 0", "server.workers", "from 1 to"),
        ('[server]\nlisten = "4747"', "server.listen", "expected an address and a port"),
        ('[server]\nlisten = "::1:4747"', "server.listen", "expected an address and a port"),
        ('[server]\nlisten = "127.0.0.1:99999"', "server.listen", "from 0 to 65535"),
        ('[server]\nmax_body = "32 bananas"', "server.max_body", "expected a size"),
        ("[server]\nmax_body = 0", "server.max_body", "at least one byte"),
        ('[server]\ndrain = "soon"', "server.drain", "expected a duration"),
        ("[server]\ndrain = -1", "server.drain", "negative"),
        ("[server]\nsign_of_life = 0", "server.sign_of_life", "more than nothing"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(read: Load, text: str, path: str, said: str) -> None:
    """A wrong key, type or value is a problem with its path and what would be right."""
    assert said in problems(read, text)[path]


def test_all_problems_come_together(read: Load) -> None:
    """Unknown keys, wrong types, missing variables and failed checks are reported in one go."""
    wrong = problems(
        read,
        """
        [server]
        listen = "0.0.0.0:1"
        workers = "two"
        [providers.box]
        dialect = "openai-chat"
        base_url = "ftp://x"
        [providers.other]
        api_key = "${NOWHERE}"
        colour = "blue"
        [log]
        level = 1
        """,
    )
    assert {
        "server.workers",
        "providers.box.base_url",
        "providers.other.api_key",
        "providers.other.colour",
        "log.level",
    } <= wrong.keys()


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


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${NAME}", "value"),
        ("a-${NAME}-b", "a-value-b"),
        ("${EMPTY:-default}", "default"),
        ("${NOWHERE:-}", ""),
        ("${NAME:-default}", "value"),
        ("${file:secret.txt}", "from-a-file"),
        ("$${NAME}", "${NAME}"),
        ("$NAME", "$NAME"),
    ],
)
def test_references_are_followed(read: Load, tmp_path: Path, value: str, expected: str) -> None:
    """A variable, a default and a file can stand anywhere in a string."""
    (tmp_path / "secret.txt").write_text("from-a-file\n")
    text = f'[providers.demo]\nheaders = {{ x = "{value}" }}'
    assert provider(read(text, NAME="value", EMPTY=""), "demo").headers == {"x": expected}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("${NOWHERE}", "set NOWHERE"),
        ("${file:nowhere.txt}", "No such file"),
        ("${file:folder}", "cannot be read"),
        ("${file:binary}", "it is not text"),
        ("${file:large}", "too large"),
        ("${NAME", "never closed"),
        ("${NA ME}", "must be ${VAR}"),
        ("${NOWHERE:-${NAME}}", "cannot stand inside"),
    ],
)
def test_a_reference_that_leads_nowhere_names_who_wanted_it(
    read: Load, tmp_path: Path, value: str, said: str
) -> None:
    """A missing variable or file is a problem at the key that refers to it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_text(PLANTED * 10_000)
    wrong = problems(read, f'[providers.openai]\napi_key = "{value}"', NAME=PLANTED)
    assert list(wrong) == ["providers.openai.api_key"]
    assert said in wrong["providers.openai.api_key"]


def test_keys_become_digests(read: Load) -> None:
    """A secret and its SHA-256 are the same key, and having keys means asking for them."""
    digest = hashlib.sha256(KEY.encode()).digest()
    by_secret = read('[keys.me]\nsecret = "${MINE}"', MINE=KEY).settings
    by_digest = read(f'[keys.me]\nsha256 = "{digest.hex()}"').settings
    assert by_secret.keys == by_digest.keys
    assert by_secret.keys[0].digest == digest
    assert by_secret.server.keys_required


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("[keys.me]", "keys.me", "either secret or sha256"),
        (f'[keys.me]\nsecret = "{KEY}"\nsha256 = "00"', "keys.me", "either secret or sha256"),
        ('[keys.me]\nsecret = "short"', "keys.me", "16 characters"),
        ('[keys.me]\nsha256 = "00"', "keys.me", "64 hexadecimal"),
        (f'[keys.a]\nsecret = "{KEY}"\n[keys.b]\nsecret = "{KEY}"', "keys.b", "the same key as keys.a"),
        ('[server]\nkeys = "required"', "server.keys", "penstock key new"),
        ('[server]\nlisten = "0.0.0.0:4747"', "server.listen", "anybody could spend your money"),
        ('[server]\nlisten = "[::]:4747"', "server.listen", "anybody could spend your money"),
        (
            f'[server]\nlisten = "10.0.0.1:1"\nkeys = "none"\n[keys.a]\nsecret = "{KEY}"',
            "server.listen",
            "no key",
        ),
    ],
)
def test_an_open_door_is_no_start(read: Load, text: str, path: str, said: str) -> None:
    """Beyond loopback there are keys or there is no start, and a key that cannot work is refused."""
    assert said in problems(read, text)[path]


def test_beyond_loopback_with_a_key_is_fine(read: Load) -> None:
    """With a key given, penstock may listen to other machines."""
    server = read(f'[server]\nlisten = "0.0.0.0:4747"\n[keys.a]\nsecret = "{KEY}"').settings.server
    assert (server.host, server.keys_required) == ("0.0.0.0", True)  # noqa: S104 - the address under test


def test_the_environment_is_laid_over_the_file(read: Load) -> None:
    """PENSTOCK_ variables change single values, whatever the case of the names in the file."""
    configuration = read(
        '[server]\nlisten = "127.0.0.1:1"\n[providers.my-box]\ndialect = "openai-chat"\nbase_url = "http://a"',
        PENSTOCK_SERVER__LISTEN="127.0.0.1:2",
        PENSTOCK_SERVER__WORKERS="2",
        PENSTOCK_SERVER__DRAIN="5",
        PENSTOCK_PROVIDERS__MY_BOX__BASE_URL="http://b",
        PENSTOCK_PROVIDERS__MY_BOX__MODELS='["x*"]',
        PENSTOCK_PROVIDERS__MY_BOX__TIMEOUTS__IDLE="7s",
        PENSTOCK_PROVIDERS__ANTHROPIC__AUTH="passthrough",
        PENSTOCK_MODELS__FAST="demo",
        PENSTOCK_LOG__LEVEL="debug",
        PENSTOCK_SERVER__KEYS="",
    )
    server = configuration.settings.server
    assert (server.port, server.workers, server.drain) == (2, 2, 5)
    box = provider(configuration, "my-box")
    assert (box.base_urls, box.families, box.timeouts.idle) == ({"openai-chat": "http://b"}, ("x*",), 7)
    assert provider(configuration, "anthropic").credential == "passthrough"
    assert configuration.settings.models == {"fast": "demo"}
    assert configuration.settings.log.level == "debug"


def test_flags_win_over_the_environment_and_that_over_the_file(read: Load) -> None:
    """A value is taken from the command line, else the environment, else the file."""
    text, variable = '[server]\nlisten = "127.0.0.1:1"', {"PENSTOCK_SERVER__LISTEN": "127.0.0.1:2"}
    flags: dict[str, object] = {"server.listen": "127.0.0.1:3"}
    assert read(text, flags, **variable).settings.server.port == 3
    assert read(text, {"server.listen": None}, **variable).settings.server.port == 2
    assert read(text).settings.server.port == 1


def test_a_problem_names_the_variable_that_brought_it(read: Load) -> None:
    """A wrong value from the environment is reported under the variable's name."""
    wrong = problems(read, "", PENSTOCK_SERVER__WORKERS="many", PENSTOCK_SERVER__LISTN="x")
    assert "expected a whole number" in wrong["PENSTOCK_SERVER__WORKERS (server.workers)"]
    assert "did you mean listen?" in wrong["PENSTOCK_SERVER__LISTN (server.listn)"]


def test_variables_that_are_no_overrides_are_left_alone(read: Load) -> None:
    """What an orchestrator sets for a service called penstock is not taken for configuration."""
    assert read(PENSTOCK_PORT="tcp://10.0.0.1:4747", PENSTOCK_SERVICE_HOST="10.0.0.1").settings.providers


def test_the_file_is_found_in_the_usual_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config, then $PENSTOCK_CONFIG, then ./penstock.toml, then the user's configuration folder."""
    work, home, given = tmp_path / "work", tmp_path / "home", tmp_path / "given.toml"
    places = [
        home / ".config" / "penstock" / "penstock.toml",
        work / "penstock.toml",
        tmp_path / "named.toml",
        given,
    ]
    environment = {"HOME": str(home)}
    work.mkdir()
    monkeypatch.chdir(work)
    assert load(environment=environment).path is None
    for port, path in enumerate(places, start=1):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'[server]\nlisten = "127.0.0.1:{port}"')
    assert load(environment=environment).settings.server.port == 2
    (work / "penstock.toml").unlink()
    assert load(environment=environment).settings.server.port == 1
    elsewhere = {**environment, "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert load(environment=elsewhere).path is None
    named = {**environment, "PENSTOCK_CONFIG": str(places[2])}
    assert load(environment=named).settings.server.port == 3
    assert load(given, environment=named).settings.server.port == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"[server", "is not TOML"), (b"\xff\xfe", "not UTF-8"), (None, "there is no file")],
)
def test_a_file_that_cannot_be_read_is_one_problem(tmp_path: Path, content: bytes | None, said: str) -> None:
    """A named file must exist and be TOML."""
    path = tmp_path / "given.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        load(path, environment={})


def test_no_repr_shows_a_secret(read: Load) -> None:
    """Printing the settings anywhere shows no key, no header and no proxy's password."""
    text = f"""
        [providers.openai]
        api_key = "{PLANTED}"
        headers = {{ x-more = "{PLANTED}" }}
        proxy = "http://me:{PLANTED}@127.0.0.1:1"
        [keys.me]
        secret = "{PLANTED}"
    """
    configuration = read(text)
    assert PLANTED not in repr(configuration)
    assert PLANTED not in str(configuration.settings)


def test_settings_survive_the_way_to_another_process(read: Load) -> None:
    """Workers that are spawned get the settings through msgspec unchanged."""
    settings = read('[keys.me]\nsecret = "0123456789abcdef"', OPENAI_API_KEY="k").settings
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(settings), type=Settings) == settings
