"""Durations and sizes as people write them: "30s", "250ms", "32MiB". Plain numbers are seconds and bytes."""

import math
import re
from decimal import Decimal, InvalidOperation

_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")
_SECONDS = {"ms": 0.001, "": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def seconds(value: float | str) -> float:
    """A duration in seconds. Raises `ValueError` that says what is understood."""
    amount = _scaled(value, _SECONDS, 'a duration such as "30s", "250ms" or "2m"')
    if not math.isfinite(amount) or amount < 0:
        message = "a duration cannot be negative or endless"
        raise ValueError(message)
    return amount


def size(value: float | str) -> int:
    """A size in bytes, at least one. Raises `ValueError` that says what is understood."""
    amount = int(_scaled(value, _BYTES, 'a size such as "32MiB", "1 MB" or a number of bytes'))
    if amount < 1:
        message = "a size must be at least one byte"
        raise ValueError(message)
    return amount


def micro_dollars(value: float | str) -> int:
    """Dollars in millionths, to the last digit. Raises `ValueError` that says what is understood."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        message = 'expected dollars, such as "3.00" or 0.25'
        raise ValueError(message)
    millionths = int((amount * 1_000_000).to_integral_value())
    if amount and not millionths:
        message = "less than a millionth of a dollar is nothing"
        raise ValueError(message)
    return millionths


def dollars(millionths: int) -> str:
    """Millionths of a dollar as people write them: "0.012500", to the last digit."""
    whole, rest = divmod(abs(millionths), 1_000_000)
    return f"{'-' if millionths < 0 else ''}{whole}.{rest:06d}"


def _scaled(value: float | str, units: dict[str, float] | dict[str, int], expected: str) -> float:
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value)
    unit = units.get(match.group(2).lower()) if match else None
    if match is None or unit is None:
        message = f"expected {expected}"
        raise ValueError(message)
    return float(match.group(1)) * unit
