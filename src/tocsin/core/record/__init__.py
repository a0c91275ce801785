"""An API call as plain data to the CloudTrail record that AWS would have written. Spec: REC.

The facade: `record_of(ApiCall, ApiAnswer, Circumstances)`. `wire.observed` and `wire.handled` make the first two, of
what went over the network and of what this process answered itself.
"""

from tocsin.core.record.call import ApiAnswer, ApiCall, ApiError, Circumstances, Tls
from tocsin.core.record.fault import is_unauthenticated
from tocsin.core.record.record import record_of
from tocsin.core.record.s3_request import S3Request
from tocsin.core.record.shape import Member, Shape

__all__ = [
    "ApiAnswer",
    "ApiCall",
    "ApiError",
    "Circumstances",
    "Member",
    "S3Request",
    "Shape",
    "Tls",
    "is_unauthenticated",
    "record_of",
]
