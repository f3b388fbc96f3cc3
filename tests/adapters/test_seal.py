"""Seals: what a client of another dialect hands back is what its maker gave."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.seal import Seal, is_sealed, resealed, sealed, unsealed, unsealed_all


@given(some.text(), some.text(), some.none() | some.text())
def test_what_is_sealed_comes_back(maker: str, signature: str, redacted: str | None) -> None:
    """Maker, signature and hidden thought survive, whatever they are; nothing to seal is no seal."""
    seal = sealed(maker, signature, redacted)
    if seal:
        assert unsealed(seal, "anthropic-messages") == Seal(maker, signature, redacted)
        assert base64.b64decode(seal, validate=True)
    else:
        assert (signature, redacted) == ("", None)


@given(some.text())
def test_any_other_text_is_a_signature_of_the_clients_own_dialect(text: str) -> None:
    """What no seal begins is the signature the client's own provider gave."""
    assert unsealed(text, "gemini") == Seal("gemini", text)


@pytest.mark.parametrize("end", [3, 7, 13, -1])
def test_a_seal_that_was_cut_binds_nothing(end: int) -> None:
    """A client that shortens what it was given loses the signature, and nothing else."""
    seal = sealed("gemini", "a signature of some length")[: 12 + end]
    assert unsealed(seal, "gemini").signature in ("", seal)
    assert unsealed(seal + "!", "gemini") in (Seal("", ""), Seal("gemini", seal + "!"))


def test_a_seal_of_something_else_binds_nothing() -> None:
    """The mark alone makes no seal."""
    for inside in (b"{}", b"[]", b"[[]]"):
        assert unsealed(base64.b64encode(b"penstock:" + inside).decode(), "gemini") == Seal("", "")


def test_a_seal_holds_several_thoughts() -> None:
    """In order, with their words; of none there is no seal."""
    seals = (Seal("gemini", "s", text="é"), Seal("x", "", "r", leads=True))
    assert is_sealed(resealed(seals))
    assert unsealed_all(resealed(seals), "x") == seals
    assert unsealed_all("c2ln", "x") == (Seal("x", "c2ln"),)
    assert resealed(()) == ""
