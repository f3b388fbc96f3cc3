"""What all tables of `penstock.toml` are made of. A repr shows no values: any string may be a secret."""

from typing import Annotated

import msgspec
from msgspec import Meta

Duration = Annotated[
    int | float | str, Meta(description='Seconds, or "250ms", "30s", "2m".', examples=["30s", 5])
]
Size = Annotated[int | str, Meta(description='Bytes, or "32MiB", "1 MB".', examples=["32MiB"])]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"
