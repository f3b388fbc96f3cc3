"""Asking a running gateway from the command line: one GET, answered in time or not at all."""

import http.client
import os
import threading
from http import HTTPStatus
from urllib.parse import urlsplit

_LEVEL = "http"


class Silent(Exception):
    """Nobody answers there, or not with what was asked for; the message says which."""


def ask(url: str, place: str, key: str, patience: float) -> bytes:
    """The body of the answer. Raises Silent, at the latest after `patience` seconds."""
    answers: list[bytes | str] = []
    # A thread, because a socket's own limit is for each wait and not for all of them together.
    asking = threading.Thread(target=lambda: answers.append(_asked(url, place, key, patience)), daemon=True)
    asking.start()
    asking.join(patience)
    if not answers:
        raise Silent(f"{url} does not answer")
    answer = answers[0]
    if isinstance(answer, str):
        raise Silent(answer)
    return answer


def own_key() -> str:
    """The caller's key, where the shell has one."""
    return os.environ.get("PENSTOCK_KEY", "")


def _asked(url: str, place: str, key: str, patience: float) -> bytes | str:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        parts = urlsplit(url if "://" in url else f"{_LEVEL}://{url}")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=patience)
        try:
            connection.request("GET", parts.path.rstrip("/") + place, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as failure:
        return f"no gateway answers at {url}: {failure}"
    if answer.status != HTTPStatus.OK:
        return f"{url} answered {answer.status}"
    return body
