"""Compare records made of real calls with real records, field by field, and write docs/reference/record-fidelity.md.

boto3 calls a moto server; what goes over the wire is recorded as the recorder would, and set beside the records of
the same operations in an archive of real ones. Only names of fields and counts come out; nothing of a record does.

    python scripts/record_fidelity.py ARCHIVE            writes the page
    python scripts/record_fidelity.py ARCHIVE --check    compares, writes nothing; exit 1 on a difference
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import re
import sys
import zipfile
from collections import Counter, defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped]  # it has no types
import msgspec
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from moto.server import ThreadedMotoServer

from tocsin.core.record import Circumstances, Shape, Tls, record_of
from tocsin.core.record.key import lower_first
from tocsin.wire.answer_reader import ObservedAnswer, read_answer
from tocsin.wire.model import ServiceModels
from tocsin.wire.observed import ObservedRequest, Unobserved, observe
from tocsin.wire.service_index import service_index

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "record-fidelity.md"
Record = dict[str, Any]
Paths = dict[str, set[str]]

OPEN_VALUES: Final = frozenset(
    {
        "tags",
        "environment",
        "encryptionContext",
        "attributes",
        "key",
        "expressionAttributeNames",
        "policyDocument",
        "assumeRolePolicyDocument",
    }
)
"""Members whose keys are the caller's own: not compared below them."""


class Recording:
    """Clients of a moto server, and the records of what they call."""

    def __init__(self, endpoint: str) -> None:
        self.records: list[Record] = []
        self._endpoint = endpoint
        self._models = ServiceModels()
        self._session = URLLib3Session()

    def client(self, service: str) -> Any:
        """A client whose requests and answers are recorded."""
        made = boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self._endpoint,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="x" * 40,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )
        made.meta.events.register("before-send", self._send)
        return made

    def _send(self, request: Any, **_: Any) -> Any:
        response = self._session.send(request)
        url = urlsplit(request.url)
        body = request.body or b""
        body = body.read() if hasattr(body, "read") else body
        headers = {name.lower(): value for name, value in request.headers.items()} | {"host": url.netloc}
        seen = ObservedRequest(
            method=request.method,
            raw_path=url.path.encode(),
            query_string=url.query.encode(),
            headers=tuple(
                (name.encode(), value if isinstance(value, bytes) else str(value).encode())
                for name, value in headers.items()
            ),
            body=body.encode() if isinstance(body, str) else bytes(body),
        )
        observed = observe(seen, self._models)
        if not isinstance(observed, Unobserved):
            answer = ObservedAnswer(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=response.content,
            )
            circumstances = Circumstances(
                at=datetime(2026, 7, 25, tzinfo=UTC),
                event_id="0",
                request_id="0",
                account="123456789012",
                identity={"type": "IAMUser"},
                source_address="192.0.2.7",
                user_agent="Boto3",
                host=url.netloc,
                tls=Tls(version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256"),
            )
            self.records.append(record_of(observed.call, read_answer(observed, answer), circumstances))
        return response


def _function() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("lambda_function.py", "def lambda_handler(event, context):\n    return 1\n")
    return packed.getvalue()


TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
POLICY: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}'


def run(recording: Recording) -> None:
    """Call what an account does in a day, by one service after the other."""
    _identities(recording)
    _network(recording)
    _storage(recording)
    _secrets(recording)
    _others(recording)


def _identities(recording: Recording) -> None:
    iam, sts = recording.client("iam"), recording.client("sts")
    policy = iam.create_policy(PolicyName="p", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.create_user(UserName="u", Tags=[{"Key": "k", "Value": "v"}])
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    iam.create_login_profile(UserName="u", Password="Example-1-long-enough", PasswordResetRequired=True)  # noqa: S106
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=POLICY)
    iam.attach_user_policy(UserName="u", PolicyArn=policy)
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=POLICY)
    iam.attach_role_policy(RoleName="r", PolicyArn=policy)
    iam.create_instance_profile(InstanceProfileName="i")
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=TRUST)
    iam.list_users()
    iam.list_attached_user_policies(UserName="u")
    iam.get_user(UserName="u")
    iam.get_account_summary()
    with suppress(ClientError):
        iam.get_user(UserName="nobody")
    sts.get_caller_identity()
    sts.get_session_token(DurationSeconds=900)
    sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="session", DurationSeconds=900)
    sts.get_federation_token(Name="federated", Policy=POLICY)
    iam.remove_role_from_instance_profile(InstanceProfileName="i", RoleName="r")
    iam.delete_instance_profile(InstanceProfileName="i")
    iam.delete_role_policy(RoleName="r", PolicyName="p")
    iam.detach_role_policy(RoleName="r", PolicyArn=policy)
    iam.detach_user_policy(UserName="u", PolicyArn=policy)
    iam.delete_user_policy(UserName="u", PolicyName="p")
    iam.update_access_key(UserName="u", AccessKeyId=key, Status="Inactive")
    iam.delete_access_key(UserName="u", AccessKeyId=key)
    iam.delete_login_profile(UserName="u")
    iam.remove_user_from_group(GroupName="g", UserName="u")
    iam.delete_policy(PolicyArn=policy)
    iam.delete_user(UserName="u")


def _network(recording: Recording) -> None:
    ec2 = recording.client("ec2")
    tags = {"Tags": [{"Key": "k", "Value": "v"}]}
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", **tags}])["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "d"}],
            }
        ],
    )
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="192.0.2.0/24")
    ec2.revoke_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="192.0.2.0/24")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address, ConnectivityType="public")
    ec2.describe_nat_gateways()
    ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="REJECT",
        LogDestinationType="cloud-watch-logs",
        LogGroupName="flow",
        DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/r",
        MaxAggregationInterval=600,
    )
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    instance = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro", SubnetId=subnet, UserData="#!/bin/sh"
    )["Instances"][0]["InstanceId"]
    ec2.describe_instances(InstanceIds=[instance])
    ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")
    ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
    ec2.stop_instances(InstanceIds=[instance])
    ec2.start_instances(InstanceIds=[instance])
    ec2.describe_security_groups(GroupIds=[group])
    ec2.describe_vpcs()
    ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    ec2.describe_regions()
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", UserIds=["111122223333"],
        CreateVolumePermission={"Add": [{"UserId": "111122223333"}]},
    )  # fmt: skip
    ec2.create_tags(Resources=[volume], Tags=[{"Key": "k", "Value": "v"}])
    ec2.create_key_pair(KeyName="k", KeyType="rsa")
    ec2.delete_snapshot(SnapshotId=snapshot)
    ec2.delete_volume(VolumeId=volume)
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    ec2.delete_route_table(RouteTableId=table)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    with suppress(ClientError):
        ec2.delete_vpc(VpcId="vpc-0123456789abcdef0")


def _storage(recording: Recording) -> None:
    s3 = recording.client("s3")
    s3.create_bucket(Bucket="example-bucket")
    s3.put_bucket_policy(Bucket="example-bucket", Policy=POLICY)
    s3.put_bucket_tagging(Bucket="example-bucket", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.put_bucket_versioning(Bucket="example-bucket", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_lifecycle_configuration(
        Bucket="example-bucket",
        LifecycleConfiguration={
            "Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "*"}, "Expiration": {"Days": 1}}]
        },
    )
    s3.put_object(Bucket="example-bucket", Key="k", Body=b"x")
    s3.get_object(Bucket="example-bucket", Key="k")
    s3.list_buckets()
    for method in (
        "get_bucket_acl",
        "get_bucket_policy",
        "get_bucket_logging",
        "get_bucket_versioning",
        "get_bucket_location",
        "get_bucket_website",
        "get_bucket_cors",
        "get_bucket_encryption",
        "get_bucket_tagging",
        "get_bucket_replication",
        "get_public_access_block",
        "get_bucket_lifecycle_configuration",
        "get_bucket_notification_configuration",
        "get_bucket_accelerate_configuration",
        "get_object_lock_configuration",
        "delete_bucket_lifecycle",
        "delete_bucket_policy",
        "delete_bucket",
    ):
        with suppress(ClientError):
            getattr(s3, method)(Bucket="example-bucket")


def _secrets(recording: Recording) -> None:
    kms, ssm, secrets = recording.client("kms"), recording.client("ssm"), recording.client("secretsmanager")
    made = kms.create_key(Description="d")["KeyMetadata"]
    key, key_id = made["Arn"], made["KeyId"]
    kms.create_alias(AliasName="alias/a", TargetKeyId=key)
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"a": "b"})
    kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    kms.disable_key(KeyId=key_id)
    kms.enable_key(KeyId=key_id)
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=POLICY)
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=key_id)
    ssm.put_parameter(Name="/a/b", Value="x", Type="SecureString", Overwrite=False, Tier="Standard", DataType="text")
    ssm.get_parameter(Name="/a/b", WithDecryption=True)
    ssm.get_parameters(Names=["/a/b"])
    ssm.describe_parameters()
    ssm.delete_parameter(Name="/a/b")
    secrets.create_secret(Name="s", SecretString="x", Description="d", ForceOverwriteReplicaSecret=False)
    secrets.get_secret_value(SecretId="s")
    secrets.list_secrets()
    secrets.describe_secret(SecretId="s")
    secrets.delete_secret(SecretId="s", ForceDeleteWithoutRecovery=True)


def _others(recording: Recording) -> None:
    trail, sns, sqs = recording.client("cloudtrail"), recording.client("sns"), recording.client("sqs")
    dynamodb, rds, functions = recording.client("dynamodb"), recording.client("rds"), recording.client("lambda")
    recording.client("s3").create_bucket(Bucket="trail-bucket")
    trail.create_trail(Name="trail", S3BucketName="trail-bucket", IsMultiRegionTrail=False)
    trail.start_logging(Name="trail")
    trail.put_event_selectors(
        TrailName="trail", EventSelectors=[{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]
    )
    trail.describe_trails()
    trail.get_trail_status(Name="trail")
    trail.stop_logging(Name="trail")
    trail.delete_trail(Name="trail")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.get_topic_attributes(TopicArn=topic)
    sns.list_topics()
    sns.publish(TopicArn=topic, Message="x")
    sns.list_subscriptions()
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    sqs.list_queues()
    dynamodb.create_table(
        TableName="table1",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="table1", Item={"pk": {"S": "x"}})
    dynamodb.list_tables()
    dynamodb.describe_table(TableName="table1")
    rds.create_db_instance(
        DBInstanceIdentifier="d",
        DBInstanceClass="db.t3.micro",
        Engine="mysql",
        AllocatedStorage=10,
        MasterUsername="admin",
        MasterUserPassword="example-password",
    )
    rds.describe_db_instances()
    rds.create_db_snapshot(DBInstanceIdentifier="d", DBSnapshotIdentifier="s")
    rds.describe_db_snapshots()
    rds.delete_db_snapshot(DBSnapshotIdentifier="s")
    rds.delete_db_instance(DBInstanceIdentifier="d", SkipFinalSnapshot=True)
    iam = recording.client("iam")
    iam.create_role(RoleName="f", AssumeRolePolicyDocument=TRUST)
    functions.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Role="arn:aws:iam::123456789012:role/f",
        Handler="lambda_function.lambda_handler",
        Code={"ZipFile": _function()},
        Environment={"Variables": {"A": "b"}},
    )
    functions.add_permission(FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="*")
    functions.update_function_code(FunctionName="f", ZipFile=_function())
    functions.list_functions()
    functions.get_function(FunctionName="f")
    functions.delete_function(FunctionName="f")


# --- comparison --------------------------------------------------------------------------------------------


def real_records(archive: Path) -> Iterator[Record]:
    """The records of API calls in an archive, of the versions that have all fields."""
    for path in sorted(archive.rglob("*.json*")):
        text = path.read_bytes()
        try:
            document = msgspec.json.decode(gzip.decompress(text) if path.suffix == ".gz" else text)
        except (msgspec.DecodeError, OSError):
            continue
        for record in (document.get("Records") or ()) if isinstance(document, dict) else ():
            version = str(record.get("eventVersion", ""))
            if record.get("eventType") == "AwsApiCall" and version in {"1.08", "1.09", "1.10", "1.11"}:
                yield record


def key_paths(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The paths in a tree, and the kind of what stands there."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            below = f"{path}.{key}" if path else key
            if key in OPEN_VALUES or isinstance(value, str):
                yield below, _kind(value)
            else:
                yield from key_paths(value, below) if value else iter([(below, _kind(value))])
    elif isinstance(tree, list):
        for item in tree:
            yield from key_paths(item, f"{path}[]")
    else:
        yield path, _kind(tree)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {"str": "text", "dict": "object", "list": "list", "NoneType": "null"}[type(value).__name__]


class Comparison:
    """The records made of one operation beside the real ones."""

    def __init__(self, made: list[Record], real: list[Record]) -> None:
        self.made, self.real = made, real

    def paths(self, field: str) -> tuple[set[str], set[str], set[str]]:
        """The key paths of a field in both, in ours alone, in AWS's alone; only calls of the same outcome count."""
        ours, theirs = (
            {path for record in records for path, _ in key_paths(record.get(field))}
            for records in (self.made, self.real)
        )
        ours.discard("")
        theirs.discard("")
        return ours & theirs, ours - theirs, theirs - ours

    def kinds(self, field: str) -> set[str]:
        """The paths at which another kind of value stands."""
        seen: list[dict[str, set[str]]] = []
        for records in (self.made, self.real):
            kinds: dict[str, set[str]] = defaultdict(set)
            for record in records:
                for path, kind in key_paths(record.get(field)):
                    kinds[path].add(kind)
            seen.append(kinds)
        ours, theirs = seen
        return {path for path in ours.keys() & theirs.keys() if path and not ours[path] & theirs[path]}

    def differing_fields(self) -> set[str]:
        """The fields whose value is decided by the operation alone, and differs."""
        fields = ("readOnly", "eventType", "managementEvent", "eventCategory", "apiVersion")
        different = set()
        for field in fields:
            ours = {json.dumps(record.get(field)) for record in self.made}
            theirs = {json.dumps(record.get(field)) for record in self.real}
            if not ours <= theirs:
                different.add(field)
        return different


def outcome(record: Record) -> bool:
    """Did the call go well? Failed calls are compared with failed ones."""
    return "errorCode" not in record


def compare(made: list[Record], real: list[Record]) -> dict[tuple[str, str], Comparison]:
    """The operations that are in both, by source and name."""
    groups: dict[tuple[str, str], tuple[list[Record], list[Record]]] = defaultdict(lambda: ([], []))
    outcomes = {(record["eventSource"], record["eventName"], outcome(record)) for record in made}
    for record in made:
        groups[record["eventSource"], record["eventName"]][0].append(record)
    for record in real:
        key = record["eventSource"], record["eventName"]
        if key in groups and (*key, outcome(record)) in outcomes:
            groups[key][1].append(record)
    return {key: Comparison(*pair) for key, pair in sorted(groups.items()) if pair[1]}


# --- the page ------------------------------------------------------------------------------------------------

_FIELDS: Final = ("requestParameters", "responseElements", "additionalEventData")
_OF_MOTO: Final = {"x-amz-id-2", "SSEApplied", "x-amz-request-id", "x-amz-version-id", "x-amz-server-side-encryption"}
"""Members of S3's records that come from headers of the answer, which moto sends or does not."""
_GUESSED: Final = "its kind is guessed from the text (REC-9.1)"
_ONE_OF_A_KIND: Final = {
    ("s3", "PutBucketVersioning"): "the real ones were made by hand",
    ("dynamodb", "ListTables"): "the real one lacks the fields",
    ("ec2", "RunInstances"): "moto answers at length",
}


def _names_of(shape: Shape | None, seen: set[int] | None = None) -> set[str]:
    """All that members of a shape may be called."""
    seen = set() if seen is None else seen
    if shape is None or id(shape) in seen:
        return set()
    seen.add(id(shape))
    names = set()
    members = [*shape.members.values(), *(each for each in (shape.element, shape.key) if each is not None)]
    for member in members:
        names |= {lower_first(member.name), member.xml_name, lower_first(member.xml_name)}
        names |= _names_of(member.shape, seen)
    return names


def _is_of_api(models: ServiceModels, record: Record, field: str, path: str) -> bool:
    """Has the API a member that the last part of a path may be?"""
    source = str(record["eventSource"]).removesuffix(".amazonaws.com")
    name = re.sub(r"20\d{6}(v2)?$", "", str(record["eventName"]))
    for service in service_index().by_signing_name(source):
        api = models.service(service)
        if name in api.operation_names:
            model = api.model.operation_model(name)
            shape = model.input_shape if field == "requestParameters" else model.output_shape
            last = path.rpartition(".")[2].removesuffix("[]")
            return last in _names_of(api.record_shapes.shape(shape)) | {"items", "item", "requestId", "_return"}
    return False


def _joined(names: set[str], most: int = 8) -> str:
    shown = sorted(names)[:most]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"`{name}`" for name in shown) + more if names else ""


def _rows(models: ServiceModels, service: str, name: str, comparison: Comparison) -> Iterator[str]:
    """What differs in an operation's records, a line for each field and reason.

    Parameters that these calls did not send say nothing, and are left out.
    """
    real = comparison.real[0]
    known = _ONE_OF_A_KIND.get((service, name))
    operation = f"{service} {name}"
    for field in _FIELDS:
        _, ours, theirs = comparison.paths(field)
        ours, theirs = ({path for path in paths if path not in _OF_MOTO} for paths in (ours, theirs))
        if field == "requestParameters":
            if service in {"ec2", "s3"} and known is None:
                ours, theirs = set(), set()  # their keys are not the API's names
            ours, theirs = (
                {path for path in paths if not _is_of_api(models, real, field, path)} for paths in (ours, theirs)
            )
        of_api = {path for path in theirs if _is_of_api(models, real, field, path)}
        if of_api:
            yield _row(operation, field, set(), of_api, known or "moto does not answer with it")
        if theirs - of_api:
            yield _row(operation, field, set(), theirs - of_api, "no member of the API: what AWS alone knows")
        if ours:
            yield _row(operation, field, ours, set(), known or "moto answers with it")
        kinds = comparison.kinds(field)
        if kinds:
            yield _row(operation, field, kinds, kinds, _GUESSED)
    different = comparison.differing_fields()
    if different:
        yield _row(operation, "", different, different, known or "another value")


def _row(operation: str, field: str, ours: set[str], theirs: set[str], why: str) -> str:
    return f"| {operation} | {field} | {_joined(ours)} | {_joined(theirs)} | {why} |"


def page(comparisons: dict[tuple[str, str], Comparison], made: list[Record]) -> str:
    """The page, with its two tables as they are now."""
    models = ServiceModels()
    by_service: dict[str, list[tuple[str, Comparison]]] = defaultdict(list)
    for (source, name), comparison in comparisons.items():
        by_service[source.removesuffix(".amazonaws.com")].append((name, comparison))
    called = Counter(record["eventSource"].removesuffix(".amazonaws.com") for record in made)
    table = [
        "| service | calls | operations compared | real records | keys in both | only in AWS's | only in ours |",
        "|---|---|---|---|---|---|---|",
    ]
    details = ["| operation | field | only in ours | only in AWS's | why |", "|---|---|---|---|---|"]
    for service in sorted(called):
        totals: Counter[str] = Counter()
        for name, comparison in by_service.get(service, []):
            totals["real"] += len(comparison.real)
            for field in _FIELDS:
                both, ours, theirs = comparison.paths(field)
                totals.update(both=len(both), ours=len(ours), theirs=len(theirs))
            details += _rows(models, service, name, comparison)
        compared = len(by_service.get(service, []))
        table.append(
            f"| {service} | {called[service]} | {compared} | {totals['real']} | {totals['both']} | {totals['theirs']} "
            f"| {totals['ours']} |"
        )
    text = PAGE.read_text(encoding="utf-8")
    for name, lines in (("calls", table), ("differences", details)):
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        text = "".join((before, start, "\n".join(lines), "\n", end, after))
    return text


def main() -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        recording = Recording(f"http://{host}:{port}")
        run(recording)
    finally:
        server.stop()
    text = page(compare(recording.records, list(real_records(options.archive))), recording.records)
    if options.check:
        return int(PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
