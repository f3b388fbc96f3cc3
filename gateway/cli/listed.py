"""The models a running gateway offers, by its own list."""

import http.client
from http import HTTPStatus
from urllib.parse import urlsplit

import msgspec

# Longer than the gateway itself waits for its providers.
_PATIENCE_SECONDS = 5.0


class _Model(msgspec.Struct):
    id: str


class _List(msgspec.Struct):
    data: list[_Model]


def models_at(url: str, key: str) -> tuple[str, ...]:
    """Names, in the gateway's order; none when it does not say."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/v1/models", headers={"authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        body = answer.read()
        listed = msgspec.json.decode(body if answer.status == HTTPStatus.OK else b"", type=_List)
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return ()
    finally:
        connection.close()
    return tuple(model.id for model in listed.data)
