"""Which buckets the settings lead to. Spec: WIRE-9.14, IF-9."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tocsin.archive.folder import FolderStore
from tocsin.archive.s3 import S3Access
from tocsin.clock import SystemClock
from tocsin.composition.notifiers import make_notifiers
from tocsin.composition.object_store import ServiceKeys, make_object_store, plan_buckets, plan_keys
from tocsin.config import load_config
from tocsin.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://s3.example.com"


@pytest.mark.parametrize(
    ("variables", "access"),
    [
        ({}, None),
        ({"ENDPOINT_URL": URL}, S3Access(URL, "us-east-1")),
        (
            {"ENDPOINT_URL": URL, "REGION": "eu-west-1", "ADDRESSING_STYLE": "virtual"},
            S3Access(URL, "eu-west-1", is_virtual=True),
        ),
        (
            {"ENDPOINT_URL": URL, "ACCESS_KEY": "env:A", "SECRET_KEY": "env:B"},
            S3Access(URL, "us-east-1", access_key="key", secret_key="word"),
        ),
    ],
)
def test_what_the_settings_lead_to(variables: dict[str, str], access: S3Access | None, tmp_path: Path) -> None:
    config = load_config(None, {f"TOCSIN_S3_{name}": value for name, value in variables.items()}, folder=tmp_path)
    assert plan_buckets(config, plan_keys(config, {"A": "key", "B": "word"})) == access


def test_keys_go_together(tmp_path: Path) -> None:
    config = load_config(None, {"TOCSIN_S3_ACCESS_KEY": "env:A"}, folder=tmp_path)
    with pytest.raises(ConfigError, match="belong together"):
        plan_keys(config, {"A": "key"})


def test_without_an_endpoint_they_are_folders(tmp_path: Path) -> None:
    store = make_object_store(None, folder=tmp_path, creates=True, clock=SystemClock())
    assert isinstance(store, FolderStore)
    assert store.has_bucket("any")
    assert not make_object_store(None, folder=tmp_path, creates=False, clock=SystemClock()).has_bucket("any")


def test_queues_are_reached_with_the_same_keys(tmp_path: Path) -> None:
    environ = {
        "TOCSIN_SQS_ENDPOINT_URL": "https://sqs.example.com",
        "TOCSIN_S3_ACCESS_KEY": "env:A",
        "TOCSIN_S3_SECRET_KEY": "env:B",
        "A": "key",
        "B": "word",
    }
    config = load_config(None, environ, folder=tmp_path)
    keys = plan_keys(config, environ)
    assert keys == ServiceKeys("key", "word")
    notifiers = make_notifiers(config, None, SystemClock(), mail=lambda: None, keys=keys)
    assert (notifiers["sqs"]._access.access_key, notifiers["sqs"]._access.secret_key) == keys
