"""How much of a request the parsers look at before they refuse it. Spec: WIRE-7.4."""

from __future__ import annotations

FORM_FIELDS = 100_000
"""Fields of a form, those of the URL counted in."""

NESTING = 64
"""Levels of CBOR, and parts of the key of a form field."""

CBOR_ITEMS = 1_000_000
"""Data items of a CBOR body: each may be one byte on the wire and some sixty in memory. A metric datum
of AWS's largest kind has three hundred."""
