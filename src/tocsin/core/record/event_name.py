"""eventSource, eventName and apiVersion of a call. Spec: REC-3.4, REC-3.5, REC-4.3, REC-9.3."""

from __future__ import annotations

from typing import Final

_SOURCES: Final = {"mq": "amazonmq", "servicecatalog-appregistry": "servicecatalog-appregistry"}
"""Services, by model, that sign with another name than their eventSource begins with."""

_LAMBDA: Final = {
    **dict.fromkeys(
        (
            "CreateFunction",
            "DeleteFunction",
            "ListFunctions",
            "ListEventSourceMappings",
            "ListVersionsByFunction",
        ),
        "20150331",
    ),
    **dict.fromkeys(
        (
            "GetFunction",
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
            "AddPermission",
            "RemovePermission",
            "GetPolicy",
        ),
        "20150331v2",
    ),
    "GetAccountSettings": "20160819",
    **dict.fromkeys(("GetFunctionCodeSigningConfig", "Invoke", "InvokeAsync", "InvokeWithResponseStream"), ""),
}
"""What follows the operation's name; of operations that are not listed the date of their path (REC-3.5)."""

_S3: Final = {
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "ListObjectsV2": "ListObjects",
    "PutObjectLegalHold": "PutObjectLockLegalHold",
    "PutObjectRetention": "PutObjectLockRetention",
}
_S3_CONTROL: Final = {
    "GetPublicAccessBlock": "GetAccountPublicAccessBlock",
    "PutPublicAccessBlock": "PutAccountPublicAccessBlock",
    "DeletePublicAccessBlock": "DeleteAccountPublicAccessBlock",
}

_API_VERSIONS: Final = {
    "logs": "20140328",
    "elb": "2012-06-01",
    "elbv2": "2015-12-01",
    "route53": "2013-04-01",
    "cloudfront": "2020_05_31",
    "dynamodb": "2012-08-10",
    "dynamodbstreams": "2012-08-10",
    "wafv2": "2019-04-23",
    "waf": "2015-08-24",
    "appmesh": "2019-01-25",
    "efs": "2015-02-01",
    "events": "2015-10-07",
    "fms": "2018-01-01",
    "shield": "AWSShield_20160616",
    "inspector": "v20160216",
}
"""By model; records of other services have none (REC-4.3)."""


def event_source(service: str, signing_name: str) -> str:
    """The service as records name it: `monitoring.amazonaws.com` for CloudWatch."""
    return f"{_SOURCES.get(service, signing_name)}.amazonaws.com"


def event_name(service: str, operation: str, *, path_date: str = "") -> str:
    """The operation as records name it; `path_date` is the date at the beginning of its path, such as 20150331."""
    match service:
        case "lambda":
            return operation + _LAMBDA.get(operation, path_date)
        case "s3":
            return _S3.get(operation, operation)
        case "s3control":
            return _S3_CONTROL.get(operation, operation)
    return operation


def recorded_api_version(service: str) -> str | None:
    """What records of the service have as apiVersion."""
    return _API_VERSIONS.get(service)
