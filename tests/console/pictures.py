"""Takes a picture of every page, in light and dark: `just pictures` writes docs/console/.

A gateway of this checkout serves a store that a team has used for a month, and a little traffic.
"""

import re
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser

from tests.console.browser import ROOT, Tab, browsing, program
from tests.console.fullness import fill
from tests.path.process import Gateway

FOLDER = ROOT / "docs" / "console"
CONFIGURATION = """
[server]
discover = false
[store]
path = "penstock.db"
[providers.demo]
pace = "120ms"
[providers.anthropic]
api_key = "sk-of-nobody-000000"
base_url = "http://127.0.0.1:9"
[models]
smart = ["anthropic/claude-opus-4-5", "demo/demo-1"]
quick = "demo/demo-1"
[models.cheap]
strategy = "cheapest"
targets = ["demo/demo-1", "demo/demo-2"]
[[rules]]
when = { scenario = "background" }
use = "quick"
[limits]
requests_per_minute = 40
"""
BODY = b'{"model":"%b","max_tokens":400,"stream":true,"messages":[{"role":"user","content":"A mill"}]}'
REQUESTS = 24
GATHERED = 14.0  # seconds of charts
WIDE = {"width": 1280, "height": 800}


def main() -> None:
    """Take all of them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "penstock.db", int(time.time() * 1000))
        gateway = Gateway(Path(folder), CONFIGURATION, {})
        try:
            with browsing(program()) as browser:
                take(browser, gateway.address)
        finally:
            gateway.stop()


def take(browser: Browser, address: str) -> None:
    """One picture of each page and scheme."""
    for scheme in ("light", "dark"):
        tab = Tab(browser, address, color_scheme=scheme, viewport=WIDE)
        tab.open("/console")
        asking = threading.Thread(target=_ask, args=(address,))
        asking.start()
        tab.page.wait_for_timeout(GATHERED * 1000)
        keep(tab, f"now-{scheme}")
        asking.join()
        for name in ("usage", "conversations", "keys", "routes"):
            tab.open(f"/console/{name}{'?span=30d' if name == 'usage' else ''}")
            keep(tab, f"{name}-{scheme}")
        _one(tab, scheme)
        _play(tab, scheme)
        tab.close()
    phone = Tab(browser, address, viewport={"width": 390, "height": 800}, device_scale_factor=2)
    phone.open("/console/usage?span=30d")
    keep(phone, "phone-light")
    phone.close()


def keep(tab: Tab, name: str) -> None:
    """Take one picture, when the charts are drawn."""
    tab.page.wait_for_timeout(300)
    tab.page.screenshot(path=FOLDER / f"{name}.png")


def _one(tab: Tab, scheme: str) -> None:
    """One key and one conversation: the first of its list that took several attempts."""
    tab.open("/console/conversations")
    links = tab.page.locator("tbody tr", has=tab.page.locator("td", has_text=re.compile("^[78]$")))
    links.first.locator("a").click()
    tab.page.locator(".attempts").wait_for()
    keep(tab, f"conversation-{scheme}")
    tab.open("/console/keys").get_by_role("link", name="Ada's laptop").click()
    tab.page.locator(".pairs").first.wait_for()
    keep(tab, f"key-{scheme}")


def _play(tab: Tab, scheme: str) -> None:
    page = tab.open("/console/playground")
    page.get_by_role("button", name="Send").click()
    page.locator("[data-stop]").wait_for(state="hidden")
    keep(tab, f"playground-{scheme}")


def _ask(address: str) -> None:
    """Streams that begin one after the other, and are read to their ends."""
    reading = []
    for number in range(REQUESTS):
        reading.append(threading.Thread(target=_read, args=(address, b"smart" if number % 3 else b"quick")))
        reading[-1].start()
        time.sleep(GATHERED / REQUESTS)
    for one in reading:
        one.join()


def _read(address: str, model: bytes) -> None:
    fields = {"content-type": "application/json", "x-session-id": "5f0c2b1e-77aa-4c1d-9b5e-0a1b2c3d4e5f"}
    asked = urllib.request.Request(f"{address}/v1/messages", BODY % model, fields)  # noqa: S310  # our gateway
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310  # as above
            answer.read()
    except urllib.error.HTTPError as error:
        error.close()


if __name__ == "__main__":
    main()
