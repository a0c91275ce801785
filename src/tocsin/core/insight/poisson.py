"""Tails of the Poisson distribution. Spec: CT-17.7.

Rule: a tail is summed from its largest term outwards, all terms being positive, so that small tails are right
to their last digits; one that is too small for a double is 0.
"""

from __future__ import annotations

from math import exp, lgamma, log

# Terms below this part of the sum change nothing.
_NEGLIGIBLE = 1e-17


def at_least(count: int, mean: float) -> float:
    """P(X >= count) for a Poisson variable of that mean, which is above 0.

    >>> at_least(0, 1.0), round(at_least(3, 5 / 11336), 13)
    (1.0, 1.43e-11)
    """
    if count <= 0:
        return 1.0
    if count <= mean:
        return max(0.0, 1.0 - at_most(count - 1, mean))
    total = term = 1.0
    number = count
    while term > total * _NEGLIGIBLE:
        number += 1
        term *= mean / number
        total += term
    return min(1.0, _probability(count, mean) * total)


def at_most(count: int, mean: float) -> float:
    """P(X <= count) for a Poisson variable of that mean, which is above 0."""
    if count < 0:
        return 0.0
    if count >= mean:
        return max(0.0, 1.0 - at_least(count + 1, mean))
    total = term = 1.0
    number = count
    while number > 0 and term > total * _NEGLIGIBLE:
        term *= number / mean
        number -= 1
        total += term
    return min(1.0, _probability(count, mean) * total)


def _probability(count: int, mean: float) -> float:
    """P(X = count)."""
    return exp(count * log(mean) - mean - lgamma(count + 1))
