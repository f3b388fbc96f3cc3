"""What is known of a provider before anybody configures it: one row of the table."""

import re

import msgspec

from adapters.conversation import Quirks

# A glob of model names at a provider, and how those models stray.
Family = tuple[str, Quirks]


class ProviderRow(msgspec.Struct, frozen=True):
    """A firm or a box that speaks one dialect or several.

    `base_urls` maps a dialect's name to the address it is spoken at; `key_variable` is the
    environment variable its key is usually kept in; `families` are globs of model names that can
    only mean this provider; `passthrough` says that a client's own credential may go to it. `quirks` maps
    a dialect's name to families of models, the first that fits: what is in none strays in nothing.
    `prices` is its name in the data set of prices, None for this one and "" for none; `NAME_*` is for each
    who serves its models.
    """

    name: str
    title: str
    base_urls: dict[str, str]
    key_variable: str | None = None
    families: tuple[str, ...] = ()
    passthrough: bool = False
    quirks: dict[str, tuple[Family, ...]] = {}
    prices: str | None = None


# `v1`, `v4`, `v1beta`: a path that has such a part says its version itself.
_VERSION = re.compile(r"v\d+(?:(?:alpha|beta)\d*)?")
# The version our own paths begin with.
_LEADING = re.compile(r"^/v1(?:beta)?(?=/)")
# A whole address pasted by the user.
_ENDPOINT = re.compile(r"/(?:chat/completions|responses|messages(?:/count_tokens)?)$")


def join(base_url: str, path: str) -> str:
    """Join a provider's address and a path of ours (`/v1/chat/completions`) into where to call (feature P3).

    The address may end in `/`, in `/v1` or another version, in a path of its own, or be the whole
    address of an endpoint: that one is called as it is.
    """
    base = base_url.rstrip("/")
    bare = _LEADING.sub("", path)
    if _ENDPOINT.search(base) and base.endswith(bare):
        return base
    base = _ENDPOINT.sub("", base)
    _, _, place = base.partition("://")
    parts = place.split("/")[1:]
    return base + (bare if any(_VERSION.fullmatch(part) for part in parts) else path)
