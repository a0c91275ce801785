"""A statistic set as bytes, bit for bit. Spec: AL-18.2.

Rule: counts and sums are exact; what fits no 64-bit integer is written as text, a fraction as `n/d`. A set of
whole-numbered equal values, which is what metric filters publish, takes a few bytes.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from tocsin.core.metric import Exact, StatisticSet

_Exact = int | str

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


class _Packed(msgspec.Struct, array_like=True):
    count: _Exact
    sum: _Exact
    minimum: float
    maximum: float
    values: list[float] | None = None
    weights: list[_Exact] | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


def pack_statistics(statistics: StatisticSet) -> bytes:
    """The bytes of a set."""
    weights = statistics.weights
    return _encode(
        _Packed(
            _written(statistics.sample_count),
            _written(statistics.sum),
            statistics.minimum,
            statistics.maximum,
            None if weights is None else list(weights),
            None if weights is None else [_written(weight) for weight in weights.values()],
        )
    )


def unpack_statistics(body: bytes) -> StatisticSet:
    """The set that `pack_statistics` has written."""
    packed = _decode(body)
    weights: dict[float, Exact] | None = None
    if packed.values is not None and packed.weights is not None:
        weights = {value: _read(weight) for value, weight in zip(packed.values, packed.weights, strict=True)}
    return StatisticSet(_read(packed.count), _read(packed.sum), packed.minimum, packed.maximum, weights)


def _written(number: Exact) -> _Exact:
    if isinstance(number, int) and _SMALLEST <= number <= _LARGEST:
        return number
    # As hexadecimal: sums of doubles near the largest have hundreds of digits, which int() of decimals refuses.
    numerator, denominator = number.numerator, number.denominator
    return f"{numerator:x}/{denominator:x}"


def _read(written: _Exact) -> Exact:
    if isinstance(written, int):
        return written
    numerator, _, denominator = written.partition("/")
    number = Fraction(int(numerator, 16), int(denominator, 16))
    return number.numerator if number.denominator == 1 else number
