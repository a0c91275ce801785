"""Long region names (AL-17.2)."""

from __future__ import annotations

import pytest

from tocsin.core.notification.region_name import REGION_NAMES, region_name


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("us-east-1", "US East (N. Virginia)"),
        ("eu-west-2", "Europe (London)"),
        ("sa-east-1", "South America (Sao Paulo)"),
        ("cn-northwest-1", "China (Ningxia)"),
        ("us-gov-west-1", "AWS GovCloud (US-West)"),
        ("ap-central-2r", "ap-central-2r"),
        ("", ""),
    ],
)
def test_region_name(code: str, wanted: str) -> None:
    assert region_name(code) == wanted


def test_every_name_fits_into_a_subject() -> None:
    assert max(map(len, REGION_NAMES.values())) <= 40
    assert all(name.isascii() for name in REGION_NAMES.values())
