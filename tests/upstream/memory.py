"""What a provider handed out and wants back as it was: signatures, each bound to what it signed."""

import base64


class Memory:
    """The signatures of one provider."""

    def __init__(self) -> None:
        self._signed: dict[str, str] = {}

    def sign(self, what: str) -> str:
        """Make a signature for a thought or a call."""
        signature = base64.b64encode(f"signature {len(self._signed)} of {what[:24]}".encode()).decode()
        self._signed[signature] = what
        return signature

    def signed(self, signature: str) -> str | None:
        """What a signature was made for; None for a signature of somebody else."""
        return self._signed.get(signature)

    @property
    def signatures(self) -> list[str]:
        """All that were handed out, in order."""
        return list(self._signed)


class Trusting(Memory):
    """A memory that takes every signature for its own: for requests recorded with another provider."""

    def signed(self, signature: str) -> str | None:
        """Say yes."""
        return super().signed(signature) or ""
