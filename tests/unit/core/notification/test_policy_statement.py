"""What a policy document allows, in a few words (R-1)."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tocsin.core.event import decode_message
from tocsin.core.notification.policy_statement import tell_policy

ADMIN = {"Effect": "Allow", "Action": "*", "Resource": "*"}
READ = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:ListBucket"],
    "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
}


@pytest.mark.parametrize(
    ("statements", "wanted"),
    [
        (ADMIN, ["+ allow * on *"]),
        ([READ], ["+ allow s3:GetObject, s3:ListBucket on arn:aws:s3:::b, arn:aws:s3:::b/*"]),
        # The widest first, however many stand before it.
        (
            [READ, READ, ADMIN],
            ["+ allow * on *", *["+ allow s3:GetObject, s3:ListBucket on arn:aws:s3:::b, arn:aws:s3:::b/*"] * 2],
        ),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, ["+ deny * on *"]),
        ({"Effect": "Allow", "Principal": "*", "Action": "s3:*"}, ["+ allow s3:* to everyone"]),
        ({"Effect": "Allow", "Principal": {"AWS": ["a", "*"]}, "Action": "s3:*"}, ["+ allow s3:* to everyone, a"]),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, ["+ allow all but iam:* on *"]),
        ({"Effect": "Allow", "Action": list("abcde"), "Resource": "*"}, ["+ allow a, b, c and 2 more on *"]),
        ({**ADMIN, "Condition": {"Bool": {}}}, ["+ allow * on * under a condition"]),
        ({"Effect": "Perhaps", "Action": "*"}, []),
        ({"Effect": "Allow"}, []),
        ({"Effect": None, "Action": [None, {}]}, []),
        (None, []),
        ("x", []),
    ],
)
def test_tell_policy(statements: object, wanted: list[str]) -> None:
    document = decode_message(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    assert tell_policy(document) == wanted
    assert tell_policy(json.dumps(document)) == wanted
    assert tell_policy(quote(json.dumps(document))) == wanted


@pytest.mark.parametrize(
    "document", [None, True, [], "", "not JSON", "%7B%22", "[" * 5000, " " * 200_000, "{}", {"Statement": [[[]]]}]
)
def test_what_cannot_be_read_tells_nothing(document: object) -> None:
    assert tell_policy(document) == []
