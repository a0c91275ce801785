"""Management events and data events. Spec: REC-12.

There is no machine-readable source for this; the tables are the whole of it.
"""

from __future__ import annotations

from typing import Final

_S3_OBJECT: Final = (
    "GetObject HeadObject PutObject PostObject CopyObject DeleteObject DeleteObjects "
    "GetObjectAcl PutObjectAcl GetObjectAttributes GetObjectTagging PutObjectTagging DeleteObjectTagging "
    "GetObjectTorrent GetObjectLegalHold PutObjectLegalHold GetObjectRetention PutObjectRetention "
    "CreateMultipartUpload CompleteMultipartUpload AbortMultipartUpload UploadPart UploadPartCopy ListParts "
    "RestoreObject SelectObjectContent WriteGetObjectResponse RenameObject "
    "ListObjects ListObjectsV2 ListObjectVersions ListMultipartUploads HeadBucket"
)
_DYNAMODB_TABLE: Final = (
    "GetItem PutItem UpdateItem DeleteItem BatchGetItem BatchWriteItem Query Scan TransactGetItems TransactWriteItems "
    "ExecuteStatement BatchExecuteStatement ExecuteTransaction"
)
_SQS_QUEUE: Final = (
    "SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch ChangeMessageVisibility "
    "ChangeMessageVisibilityBatch"
)

_ROWS: Final = (
    ("s3", _S3_OBJECT, "AWS::S3::Object"),
    ("lambda", "Invoke InvokeAsync InvokeWithResponseStream", "AWS::Lambda::Function"),
    ("dynamodb", _DYNAMODB_TABLE, "AWS::DynamoDB::Table"),
    ("dynamodbstreams", "GetRecords GetShardIterator", "AWS::DynamoDB::Stream"),
    ("sns", "Publish PublishBatch", "AWS::SNS::Topic"),
    ("sqs", _SQS_QUEUE, "AWS::SQS::Queue"),
    ("kinesis", "PutRecord PutRecords GetRecords GetShardIterator SubscribeToShard", "AWS::Kinesis::Stream"),
    ("ebs", "GetSnapshotBlock PutSnapshotBlock ListSnapshotBlocks ListChangedBlocks", "AWS::EC2::Snapshot"),
    (
        "cognito-identity",
        "GetId GetCredentialsForIdentity GetOpenIdToken GetOpenIdTokenForDeveloperIdentity UnlinkIdentity",
        "AWS::Cognito::IdentityPool",
    ),
    ("cloudwatch", "GetMetricData GetMetricStatistics", "AWS::CloudWatch::Metric"),
)

_TYPES: Final = {(service, name): kind for service, names, kind in _ROWS for name in names.split()}


def data_resource_type(service: str, operation: str) -> str | None:
    """The `resources.type` of a data event, such as `AWS::S3::Object`; None for a management event.

    Both are named as the model names them.
    """
    return _TYPES.get((service, operation))
