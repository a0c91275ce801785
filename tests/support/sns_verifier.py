"""A receiver of SNS messages, written after the public rules alone; it shares no code with the product. Spec: SNS-7.

It is the oracle for what receivers that people have written will say.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import load_pem_x509_certificate

if TYPE_CHECKING:
    from collections.abc import Callable

_KEYS = {
    "Notification": ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    "SubscriptionConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    "UnsubscribeConfirmation": ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
}


def is_genuine(body: str, fetch: Callable[[str], bytes]) -> bool:
    """Whether the signature of a message is that of the certificate that it names."""
    message = json.loads(body)
    text = ""
    for key in _KEYS[message["Type"]]:
        if key in message:
            text += key + "\n" + message[key] + "\n"
    certificate = load_pem_x509_certificate(fetch(message["SigningCertURL"]))
    algorithm = {"1": hashes.SHA1(), "2": hashes.SHA256()}[message["SignatureVersion"]]
    try:
        certificate.public_key().verify(
            base64.b64decode(message["Signature"]), text.encode("utf-8"), padding.PKCS1v15(), algorithm
        )
    except InvalidSignature:
        return False
    return True
