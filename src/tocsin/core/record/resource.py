"""The resources that a record names. Spec: REC-13, REC-9.7."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tocsin.core.record.category import data_resource_type
from tocsin.core.record.fault import is_denial
from tocsin.core.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.core.record.call import ApiAnswer, ApiCall, Values

_ROLE: Final = "AWS::IAM::Role"
_KEY: Final = "AWS::KMS::Key"
_NO_BUCKET_OF_ITS_OWN: Final = frozenset({"CreateBucket", "ListBuckets", "ListDirectoryBuckets"})

Resource = dict[str, Any]


def _partition_of(call: ApiCall) -> str:
    return Scope("", call.region).partition


def resources_of(call: ApiCall, answer: ApiAnswer, account: str) -> list[Resource]:
    """The resources of a call that `account` made; empty when the record names none.

    A failed call names only those that follow from the request.
    """
    sent = call.parameters or {}
    got = answer.output or {}
    if call.service in {"s3", "s3control"}:
        return _s3_resources(call, account)
    if answer.error is not None and (call.service not in _NAMED_BY_FAILURES or is_denial(answer.error)):
        return []
    return list(_others(call, sent, got, account))


def _others(call: ApiCall, sent: Values, got: Values, account: str) -> Iterator[Resource]:
    match call.service:
        case "sts":
            if call.operation.startswith("AssumeRole") and isinstance(arn := sent.get("RoleArn"), str):
                yield _resource(arn, account, _ROLE)
        case "kms":
            for arn in dict.fromkeys(_key_arns(call, sent, got, account)):
                yield _resource(arn, account, _KEY)
        case "ssm":
            for name in _parameter_names(call.operation, sent):
                yield _resource(_parameter_arn(name, call.region, account), account, None)
        case "ecr":
            repository = sent.get("repositoryName")
            if isinstance(repository, str):
                owner = sent.get("registryId")
                yield _resource(
                    _arn("ecr", call.region, owner if isinstance(owner, str) else account, f"repository/{repository}"),
                    account,
                    None,
                )
        case _:
            kind = data_resource_type(call.service, call.operation)
            if kind is not None:
                for arn in dict.fromkeys(_data_arns(call, sent, account)):
                    yield _resource(arn, account, kind)


def _resource(arn: str, account: str, kind: str | None) -> Resource:
    """AWS writes the account that owns the resource; an ARN that names one tells it."""
    parts = arn.split(":", 5)
    owner = parts[4] if len(parts) == 6 and parts[4].isdigit() else account
    resource: Resource = {"accountId": owner}
    if kind is not None:
        resource["type"] = kind
    resource["ARN"] = arn
    return resource


def _arn(service: str, region: str, account: str, rest: str) -> str:
    return f"arn:{Scope(account, region).partition}:{service}:{region}:{account}:{rest}"


_NAMED_BY_FAILURES: Final = frozenset({"dynamodb", "dynamodbstreams", "kms"})
"""Services whose failed calls name their resources too, unless they were denied."""


def _key_arns(call: ApiCall, sent: Values, got: Values, account: str) -> Iterator[str]:
    """The keys, by what the answer says, else the request; and an alias that is made, moved or deleted.

    A bare id is one of the caller's account. Which key an alias stands for is only known of the answer.
    """
    metadata = got.get("KeyMetadata")
    answered = (got.get("SourceKeyId"), got.get("KeyId"), metadata.get("Arn") if isinstance(metadata, dict) else None)
    requested = (sent.get("SourceKeyId"), sent.get("DestinationKeyId"), sent.get("KeyId"), sent.get("TargetKeyId"))
    known = [arn for name in answered if (arn := _key_arn(call, name, account)) is not None]
    yield from known or [arn for name in requested if (arn := _key_arn(call, name, account)) is not None]
    alias = sent.get("AliasName")
    if isinstance(alias, str) and alias.startswith("alias/"):
        yield _arn("kms", call.region, account, alias)


def _key_arn(call: ApiCall, name: Any, account: str) -> str | None:
    """The ARN of a key that is named by its ARN or by its id."""
    if not isinstance(name, str) or not name:
        return None
    if name.startswith("arn:"):
        return name if ":key/" in name else None
    return None if name.startswith("alias/") else _arn("kms", call.region, account, f"key/{name}")


_PARAMETER_CALLS: Final = frozenset(
    {
        "GetParameter",
        "GetParameters",
        "GetParameterHistory",
        "PutParameter",
        "DeleteParameter",
        "DeleteParameters",
        "LabelParameterVersion",
        "UnlabelParameterVersion",
    }
)


def _parameter_names(operation: str, sent: Values) -> Iterator[str]:
    if operation in _PARAMETER_CALLS:
        names = sent.get("Names")
        for name in (sent.get("Name"), *(names if isinstance(names, list) else ())):
            if isinstance(name, str):
                yield name


def _parameter_arn(name: str, region: str, account: str) -> str:
    if name.startswith("arn:"):
        return name
    owner = "" if name.startswith("/aws/service/") else account  # AWS's own, which are there for all
    return _arn("ssm", region, owner, f"parameter/{name.removeprefix('/')}")


def _data_arns(call: ApiCall, sent: Values, account: str) -> Iterator[str]:
    def texts(*names: str) -> Iterator[str]:
        return (value for value in map(sent.get, names) if isinstance(value, str) and value)

    match call.service:
        case "lambda":
            for name in texts("FunctionName"):
                if name.startswith("arn:"):
                    yield name
                else:
                    yield _arn("lambda", call.region, account, f"function:{name.rpartition('function:')[2]}")
        case "dynamodb":
            for name in _table_names(sent):
                yield name if name.startswith("arn:") else _arn("dynamodb", call.region, account, f"table/{name}")
        case "dynamodbstreams":
            yield from texts("StreamArn")
        case "sns":
            yield from texts("TopicArn", "TargetArn")
        case "sqs":
            for url in texts("QueueUrl"):
                *_, owner, name = ("", "", *url.rstrip("/").split("/"))
                yield _arn("sqs", call.region, owner if owner.isdigit() else account, name)
        case "kinesis":
            yield from texts("StreamARN")
            if "StreamARN" not in sent:
                for name in texts("StreamName"):
                    yield _arn("kinesis", call.region, account, f"stream/{name}")
        case "ebs":
            for name in texts("SnapshotId", "FirstSnapshotId", "SecondSnapshotId"):
                yield f"arn:{_partition_of(call)}:ec2:{call.region}::snapshot/{name}"
        case "cognito-identity":
            for name in texts("IdentityPoolId"):
                yield _arn("cognito-identity", call.region, account, f"identitypool/{name}")


def _table_names(sent: Values) -> Iterator[str]:
    """The tables that a call of DynamoDB names; those of statements are not looked for."""
    name = sent.get("TableName")
    if isinstance(name, str):
        yield name
    items = sent.get("RequestItems")
    if isinstance(items, dict):
        yield from (name for name in items if isinstance(name, str))
    actions = sent.get("TransactItems")
    for action in actions if isinstance(actions, list) else ():
        for request in action.values() if isinstance(action, dict) else ():
            name = request.get("TableName") if isinstance(request, dict) else None
            if isinstance(name, str):
                yield name


def _s3_resources(call: ApiCall, account: str) -> list[Resource]:
    request = call.s3
    if request is None or request.bucket is None or call.operation in _NO_BUCKET_OF_ITS_OWN:
        return []
    arn = f"arn:{_partition_of(call)}:s3:::{request.bucket}"
    bucket = {"accountId": account, "type": "AWS::S3::Bucket", "ARN": arn}
    if request.key:
        return [{"type": "AWS::S3::Object", "ARN": f"{arn}/{request.key}"}, bucket]
    if data_resource_type(call.service, call.operation) is not None:
        return [{"type": "AWS::S3::Object", "ARNPrefix": f"{arn}/"}, bucket]
    return [bucket]
