"""Turn matching records into a timeline that a person can read: one line for each thing that happened.

    tocsin grep '{ $.sourceIPAddress = "203.0.113.66" }' AWSLogs | python examples/timeline.py

Standard library only: an example of what can be done with the NDJSON that `tocsin grep` and
`tocsin scan --events` write.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

Record = dict[str, Any]


def who(record: Record) -> str:
    """Name the actor in one word or two."""
    identity = record.get("userIdentity") or {}
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    if identity.get("type") == "Root":
        return "the root user"
    name = identity.get("userName") or issuer.get("userName") or identity.get("invokedBy") or "somebody"
    return "an unknown user name" if name == "HIDDEN_DUE_TO_SECURITY_REASONS" else str(name)


def what(record: Record) -> str:
    """Say what was done, and to what."""
    parameters = record.get("requestParameters") or {}
    keys = ("userName", "policyArn", "groupName", "roleName", "groupId", "name", "functionName", "bucketName")
    told = [str(parameters[key]).rpartition("/")[2] for key in keys if parameters.get(key)]
    for rule in (parameters.get("ipPermissions") or {}).get("items", []):
        networks = [network["cidrIp"] for network in (rule.get("ipRanges") or {}).get("items", [])]
        told.append(f"port {rule.get('fromPort')} from {', '.join(networks)}")
    if parameters.get("isMultiRegionTrail") is False:
        told.append("single region from now on")
    return " ".join([record["eventName"], *told])


def outcome(record: Record) -> str:
    """Say how it ended, and how the person had signed in."""
    if record.get("errorCode"):
        return f"REFUSED ({record['errorCode']})"
    if record.get("errorMessage"):
        return "REFUSED"
    if record["eventName"] == "ConsoleLogin":
        used = (record.get("additionalEventData") or {}).get("MFAUsed")
        return "signed in" if used == "Yes" else "SIGNED IN without a second factor"
    return "done"


def alike(record: Record) -> tuple[str, ...]:
    """Make a key that is the same for records that belong on one line: guessing of passwords is one thing."""
    source = record.get("sourceIPAddress", "")
    if record["eventName"] == "ConsoleLogin" and record.get("errorMessage"):
        return ("ConsoleLogin", source)
    return (who(record), what(record), outcome(record), source)


def lines(records: Iterable[Record]) -> Iterator[str]:
    """Give one line for each thing that happened, however often it happened in a row."""
    for _, group in groupby(sorted(records, key=lambda record: record["eventTime"]), key=alike):
        same = list(group)
        actors = sorted({who(record) for record in same}, key=lambda name: (" " in name, name))
        times = f" ({len(same)} times)" if len(same) > 1 else ""
        moment = same[0]["eventTime"][5:16].replace("T", " ")
        source = same[0].get("sourceIPAddress", "")
        yield f"{moment}  {source:<14} {', '.join(actors)}: {what(same[0])}: {outcome(same[0])}{times}"


def main() -> None:
    """Read NDJSON on standard input, write the timeline."""
    for line in lines(json.loads(text) for text in sys.stdin if text.strip()):
        print("".join(character if character.isprintable() else "?" for character in line))


if __name__ == "__main__":
    main()
