"""An actor in words (CON-4.6)."""

from __future__ import annotations

import pytest

from tocsin.console.actor_name import actor_name


@pytest.mark.parametrize(
    ("term", "named"),
    [
        ("arn:aws:iam::111122223333:user/mallory", ("IAM user", "mallory", "111122223333")),
        ("arn:aws:iam::111122223333:user/team/mallory", ("IAM user", "mallory", "111122223333")),
        ("arn:aws:iam::111122223333:user/<b>x</b>", ("IAM user", "<b>x</b>", "111122223333")),
        ("arn:aws:iam::111122223333:user/a b/mallory", ("IAM user", "a b/mallory", "111122223333")),
        ("arn:aws-cn:iam::111122223333:role/deploy", ("role", "deploy", "111122223333")),
        ("arn:aws:sts::111122223333:assumed-role/deploy/ci-1", ("role session", "deploy/ci-1", "111122223333")),
        ("arn:aws:sts::111122223333:federated-user/bob", ("federated user", "bob", "111122223333")),
        ("arn:aws:iam::111122223333:root", ("root user", "", "111122223333")),
        ("root of 111122223333", ("root user", "", "111122223333")),
        ("root", ("root user", "", "")),
        ("autoscaling.amazonaws.com", ("AWS service", "autoscaling.amazonaws.com", "")),
        ("AIDAEXAMPLE", ("", "AIDAEXAMPLE", "")),
        ("arn:aws:iam::111122223333:thing/x", ("", "arn:aws:iam::111122223333:thing/x", "")),
        ("<script>", ("", "<script>", "")),
    ],
)
def test_an_actor_is_named(term: str, named: tuple[str, str, str]) -> None:
    assert tuple(actor_name(term)) == named
