"""What is typed into the search box is a thing by its shape, else words of names (CON-3.5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.search_box import Shape, fit_of, shape_of


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("9F2C1E7A-0000-4000-8000-000000000001", Shape.EVENT_ID),
        ("111122223333", Shape.ACCOUNT),
        (" 111122223333 ", Shape.ACCOUNT),
        ("11112222333", Shape.WORDS),
        ("AKIAIOSFODNN7EXAMPLE", Shape.KEY),
        ("ASIAIOSFODNN7EXAMPLE", Shape.KEY),
        ("AKIA", Shape.WORDS),
        ("203.0.113.47", Shape.ADDRESS),
        ("2001:db8::7", Shape.ADDRESS),
        ("256.1.1.1", Shape.WORDS),
        ("arn:aws:iam::111122223333:user/mallory", Shape.ARN),
        ("arn:aws-cn:s3:::bucket", Shape.ARN),
        ("arn:aws", Shape.WORDS),
        ("sg-0a1b2c3d", Shape.RESOURCE),
        ("i-0a1b2c3d4e5f60718", Shape.RESOURCE),
        ("vpc-endpoint-0a1b2c3d", Shape.RESOURCE),
        ("sg-changes", Shape.WORDS),
        ("{ $.eventName = X }", Shape.PATTERN),
        ("[ip, user]", Shape.PATTERN),
        ("oncall@example.com", Shape.MAIL),
        ("a@b", Shape.WORDS),
        ("actor:mallory since:1h", Shape.TERMS),
        ("-Name:ListUsers", Shape.TERMS),
        ("root usage", Shape.WORDS),
        ("", Shape.WORDS),
    ],
)
def test_a_shape_is_recognized(text: str, shape: Shape) -> None:
    assert shape_of(text) is shape


@pytest.mark.parametrize(
    ("name", "text", "fit"),
    [
        ("cis/root-usage", "cis/root-usage", 0),
        ("cis/root-usage", " CIS/Root-Usage ", 0),
        ("cis/root-usage", "cis/r", 1),
        ("cis/root-usage", "root", 2),
        ("cis/root-usage", "root-u", 2),
        ("cis/root-usage", "usage cis", 3),
        ("cis/root-usage", "oot", None),
        ("cis/root-usage", "usage trail", None),
        ("AuthorizeSecurityGroupIngress", "security", 2),
        ("AuthorizeSecurityGroupIngress", "ingress auth", 3),
        ("IAMUserChanges", "user", 2),
        ("log group", "Log  group", 0),
        ("names of 3 rules", "3", 2),
        ("anything", "", None),
        ("anything", "-/.", None),
        ("", "a", None),
        ("İstanbul-alarm", "alarm", 3),
    ],
)
def test_a_name_fits_what_was_typed(name: str, text: str, fit: int | None) -> None:
    assert fit_of(name, text) == fit


@given(st.text(max_size=20), st.text(max_size=20))
def test_every_name_fits_itself_and_nothing_raises(name: str, text: str) -> None:
    fit_of(name, text)
    shape_of(text)
    if name and " ".join(name.split()) == name:
        assert fit_of(name, name) == 0
