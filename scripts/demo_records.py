"""The parts that the demo archive is told with: values that look arbitrary, identities, records.

Rule: nothing here depends on a clock or on chance; the same names give the same records on every
machine. Names, addresses and keys are synthetic. Records follow CT-2 to CT-5.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

ACCOUNT = "111122223333"
HOME = "us-east-1"
INTRUDER = "203.0.113.66"

Json = dict[str, Any]


# --- values that look arbitrary ---------------------------------------------------------------------


class Dice:
    """Values derived from a name and a counter: arbitrary to look at, always the same."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0

    def _digest(self) -> bytes:
        self._count += 1
        return hashlib.sha256(f"{self._name}/{self._count}".encode()).digest()

    def below(self, limit: int) -> int:
        """Give a number from 0 to `limit` - 1."""
        return int.from_bytes(self._digest()[:8], "big") % limit

    def pick(self, *choices: str) -> str:
        """Give one of `choices`."""
        return choices[self.below(len(choices))]

    def text(self, length: int, alphabet: str = "0123456789abcdef") -> str:
        """Give `length` characters out of `alphabet`."""
        return "".join(alphabet[byte % len(alphabet)] for byte in (self._digest() + self._digest())[:length])

    def uuid(self) -> str:
        """Give a UUID of version 4's shape. Twelve digits vary, which is enough here and packs well."""
        h = self.text(12)
        return f"{h[:8]}-5d1c-4e2f-9a3b-7c60d418{h[8:]}"


CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def unique_id(prefix: str, name: str) -> str:
    """Make an id like AIDA… or ASIA…, 20 characters, recognisable as an example."""
    return prefix + Dice(f"{prefix}/{name}").text(9, CAPITALS) + "EXAMPLE"


# --- who acts ---------------------------------------------------------------------------------------


def stamp(at: datetime) -> str:
    """Render a time as records have it (CT-2.2)."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def user(name: str, *, key: str = "", since: datetime | None = None, mfa: bool = True) -> Json:
    """Make an IAM user's identity; with `since`, one that works with console credentials (CT-3.1)."""
    who: Json = {
        "type": "IAMUser",
        "principalId": unique_id("AIDA", name),
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
    }
    if since is not None:
        who["accessKeyId"] = unique_id("ASIA", f"{name}{since}")
    elif key:
        who["accessKeyId"] = key
    who["userName"] = name
    if since is not None:
        attributes = {"creationDate": stamp(since), "mfaAuthenticated": str(mfa).lower()}
        who["sessionContext"] = {"sessionIssuer": {}, "webIdFederationData": {}, "attributes": attributes}
    return who


def root(*, since: datetime | None = None) -> Json:
    """Make the root user's identity (CT-3.1)."""
    who: Json = {
        "type": "Root",
        "principalId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "accountId": ACCOUNT,
        "accessKeyId": "",
    }
    if since is not None:
        who["accessKeyId"] = unique_id("ASIA", f"root{since}")
        who["sessionContext"] = {"attributes": {"creationDate": stamp(since), "mfaAuthenticated": "true"}}
    return who


def role(name: str, session: str, since: datetime, *, path: str = "", by: str = "", imds: bool = False) -> Json:
    """Make the identity of a role session (CT-3.2); `by` is the service that called on its behalf."""
    issuer = unique_id("AROA", name)
    context: Json = {
        "sessionIssuer": {
            "type": "Role",
            "principalId": issuer,
            "arn": f"arn:aws:iam::{ACCOUNT}:role/{path}{name}",
            "accountId": ACCOUNT,
            "userName": name,
        },
        "webIdFederationData": {},
        "attributes": {"creationDate": stamp(since), "mfaAuthenticated": "false"},
    }
    if imds:
        context["ec2RoleDelivery"] = "2.0"
    who: Json = {
        "type": "AssumedRole",
        "principalId": f"{issuer}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": unique_id("ASIA", f"{name}/{session}/{since}"),
        "sessionContext": context,
    }
    return who | {"invokedBy": by} if by else who


def service(name: str) -> Json:
    """Make the identity of an AWS service that acts for itself (CT-3.1)."""
    return {"type": "AWSService", "invokedBy": f"{name}.amazonaws.com"}


# --- what is recorded -------------------------------------------------------------------------------

READS = ("Decrypt", "Describe", "Get", "List", "Lookup", "AssumeRole", "GenerateDataKey", "Head")
BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3"
AGENTS = {INTRUDER: "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
API_VERSIONS = {"logs": "20140328", "elasticloadbalancing": "2015-12-01"}
OTHER_HOSTS = {"iam": "iam.amazonaws.com", "ecr": f"api.ecr.{HOME}.amazonaws.com"}


class Archive:
    """The records of the story, in the order in which they were told."""

    def __init__(self) -> None:
        self.records: list[tuple[datetime, str, Json]] = []
        self.dice = Dice("records")

    def call(
        self,
        at: datetime,
        event: str,
        who: Json,
        source: str,
        *,
        agent: str = "aws-cli/2.24.10 md/awscrt#0.23.8 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.6",
        parameters: Json | None = None,
        response: Json | None = None,
        error: tuple[str, str] | None = None,
        resources: list[Json] | None = None,
        region: str = HOME,
        console: bool = False,
        shared: bool = False,
        extra: Json | None = None,
    ) -> None:
        """Record an API call, `event` being `service:Name`. Members stand in the order of CT-2.1."""
        prefix, name = event.split(":")
        record: Json = {
            "eventVersion": "1.11",
            "userIdentity": who,
            "eventTime": stamp(at),
            "eventSource": f"{prefix}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": source,
            "userAgent": "AWS Internal" if console else agent,
        }
        if error is not None:
            record |= {"errorCode": error[0], "errorMessage": error[1]}
        record |= {"requestParameters": parameters, "responseElements": None if error else response}
        if extra is not None:
            record["additionalEventData"] = extra
        s3 = prefix == "s3"
        record["requestID"] = self.dice.text(16, CAPITALS) if s3 else self.dice.uuid()
        record |= {"eventID": self.dice.uuid(), "readOnly": name.startswith(READS)}
        if resources is not None:
            record["resources"] = resources
        record["eventType"] = "AwsApiCall"
        if prefix in API_VERSIONS:
            record["apiVersion"] = API_VERSIONS[prefix]
        record |= {"managementEvent": True, "recipientAccountId": ACCOUNT}
        if shared:
            record["sharedEventID"] = self.dice.uuid()
        record["eventCategory"] = "Management"
        if console:
            record["sessionCredentialFromConsole"] = "true"
        elif "invokedBy" not in who:  # CT-2.2: never both
            host = OTHER_HOSTS.get(prefix, f"{prefix}.{region}.amazonaws.com")
            record["tlsDetails"] = tls("TLSv1.2" if s3 else "TLSv1.3", host)
        self.records.append((at, region, record))

    def sign_in(
        self,
        at: datetime,
        who: Json,
        source: str,
        *,
        event: str = "ConsoleLogin",
        failure: str = "",
        mfa: str = "",
        check: bool = False,
    ) -> None:
        """Record a console sign-in (CT-4): no requestID, and no errorCode even when it failed."""
        outcome = "Failure" if failure else "Success"
        login_to = "https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true"
        extra: Json = {"LoginTo": login_to, "MobileVersion": "No"}
        if mfa:
            extra["MFAIdentifier"] = mfa
        extra["MFAUsed"] = "Yes" if mfa else "No"
        record: Json = {
            "eventVersion": "1.11",
            "userIdentity": who,
            "eventTime": stamp(at),
            "eventSource": "signin.amazonaws.com",
            "eventName": event,
            "awsRegion": HOME,
            "sourceIPAddress": source,
            "userAgent": AGENTS.get(source, BROWSER),
        }
        if failure:
            record["errorMessage"] = failure
        record |= {
            "requestParameters": None,
            "responseElements": {event: outcome},
            "additionalEventData": {"MfaType": "Virtual MFA"} if check else extra,
            "eventID": self.dice.uuid(),
            "readOnly": False,
            "eventType": "AwsConsoleSignIn",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
            "tlsDetails": tls("TLSv1.3", f"{HOME}.signin.aws.amazon.com"),
        }
        self.records.append((at, HOME, record))


def tls(version: str, host: str) -> Json:
    """Make tlsDetails (CT-2.2)."""
    suite = {"TLSv1.3": "TLS_AES_128_GCM_SHA256", "TLSv1.2": "ECDHE-RSA-AES128-GCM-SHA256"}[version]
    return {"tlsVersion": version, "cipherSuite": suite, "clientProvidedHostHeader": host}


def key_resource(name: str, region: str) -> Json:
    """Name a KMS key as records do (CT-2.2)."""
    return {"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": f"arn:aws:kms:{region}:{ACCOUNT}:key/{key_id(name)}"}


def key_id(name: str) -> str:
    """Make the id of a KMS key."""
    return Dice(f"key/{name}").uuid()


def role_resource(name: str) -> Json:
    """Name a role as records do."""
    return {"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": f"arn:aws:iam::{ACCOUNT}:role/{name}"}


def credentials(name: str, at: datetime, session: str) -> Json:
    """Make the response of AssumeRole; the token is a stand-in."""
    issuer = unique_id("AROA", name)
    return {
        "credentials": {
            "accessKeyId": unique_id("ASIA", f"{name}/{session}/{at}"),
            "sessionToken": "IQoJb3JpZ2luX2VjEXAMPLETOKEN",
            "expiration": (at + timedelta(hours=1)).strftime("%b %d, %Y, %I:%M:%S %p"),
        },
        "assumedRoleUser": {
            "assumedRoleId": f"{issuer}:{session}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}",
        },
    }
