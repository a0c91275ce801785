"""Writes src/tocsin/data/service-index.json: what requests to each of AWS's services are recognised by. Spec: REC-3.

Loading all models of botocore takes ten seconds, so what tells one from another is kept in a small table of our own.
Run it after botocore was updated; a test compares the two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from botocore.loaders import Loader

TARGET = Path(__file__).resolve().parents[1] / "src" / "tocsin" / "data" / "service-index.json"


def entry(metadata: dict[str, Any]) -> dict[str, Any]:
    """What the table says of a service, from the metadata of its model."""
    row = {
        "signing": metadata.get("signingName") or metadata["endpointPrefix"],
        "host": metadata["endpointPrefix"],
        "version": metadata["apiVersion"],
        "protocols": metadata.get("protocols") or [metadata["protocol"]],
    }
    if "targetPrefix" in metadata:
        row["target"] = metadata["targetPrefix"]
    return row


def table() -> dict[str, dict[str, Any]]:
    """The table, of the models of the botocore that is installed."""
    loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    names = sorted(loader.list_available_services("service-2"))
    return {name: entry(loader.load_service_model(name, "service-2")["metadata"]) for name in names}


if __name__ == "__main__":
    lines = (
        f"{msgspec.json.encode(name).decode()}: {msgspec.json.encode(row).decode()}" for name, row in table().items()
    )
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
