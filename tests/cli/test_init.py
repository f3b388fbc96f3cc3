"""`penstock init`: what it writes is right, says no secret, and never replaces what somebody wrote."""

import pytest

from tests.cli.machine import Machine

PLANTED = "sk-planted-0123456789abcdef"
ADMIN = "an-admin-key-of-more-than-thirty-two-characters"


def written(machine: Machine) -> str:
    """The file."""
    return (machine.folder / "penstock.toml").read_text(encoding="utf-8")


def test_with_nothing_in_the_environment_demo_answers(machine: Machine) -> None:
    """The file is right as it stands, and says what to write next."""
    ended = machine.run("init")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "next: penstock check, then penstock serve" in ended.stdout
    checked = machine.run("check")
    assert checked.returncode == 0
    assert "demo" in checked.stdout
    assert "base_url" in written(machine)


def test_providers_are_those_whose_keys_are_there(machine: Machine) -> None:
    """Known ones and instances, by their variables; names lead to them; the keys are nowhere."""
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENAI_EAST_API_KEY"):
        machine.environment[name] = PLANTED
    ended = machine.run("init")
    checked = machine.run("check")
    assert checked.returncode == 0, checked.stderr
    for line in ("fast", "-> anthropic/claude-haiku-4-5", "or openai/gpt-5.1", "openai-east"):
        assert line in checked.stdout
    assert PLANTED not in ended.stdout + ended.stderr + written(machine)
    assert 'api_key = "${OPENAI_EAST_API_KEY}"' in written(machine)


@pytest.mark.parametrize("variable", ["GROQ_API_KEY", "GEMINI_API_KEY", "MISTRAL_API_KEY"])
def test_one_provider_is_enough(machine: Machine, variable: str) -> None:
    """Whichever it is, one with names to begin with or without."""
    machine.environment[variable] = PLANTED
    assert machine.run("init").returncode == 0
    checked = machine.run("check")
    assert checked.returncode == 0, checked.stderr
    assert variable in checked.stdout


def test_a_team_gets_a_store_and_an_admin_key(machine: Machine) -> None:
    """It is told to set the key that is missing, and with it the file is right."""
    ended = machine.run("init", "--team")
    assert "export PENSTOCK_ADMIN_KEY=" in ended.stdout
    machine.environment["PENSTOCK_ADMIN_KEY"] = ADMIN
    checked = machine.run("check")
    assert checked.returncode == 0, checked.stderr
    assert machine.run("keys", "create", "ann").returncode == 0
    assert "PENSTOCK_ADMIN_KEY first" not in machine.run("init", "--team", "--output", "other.toml").stdout


def test_a_file_that_is_there_stays_as_it_is(machine: Machine) -> None:
    """Without --force; with it, it is replaced; another name and the standard output touch nothing."""
    machine.configure("# mine\n")
    ended = machine.run("init")
    assert ended.returncode == 1
    assert "penstock.toml is there already" in ended.stderr
    assert machine.run("init", "--output", "-").stdout.startswith("# What penstock serves")
    assert "--config other.toml" in machine.run("init", "--output", "other.toml").stdout
    assert written(machine) == "# mine\n"
    assert machine.run("init", "--force").returncode == 0
    assert "[server]" in written(machine)


def test_a_place_that_cannot_be_written_is_told(machine: Machine) -> None:
    """By name, and without a traceback."""
    ended = machine.run("init", "--output", "nowhere/penstock.toml")
    assert ended.returncode == 1
    assert ended.stderr.startswith("penstock: nowhere/penstock.toml cannot be written")
