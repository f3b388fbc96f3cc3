"""`[admin]`: its key, its digest, its folder, and what is refused."""

from hashlib import sha256
from pathlib import Path

import pytest

from gateway.configuration.problems import ConfigurationError
from tests.gateway.reading import Load

KEY = "adm-0123456789abcdef0123456789abcdef"


def test_it_is_off_unless_there_is_a_key(read: Load) -> None:
    """Nothing said is no admin API."""
    assert read().settings.admin is None
    assert read("[admin]").settings.admin is None


def test_a_key_is_kept_as_its_digest(read: Load) -> None:
    """By reference or as a digest, what is kept is the same."""
    digest = sha256(KEY.encode())
    by_key = read('[admin]\nkey = "${ADMIN}"', ADMIN=KEY).settings.admin
    by_digest = read(f'[admin]\nsha256 = "{digest.hexdigest()}"').settings.admin
    assert by_key is not None
    assert by_key == by_digest
    assert by_key.digest == digest.digest()


def test_the_folder_of_backups_begins_at_the_file(read: Load, tmp_path: Path) -> None:
    """A relative folder is beside the configuration, and must be there."""
    (tmp_path / "kept").mkdir()
    admin = read(f'[admin]\nkey = "{KEY}"\nbackups = "kept"').settings.admin
    assert admin is not None
    assert admin.backups == str(tmp_path / "kept")


@pytest.mark.parametrize(
    ("said", "path", "words"),
    [
        ('key = "short"', "admin.key", "at least 32 characters"),
        (f'key = "{KEY} x"', "admin.key", "none of them a space"),
        ('sha256 = "12"', "admin.sha256", "64 hexadecimal digits"),
        (f'key = "{KEY}"\nsha256 = "{"0" * 64}"', "admin", "either key or sha256"),
        (f'key = "{KEY}"\nbackups = "gone"', "admin.backups", "there is no folder"),
        ('backups = "."', "admin", "either key or sha256"),
    ],
)
def test_what_is_wrong_is_told(read: Load, said: str, path: str, words: str) -> None:
    """A weak key, both, neither, a folder that is not there: each with its place, and never the key."""
    with pytest.raises(ConfigurationError) as raised:
        read(f"[admin]\n{said}")
    (problem,) = raised.value.problems
    assert problem.path == path
    assert words in problem.problem
    assert KEY not in str(problem)
