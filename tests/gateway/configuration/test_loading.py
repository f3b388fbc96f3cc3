"""The configuration from outside: a file, an environment and flags in; settings or named problems out."""

import hashlib
from pathlib import Path

import msgspec
import pytest

from gateway.configuration.loading import load
from gateway.configuration.problems import ConfigurationError
from gateway.settings import Settings
from tests.gateway.reading import PLANTED, Load, problems, provider

KEY = "pst_0123456789ab_secret"


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
        (
            'models = { "a b" = 1 }',
            'models."a b"',
            "expected a string or an array or a table, got a whole number",
        ),
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
        ('[server]\nkeys = "required"', "server.keys", "penstock keys create"),
        (
            '[server]\nlisten = "0.0.0.0:1"\nkeys = "none"\n[store]\npath = ":memory:"',
            "server.listen",
            "no key is asked for",
        ),
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


@pytest.mark.parametrize(
    ("server", "required"),
    [
        ('listen = "0.0.0.0:4747"', True),
        ('keys = "required"', True),
        ("", False),
        ('keys = "none"', False),
    ],
)
def test_a_store_is_a_place_for_keys(read: Load, server: str, required: bool) -> None:
    """With one no key need be in the file; it asks for keys where others can come, or where that is said."""
    settings = read(f'[server]\n{server}\n[store]\npath = ":memory:"').settings
    assert (settings.server.keys_required, settings.keys) == (required, ())


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
