"""The console of several workers: whoever signed in at one is known to the others."""

import urllib.error
import urllib.parse
import urllib.request
from email.message import Message
from pathlib import Path

from tests.path.process import Gateway

ADMIN = "adm-planted-0123456789abcdef0123456789"
CONFIGURATION = """
[server]
workers = 3
keys = "required"
discover = false
[store]
path = "penstock.db"
[providers.demo]
[admin]
key = "${PENSTOCK_ADMIN_KEY}"
"""


class _Still(urllib.request.HTTPRedirectHandler):
    """Stays where it is told to go elsewhere: the cookie is looked at there."""

    def redirect_request(self, *args: object, **named: object) -> None:
        """Nowhere."""


def test_a_session_holds_at_every_worker(tmp_path: Path) -> None:
    """Each request is a connection of its own, and may come to any of them: all of them know the cookie."""
    gateway = Gateway(tmp_path, CONFIGURATION, {"PENSTOCK_ADMIN_KEY": ADMIN})
    try:
        status, fields = said(gateway, "/console/sign-in", {"origin": gateway.address}, key=ADMIN)
        assert status == 303
        cookie = fields["set-cookie"].partition(";")[0]
        told = [said(gateway, "/console/keys", {"cookie": cookie})[0] for _ in range(40)]
        assert set(told) == {200}
    finally:
        gateway.stop()


def said(gateway: Gateway, place: str, fields: dict[str, str], **form: str) -> tuple[int, Message]:
    """The status and the fields of one answer."""
    body = urllib.parse.urlencode(form).encode() if form else None
    asked = urllib.request.Request(gateway.address + place, body, fields)  # noqa: S310  # our own gateway
    try:
        with urllib.request.build_opener(_Still).open(asked, timeout=30) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers


def test_the_start_says_where_the_console_is(tmp_path: Path) -> None:
    """Its address is printed where somebody can come in, and not where nobody could."""
    gateway = Gateway(tmp_path, CONFIGURATION, {"PENSTOCK_ADMIN_KEY": ADMIN})
    gateway.stop()
    assert f"console: {gateway.address}/console" in gateway.output
    closed = Gateway(tmp_path, CONFIGURATION.partition("[admin]")[0], {})
    closed.stop()
    assert "/console" not in closed.output
