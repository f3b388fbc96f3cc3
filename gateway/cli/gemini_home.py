"""Where Gemini CLI keeps its files, and what in its settings has it log in with a key.

It takes how it logs in from its settings alone, and asks when they name none.
"""

import os
from pathlib import Path
from typing import Final

LOGIN: Final = ("security", "auth", "selectedType")
WITH_A_KEY: Final = "gemini-api-key"
FOLDER: Final = ".gemini"
SETTINGS: Final = "settings.json"


def own_folder() -> Path:
    """Where the user's files are."""
    return Path(os.environ.get("GEMINI_CLI_HOME") or Path.home()) / FOLDER
