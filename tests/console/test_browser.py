"""The console in a real browser: every page, every state, and the life of a key from end to end."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.console.browser import Tab, browsing, program
from tests.console.fullness import fill
from tests.console.million import full_copy
from tests.path.process import Gateway

ADMIN = "adm-planted-0123456789abcdef0123456789"
DEMO = """
[server]
discover = false
{server}
[providers.demo]
pace = "{pace}"
[models]
smart = "demo/demo-1"
"""
STORE = '[store]\npath = "penstock.db"\n'
PAGES = ("", "/usage", "/usage?span=30d&by=session", "/conversations", "/keys", "/routes", "/playground")
Serve = Callable[..., Gateway]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all."""
    with browsing(program()) as found:
        yield found


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts a gateway whose demo answers, with what else is configured."""
    with ExitStack() as ending:

        def start(
            more: str = "", *, server: str = "", pace: str = "1ms", attempts: int = 0, full: bool = False
        ) -> Gateway:
            folder = tmp_path_factory.mktemp("console")
            if full:
                ending.enter_context(full_copy(folder))
            if attempts:
                fill(folder / "penstock.db", int(time.time() * 1000), attempts)
            text = DEMO.format(server=server, pace=pace) + more
            gateway = Gateway(folder, text, {"PENSTOCK_ADMIN_KEY": ADMIN})
            ending.callback(gateway.stop)
            return gateway

        yield start


@pytest.mark.parametrize("kind", ["empty", "none"])
def test_every_page_is_sound(browser: Browser, serve: Serve, kind: str) -> None:
    """On an empty store and on none: no error, no request to another host, no grave fault."""
    gateway = serve("" if kind == "none" else STORE)
    tab = Tab(browser, gateway.address)
    for place in PAGES:
        tab.open(f"/console{place}")
        assert tab.grave() == [], place
    assert tab.faults == []
    tab.close()


def test_every_page_is_sound_on_a_full_store(browser: Browser, serve: Serve) -> None:
    """On a million rows, in light and dark: no error, no request to another host, no grave fault."""
    gateway = serve(STORE, full=True)
    for scheme in ("light", "dark"):
        tab = Tab(browser, gateway.address, color_scheme=scheme)
        for place in PAGES:
            page = tab.open(f"/console{place}")
            assert tab.grave() == [], (scheme, place)
            assert not place or place in ("/routes", "/playground") or page.locator("tbody tr").count()
        for link in ("/conversations", "/keys"):
            tab.open(f"/console{link}").locator("tbody a").first.click()
            tab.page.wait_for_load_state()
            assert tab.grave() == [], (scheme, link)
        assert tab.faults == []
        tab.close()


def test_a_conversation_is_found_among_all(browser: Browser, serve: Serve) -> None:
    """By how it begins, from the keyboard; on a phone the page that is open is in sight among the others."""
    gateway = serve(STORE, attempts=600)
    tab = Tab(browser, gateway.address, viewport={"width": 390, "height": 800})
    page = tab.open("/console/conversations")
    page.keyboard.press("/")
    page.keyboard.type("00000020")
    assert page.locator("tbody tr:visible").count() == 0
    page.keyboard.press("Enter")
    page.wait_for_url("**/conversations?find=00000020")
    assert page.locator("tbody tr:visible").count() == 1
    page = tab.open("/console/playground")
    here = page.locator(".side nav [aria-current]").bounding_box()
    assert here is not None
    assert here["x"] >= 0
    assert here["x"] + here["width"] <= 390
    assert tab.faults == []
    tab.close()


@pytest.mark.parametrize("width", [320, 800])
def test_pages_fit_a_phone(browser: Browser, serve: Serve, width: int) -> None:
    """Nothing is wider than the screen: tables scroll in themselves."""
    gateway = serve(STORE, attempts=200)
    tab = Tab(browser, gateway.address, viewport={"width": width, "height": 800})
    for place in PAGES:
        page = tab.open(f"/console{place}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place
    tab.open("/console/keys").get_by_text("New key").click()
    page.get_by_label("Name", exact=True).fill("n" * 100)
    page.get_by_role("button", name="Make the key").click()
    name = page.locator("tbody th", has_text="nnn").bounding_box()
    assert name is not None
    assert name["width"] < 26 * 16 + 20  # a long name goes on below
    tab.close()


def test_a_key_is_made_used_seen_limited_and_revoked(browser: Browser, serve: Serve) -> None:
    """All of it by a person with the admin key, and every change holds for the next request."""
    gateway = serve(
        STORE + '[admin]\nkey = "${PENSTOCK_ADMIN_KEY}"\n', server='keys = "required"', pace="200ms"
    )
    tab = Tab(browser, gateway.address)
    page = tab.page
    page.goto(f"{gateway.address}/console")
    page.get_by_label("Admin key").fill(ADMIN)
    page.get_by_role("button", name="Sign in").click()
    page.locator("[data-pulse].on").wait_for()
    tab.open("/console/keys")
    page.get_by_label("Name", exact=True).fill("Ada's laptop")
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("[data-secret]").inner_text()
    assert re.fullmatch(r"pst_[0-9a-f]{12}_[\w-]{43}", secret)
    assert ask(gateway, secret) == 200

    tab.open("/console")
    stream = begin(gateway, secret)
    page.locator("[data-table=running] tbody tr", has_text="Ada's laptop").wait_for()
    stream.read()
    page.locator("[data-table=ended] tbody tr", has_text="demo/demo-1").first.wait_for()

    tab.open("/console/keys")
    page.get_by_role("link", name="Ada's laptop").click()
    page.get_by_label("Requests a minute").fill("1")
    page.get_by_role("button", name="Save").click()
    page.locator("input[name=requests_per_minute][value='1']").wait_for()
    assert (ask(gateway, secret), ask(gateway, secret)) == (200, 429)  # one in a minute from then on
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Revoke").click()
    page.locator(".state.revoked").wait_for()
    assert ask(gateway, secret) == 401
    assert [fault for fault in tab.faults if "401" not in fault] == []
    tab.close()


def test_the_playground_streams_and_explains(browser: Browser, serve: Serve) -> None:
    """Every API answers with text that appears while it comes, and the decision stands beside it."""
    gateway = serve()
    tab = Tab(browser, gateway.address)
    page = tab.open("/console/playground")
    for dialect in page.locator("select[name=dialect] option").all():
        page.get_by_label("API").select_option(dialect.get_attribute("value"))
        for stream in (True, False):
            page.get_by_label("Stream").set_checked(stream)
            page.get_by_role("button", name="Send").click()
            page.locator("[data-stop]").wait_for(state="hidden")
            reply = page.locator("[data-reply]").inner_text()
            assert len(reply) > 20, (dialect.inner_text(), stream)
            assert not reply.startswith("{"), (dialect.inner_text(), stream)
            assert "demo/demo-1" in page.locator("[data-decision]").inner_text()
    page.get_by_label("Model").fill("nothing-like-it")
    page.get_by_role("button", name="Send").click()
    page.locator("[data-fact=status]", has_text="404").wait_for()
    assert [fault for fault in tab.faults if "404" not in fault] == []
    tab.close()


def test_the_keyboard_goes_everywhere(browser: Browser, serve: Serve) -> None:
    """Two keys lead to each page, one to what finds in it, one to the list of keys."""
    gateway = serve(STORE, attempts=200)
    tab = Tab(browser, gateway.address)
    page = tab.open("/console")
    for key, place in (
        ("u", "usage"),
        ("c", "conversations"),
        ("k", "keys"),
        ("r", "routes"),
        ("p", "playground"),
    ):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"**/console/{place}")
        page.locator("h1").click()
    tab.open("/console/usage?span=30d&by=model")
    page.keyboard.press("/")
    page.keyboard.type("haiku")
    assert page.locator("tbody tr:visible", has_text="gpt-5.1").count() == 0
    assert page.locator("tbody tr:visible", has_text="haiku").count() == 1
    page.locator("h1").click()
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    tab.close()


def test_a_provider_is_tested_from_the_page(browser: Browser, serve: Serve) -> None:
    """The button says what came of it beside itself."""
    gateway = serve()
    tab = Tab(browser, gateway.address)
    page = tab.open("/console/routes")
    page.get_by_role("button", name="Test").first.click()
    page.locator(".tested", has_text="well").wait_for()
    assert tab.faults == []
    tab.close()


def begin(gateway: Gateway, secret: str) -> "urllib.request._UrlopenRet":
    """A streamed request that is under way."""
    body = {
        "model": "smart",
        "max_tokens": 400,
        "stream": True,
        "messages": [{"role": "user", "content": "long"}],
    }
    asked = urllib.request.Request(  # noqa: S310  # our own gateway
        f"{gateway.address}/v1/messages",
        json.dumps(body).encode(),
        {"content-type": "application/json", "x-api-key": secret},
    )
    return urllib.request.urlopen(asked, timeout=30)  # noqa: S310  # as above


def ask(gateway: Gateway, secret: str) -> int:
    """The status that a request with a key is answered with."""
    try:
        with begin(gateway, secret) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
