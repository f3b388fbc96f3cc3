"""`penstock install` and `uninstall`: an agent's own files lead here, and then are what they were."""

import json
import re
import stat
import tomllib
from pathlib import Path

import pytest

from gateway.cli import Failure
from gateway.cli.installed import Wanted, carry_out, installing, uninstalling
from gateway.cli.jsonc import decoded
from tests.cli.machine import Machine

SETTINGS = """{
  // what I like
  "theme": "dark", /* really */
  "env": {
    "MINE": "1", "ANTHROPIC_BASE_URL": "https://elsewhere.example", // the other gateway
  },
  "unknown": { "deep": [1, 2, {"a": null},], },
}
"""
CONFIG = """# mine
model = "gpt-5.5"   # the good one
model_provider = "away"

[model_providers.away]  # the other gateway
name = "away"
base_url = 'https://elsewhere.example/v1'

[projects."/a/project"]
trust_level = "trusted"

[[hooks]]
a = { b = 1 }
"""
VARIABLES = "# keys\nexport GEMINI_API_KEY='mine' # old\nOTHER=1"
GEMINI = '{"security":{"auth":{"selectedType":"oauth-personal"}},"ui":{"theme":"Default"}}'
OPENCODE = '{\n\t"$schema": "https://opencode.ai/config.json",\n\t"model": "away/x" // mine\n}\n'
QWEN = '{\n  // mine\n  "$version": 4, "modelProviders": {"openai": [{"id": "mine", "baseUrl": "x"}]},\n}\n'
CRUSH = '{\n  "$schema": "https://charm.land/crush.json",\n'
CRUSH += '  "models": {"large": {"provider": "a", "model": "b"}}\n}'
ZED = """// Zed settings
{
  "theme": "One Dark", // mine
  "agent": {
    "default_model": { "provider": "zed.dev", "model": "claude-sonnet-4" },
    "dock": "right",
  },
  /* the other one */
  "language_models": { "openai": { "api_url": "https://elsewhere.example/v1" } },
}
"""
AIDER = "# mine\nmodel: sonnet   # the good one\n\nlint-cmd:\n  - python: flake8\ndark-mode: true\n"
GOOSE = """# mine
GOOSE_PROVIDER: anthropic # the other one
GOOSE_MODEL: claude-sonnet-4
extensions:
  developer:
    enabled: true

    type: builtin
# the end
"""
FILES = {
    "claude": {".claude/settings.json": SETTINGS},
    "codex": {".codex/config.toml": CONFIG},
    "gemini": {".gemini/settings.json": GEMINI, ".gemini/.env": VARIABLES},
    "opencode": {".config/opencode/opencode.jsonc": OPENCODE},
    "qwen": {".qwen/settings.json": QWEN},
    "crush": {".config/crush/crush.json": CRUSH},
    "zed": {".config/zed/settings.json": ZED},
    "aider": {".aider.conf.yml": AIDER},
    "goose": {".config/goose/config.yaml": GOOSE},
}
CONFIGURATION = '[models]\nmine = "demo"\n'
Contents = dict[str, tuple[bytes, int]]
FORMS = {
    "as it is": lambda text: text.encode(),
    "with the line ends of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "with a mark of its order": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "without a last line end": lambda text: text.rstrip("\n").encode(),
}


def contents(home: Path) -> Contents:
    """All that is in a home: folders, files with their permissions."""
    return {
        str(one.relative_to(home)): (
            one.read_bytes() if one.is_file() else b"",
            stat.S_IMODE(one.stat().st_mode),
        )
        for one in home.rglob("*")
    }


@pytest.fixture
def desk(machine: Machine) -> Machine:
    """A machine whose penstock knows one model by name."""
    machine.configure(CONFIGURATION)
    return machine


def fill(machine: Machine, agent: str, form: str = "as it is") -> None:
    """Put the user's files there."""
    for name, text in FILES[agent].items():
        file = machine.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(FORMS[form](text))
        file.chmod(0o640)


def typed(machine: Machine, *arguments: str) -> str:
    """Type a command that has to succeed; what it says."""
    ended = machine.run(*arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("agent", FILES)
def test_there_and_back_again(desk: Machine, agent: str, form: str) -> None:
    """Files, permissions and folders of the home are to the byte what they were, comments and all."""
    fill(desk, agent, form)
    before = contents(desk.home)
    typed(desk, "install", agent, "--model", "mine")
    after = contents(desk.home)
    assert all(after[name][0] != before[name][0] for name in FILES[agent])
    assert all(after[name][1] == 0o640 for name in FILES[agent])
    typed(desk, "uninstall", agent)
    assert contents(desk.home) == before


@pytest.mark.parametrize("agent", FILES)
def test_what_was_not_there_is_gone_again(desk: Machine, agent: str) -> None:
    """Files and folders that were made are removed; meanwhile only the user may read them."""
    typed(desk, "install", agent)
    files = [file for file in desk.home.rglob("*") if file.is_file()]
    assert files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    typed(desk, "uninstall", agent)
    assert contents(desk.home) == {}


def test_comments_and_unknown_keys_stay_while_installed(desk: Machine) -> None:
    """In Claude Code's settings only the values that lead here are other than they were."""
    fill(desk, "claude")
    typed(desk, "install", "claude")
    text = (desk.home / ".claude/settings.json").read_text()
    leads = SETTINGS.replace('"https://elsewhere.example", //', '"http://127.0.0.1:4747", //')
    start, end = leads.split("// the other gateway\n")
    assert text == f'{start}// the other gateway\n    "ANTHROPIC_AUTH_TOKEN": "penstock",\n{end}'


def test_codex_keeps_its_comments_while_installed(desk: Machine) -> None:
    """Each line of the user's TOML is still there but the one that named the other gateway."""
    fill(desk, "codex")
    typed(desk, "install", "codex", "--model", "mine")
    text = (desk.home / ".codex/config.toml").read_text()
    told = tomllib.loads(text)
    assert (told["model"], told["model_provider"]) == ("mine", "penstock")
    provider = {"name": "penstock", "base_url": "http://127.0.0.1:4747/v1", "wire_api": "responses"}
    assert told["model_providers"]["penstock"] == provider
    kept = [line for line in CONFIG.splitlines() if not line.startswith(("model ", "model_provider "))]
    assert set(kept) <= set(text.splitlines())
    assert "# the good one" in text


CHANGES = {
    "claude": (".claude/settings.json", '"theme": "dark"', '"theme": "light"'),
    "codex": (".codex/config.toml", "trusted", "untrusted"),
    "gemini": (".gemini/.env", "OTHER=1", "OTHER=2"),
    "opencode": (".config/opencode/opencode.jsonc", "$schema", "$scheme"),
    "qwen": (".qwen/settings.json", "// mine", "// yours"),
    "crush": (".config/crush/crush.json", "$schema", "$scheme"),
    "zed": (".config/zed/settings.json", "One Dark", "One Light"),
    "aider": (".aider.conf.yml", "dark-mode: true", "dark-mode: false"),
    "goose": (".config/goose/config.yaml", "# the end", "GOOSE_MODE: auto"),
}


@pytest.mark.parametrize("agent", FILES)
def test_a_change_of_the_users_outlives_us(desk: Machine, agent: str) -> None:
    """A file that was changed since then keeps the change and loses what is ours, and nothing else."""
    fill(desk, agent)
    typed(desk, "install", agent, "--model", "mine")
    name, old, new = CHANGES[agent]
    file = desk.home / name
    file.write_text(file.read_text().replace(old, new))
    typed(desk, "uninstall", agent)
    wanted = FILES[agent][name].replace(old, new)
    if agent in ("qwen", "crush", "zed"):
        # A table of the user's is there again, in our lay-out.
        assert decoded(file.read_text()) == decoded(wanted)
        assert re.findall("//.*", file.read_text()) == re.findall("//.*", wanted)
        return
    assert file.read_text().strip() == wanted.strip().replace(
        "export GEMINI_API_KEY='mine' # old", "GEMINI_API_KEY=mine"
    )


def test_a_value_the_user_has_chosen_since_is_theirs(desk: Machine) -> None:
    """What leads elsewhere by now is left; our other values go."""
    typed(desk, "install", "claude")
    file = desk.home / ".claude/settings.json"
    file.write_text(file.read_text().replace("http://127.0.0.1:4747", "https://new.example"))
    typed(desk, "uninstall", "claude")
    assert json.loads(file.read_text()) == {"env": {"ANTHROPIC_BASE_URL": "https://new.example"}}


def test_twice_is_as_once(desk: Machine) -> None:
    """A second installation moves the first, and one uninstallation ends both."""
    fill(desk, "codex")
    before = contents(desk.home)
    typed(desk, "install", "codex")
    typed(desk, "install", "codex", "--listen", "127.0.0.1:5000")
    assert "127.0.0.1:5000" in (desk.home / ".codex/config.toml").read_text()
    assert "nothing to change" in typed(desk, "install", "codex", "--listen", "127.0.0.1:5000")
    typed(desk, "uninstall", "codex")
    assert contents(desk.home) == before
    assert desk.run("uninstall", "codex").returncode == 1


@pytest.mark.parametrize(
    ("agent", "broken", "said"),
    [
        ("claude", '{\n"env": [', "line 2"),
        ("codex", "model = ", "no TOML"),
        ("gemini", "{'a': 1}", "line 1"),
        ("opencode", '{"provider": 3}', "provider is no object"),
        ("claude", "\udcff", "utf-8"),
    ],
)
def test_a_file_that_is_not_understood_is_left_alone(
    desk: Machine, agent: str, broken: str, said: str
) -> None:
    """It is named with what is wrong, and nothing is written anywhere."""
    file = desk.home / next(iter(FILES[agent]))
    file.parent.mkdir(parents=True)
    file.write_bytes(broken.encode(errors="surrogateescape"))
    before = contents(desk.home)
    ended = desk.run("install", agent, "--model", "mine")
    assert (ended.returncode, said in ended.stderr, str(file) in ended.stderr) == (1, True, True), (
        ended.stderr
    )
    assert contents(desk.home) == before


def test_a_file_that_was_broken_since_is_left_alone(desk: Machine) -> None:
    """`uninstall` refuses, too, and can be repeated once the file is mended."""
    typed(desk, "install", "claude")
    file = desk.home / ".claude/settings.json"
    whole = file.read_text()
    file.write_text(whole + "}")
    assert desk.run("uninstall", "claude").returncode == 1
    assert file.read_text() == whole + "}"
    file.write_text(whole)
    typed(desk, "uninstall", "claude")
    assert contents(desk.home) == {}


def test_a_link_stays_a_link(desk: Machine) -> None:
    """Who keeps their settings elsewhere has them changed there, and back."""
    real = desk.home / "dotfiles" / "claude.json"
    real.parent.mkdir()
    real.write_text(SETTINGS)
    (desk.home / ".claude").mkdir()
    link = desk.home / ".claude/settings.json"
    link.symlink_to(real)
    typed(desk, "install", "claude")
    assert link.is_symlink()
    assert "4747" in real.read_text()
    typed(desk, "uninstall", "claude")
    assert (link.is_symlink(), real.read_text()) == (True, SETTINGS)


@pytest.mark.parametrize("agent", FILES)
def test_dry_run_only_shows(desk: Machine, agent: str) -> None:
    """--dry-run prints the difference and writes nothing."""
    fill(desk, agent)
    before = contents(desk.home)
    shown = typed(desk, "install", agent, "--dry-run", "--model", "mine")
    assert "http://127.0.0.1:4747" in shown
    assert contents(desk.home) == before


def test_keys_are_not_shown_and_codex_keeps_none(desk: Machine) -> None:
    """With keys required Claude Code's settings hold the caller's; Codex reads it from the environment."""
    desk.configure('[keys.me]\nsecret = "0123456789abcdef"\n')
    assert "set PENSTOCK_KEY" in desk.run("install", "claude").stderr
    desk.environment["PENSTOCK_KEY"] = "0123456789abcdef"
    assert "0123456789abcdef" not in typed(desk, "install", "claude", "--dry-run")
    typed(desk, "install", "claude")
    assert "0123456789abcdef" in (desk.home / ".claude/settings.json").read_text()
    typed(desk, "install", "codex")
    text = (desk.home / ".codex/config.toml").read_text()
    assert ('env_key = "PENSTOCK_KEY"' in text, "0123456789abcdef" in text) == (True, False)


def test_a_model_the_user_has_chosen_stays(desk: Machine) -> None:
    """opencode goes on with its own model unless another is asked for; without one it takes ours."""
    fill(desk, "opencode")
    typed(desk, "install", "opencode")
    assert '"away/x", // mine' in (desk.home / ".config/opencode/opencode.jsonc").read_text()
    typed(desk, "uninstall", "opencode")
    (desk.home / ".config/opencode/opencode.jsonc").unlink()
    for _ in range(2):
        typed(desk, "install", "opencode")
        told = json.loads((desk.home / ".config/opencode/opencode.json").read_text())
        assert told["model"] == "penstock/mine"


def test_the_status_line_is_claude_codes(desk: Machine) -> None:
    """--statusline has Claude Code call us for it; no other agent has one."""
    typed(desk, "install", "claude", "--statusline")
    line = json.loads((desk.home / ".claude/settings.json").read_text())["statusLine"]
    assert line["type"] == "command"
    assert line["command"].endswith("statusline --url http://127.0.0.1:4747")
    assert desk.run("install", "codex", "--statusline").returncode == 1


def test_folders_of_their_own_are_heeded(desk: Machine) -> None:
    """Where an agent is told to keep its files, they are looked for."""
    for variable, agent in (("CLAUDE_CONFIG_DIR", "claude"), ("CODEX_HOME", "codex")):
        desk.environment[variable] = str(desk.home / "own" / agent)
        typed(desk, "install", agent)
        assert list((desk.home / "own" / agent).iterdir())
        typed(desk, "uninstall", agent)
    assert contents(desk.home) == {}


def test_it_says_what_is_still_missing(desk: Machine, free_port: int) -> None:
    """No gateway answers yet, and none of its providers has the models: both are said."""
    ended = desk.run("install", "codex", "--listen", f"127.0.0.1:{free_port}")
    assert f"nothing answers at http://127.0.0.1:{free_port} yet: penstock serve" in ended.stderr
    assert "no provider of this configuration answers gpt-5.5 yet" in ended.stderr


def test_a_file_that_changes_meanwhile_is_not_overwritten(
    desk: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody writes between our look and our writing stays, and is said; a second try goes well."""
    monkeypatch.setenv("HOME", str(desk.home))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    file = desk.home / "settings.json"
    file.write_text('{"a": 1}')
    want = (Wanted(file, "json", {("b",): "ours"}),)
    steps = installing("claude", want)
    file.write_text('{"a": 2}')
    with pytest.raises(Failure, match="changed by somebody else just now"):
        carry_out("claude", steps)
    assert file.read_text() == '{"a": 2}'
    carry_out("claude", installing("claude", want))
    assert file.read_text() == '{"a": 2, "b": "ours"}'
    carry_out("claude", uninstalling("claude"))
    assert file.read_text() == '{"a": 2}'
    assert [one.name for one in desk.home.iterdir()] == ["settings.json"]
