"""A real browser, headless, and what it meets on a page: errors, requests to others, faults for some."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

ROOT: Final = Path(__file__).parents[2]
AXE: Final = ROOT / ".cache" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
# What axe calls them; the milder ones are advice.
GRAVE: Final = frozenset(("serious", "critical"))


def program() -> str:
    """The browser's program; skips the test when there is none, and says why."""
    found = os.environ.get("PENSTOCK_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("chromium is not installed: run .ci/browser/install")
    return found


@contextmanager
def browsing(executable: str) -> Iterator[Browser]:
    """A browser under way. As root it has no sandbox of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox"] if os.getuid() == 0 else []
        )
        yield browser
        browser.close()


class Tab:
    """One page in a browser, at one gateway, and what was met there."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.address = address
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._look)

    def open(self, place: str) -> Page:
        """Go to a page of the console, and wait until its stream says something."""
        self.page.goto(f"{self.address}{place}")
        if self.page.locator("[data-pulse]").count():
            self.page.locator("[data-pulse].on").wait_for()
        return self.page

    def grave(self) -> list[str]:
        """The serious faults of accessibility on this page, each with where it is."""
        if not AXE.exists():
            pytest.skip(f"axe-core is not in {AXE.parent}: run .ci/browser/install")
        # Given to the page by the driver, which no policy of the page concerns.
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run()")
        return [
            f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
            for one in found["violations"]
            if one["impact"] in GRAVE
            for node in one["nodes"]
        ]

    def close(self) -> None:
        """Close it."""
        self.context.close()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    def _look(self, request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(self.address).netloc:
            self.faults.append(f"asks another host: {request.url}")
