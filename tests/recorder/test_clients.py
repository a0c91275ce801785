"""boto3 and the AWS CLI through `tocsin record`, in front of moto and of upstreams that are written by hand.

Spec: REC-2, REC-4, REC-14, IF-8.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from http_endpoint import HttpEndpoint, Received, Reply
from mail_server import make_certificate
from recorder_process import REGION, LiveRecorder

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


def test_whole_record_of_a_call(recorder: LiveRecorder) -> None:
    answer = recorder.client("iam", key="AKIAWHOLE").create_user(UserName="richard", Path="/staff/")
    made = recorder.record("CreateUser", key="AKIAWHOLE")
    assert UUID.match(made.pop("eventID"))
    assert re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", made.pop("eventTime"))
    assert made.pop("userAgent").startswith("Boto3/")
    assert made.pop("userIdentity")["userName"] == "AKIAWHOLE"
    created = made["responseElements"]["user"].pop("createDate")
    assert re.match(r"[A-Z][a-z]{2} \d{1,2}, 20\d\d \d{1,2}:\d\d:\d\d [AP]M\Z", created)
    assert made == {
        "eventVersion": "1.11",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": {"userName": "richard", "path": "/staff/"},
        "responseElements": {
            "user": {
                "path": "/staff/",
                "userName": "richard",
                "userId": answer["User"]["UserId"],
                "arn": "arn:aws:iam::123456789012:user/staff/richard",
            }
        },
        "requestID": answer["ResponseMetadata"]["RequestId"],
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "123456789012",
        "eventCategory": "Management",
        "tlsDetails": {"clientProvidedHostHeader": f"127.0.0.1:{recorder.port}"},
    }


def test_keys_that_the_upstream_gives_out_are_known_from_then_on(recorder: LiveRecorder) -> None:
    iam, sts = recorder.client("iam"), recorder.client("sts")
    user = iam.create_user(UserName="eve", Path="/ops/")["User"]
    key = iam.create_access_key(UserName="eve")["AccessKey"]["AccessKeyId"]
    recorder.client("sts", key=key).get_caller_identity()
    made = recorder.record("GetCallerIdentity", key=key)
    assert made["userIdentity"] == {
        "type": "IAMUser",
        "principalId": user["UserId"],
        "arn": "arn:aws:iam::123456789012:user/ops/eve",
        "accountId": "123456789012",
        "accessKeyId": key,
        "userName": "eve",
    }
    assert (made["requestParameters"], made["responseElements"], made["readOnly"]) == (None, None, True)
    role = "arn:aws:iam::123456789012:role/ops/Admin"
    credentials = sts.assume_role(RoleArn=role, RoleSessionName="night-shift")["Credentials"]
    assert credentials["SecretAccessKey"] not in json.dumps(recorder.record("AssumeRole"))
    named = recorder.client("sts", key=credentials["AccessKeyId"], token=credentials["SessionToken"])
    named.get_caller_identity()
    identity = recorder.record("GetCallerIdentity", key=credentials["AccessKeyId"])["userIdentity"]
    assert identity["arn"] == "arn:aws:sts::123456789012:assumed-role/Admin/night-shift"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role


def test_objects_arrive_whole_and_are_data_events(recorder: LiveRecorder) -> None:
    s3 = recorder.client("s3")
    s3.create_bucket(Bucket="recorded", CreateBucketConfiguration={"LocationConstraint": REGION})
    body = os.urandom(9_000_000)
    s3.put_object(Bucket="recorded", Key="a b/ü", Body=body)
    assert s3.get_object(Bucket="recorded", Key="a b/ü")["Body"].read() == body
    s3.upload_fileobj(io.BytesIO(body), "recorded", "parts")
    got = io.BytesIO()
    s3.download_fileobj("recorded", "parts", got)
    assert got.getvalue() == body
    with pytest.raises(ClientError):
        s3.head_object(Bucket="recorded", Key="none")
    made = recorder.record("PutObject")
    assert made["requestParameters"]["key"] == "a b/ü"
    assert (made["eventCategory"], made["managementEvent"]) == ("Data", False)
    assert made["additionalEventData"]["bytesTransferredIn"] >= len(body)
    assert recorder.record("GetObject")["additionalEventData"]["bytesTransferredOut"] > 0
    assert recorder.record("HeadObject", errorCode="NoSuchKey")["requestParameters"]["key"] == "none"
    names = {one["eventName"] for one in recorder.records()}
    assert names >= {"CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "CreateBucket"}


@pytest.mark.parametrize(
    ("service", "call", "name", "source", "parameters"),
    [
        (
            "ec2",
            lambda c: c.describe_instances(InstanceIds=[]),
            "DescribeInstances",
            "ec2",
            {"instancesSet": {}, "filterSet": {}},
        ),
        (
            "dynamodb",
            lambda c: c.list_tables(Limit=5),
            "ListTables",
            "dynamodb",
            {"limit": 5},
        ),
        ("kms", lambda c: c.create_key(Description="d"), "CreateKey", "kms", {"description": "d"}),
        ("lambda", lambda c: c.list_functions(MaxItems=3), "ListFunctions20150331", "lambda", {"maxItems": 3}),
        ("logs", lambda c: c.create_log_group(logGroupName="g"), "CreateLogGroup", "logs", {"logGroupName": "g"}),
        (
            "cloudwatch",
            lambda c: c.list_dashboards(DashboardNamePrefix="x"),
            "ListDashboards",
            "monitoring",
            {"dashboardNamePrefix": "x"},
        ),
        (
            "secretsmanager",
            lambda c: c.create_secret(Name="s", SecretString="hidden", ClientRequestToken="t" * 32),
            "CreateSecret",
            "secretsmanager",
            {"name": "s", "clientRequestToken": "t" * 32},
        ),
        ("sqs", lambda c: c.create_queue(QueueName="q"), "CreateQueue", "sqs", {"queueName": "q"}),
    ],
)
def test_every_protocol(
    recorder: LiveRecorder, service: str, call: Any, name: str, source: str, parameters: dict[str, Any]
) -> None:
    call(recorder.client(service))
    made = recorder.record(name)
    assert made["eventSource"] == f"{source}.amazonaws.com"
    assert made["awsRegion"] == REGION
    assert {key: made["requestParameters"][key] for key in parameters} == parameters
    assert "hidden" not in json.dumps(made)


def test_aws_cli_through_the_environment(recorder: LiveRecorder) -> None:
    aws = Path(sys.executable).with_name("aws")
    environ = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": recorder.address,
        "AWS_ACCESS_KEY_ID": "AKIACLI",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
    }
    subprocess.run(
        [aws, "iam", "create-group", "--group-name", "auditors"], env=environ, check=True, capture_output=True
    )
    made = recorder.record("CreateGroup")
    assert made["userIdentity"]["accessKeyId"] == "AKIACLI"
    assert made["userAgent"].startswith("aws-cli/")
    assert made["requestParameters"] == {"groupName": "auditors"}


def test_no_defect_and_nothing_dropped(recorder: LiveRecorder) -> None:
    recorder.client("sts").get_caller_identity()
    metrics = recorder.metrics()
    assert metrics["tocsin_recording_errors_total"] == 0
    assert metrics["tocsin_records_dropped_total"] == 0
    with urllib.request.urlopen(f"{recorder.address}/_tocsin/health") as answer:
        assert json.load(answer)["status"] == "ok"


# ---------------------------------------------------------------- upstreams written by hand

REFUSAL = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>"
    "<RequestId>r-1</RequestId></ErrorResponse>"
)


def answering(request: Received) -> Reply:
    """An upstream that refuses users by their names, and knows nothing else."""
    xml = {"Content-Type": "text/xml"}
    if b"UserName=late" in request.body:
        return Reply(
            403,
            REFUSAL.format("SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2").encode(),
            headers=xml,
        )
    if b"UserName=stranger" in request.body:
        return Reply(
            403,
            REFUSAL.format("InvalidClientTokenId", "The security token included in the request is invalid.").encode(),
            headers=xml,
        )
    if b"UserName=denied" in request.body:
        return Reply(403, REFUSAL.format("AccessDenied", "User: x is not authorized").encode(), headers=xml)
    if b"UserName=broken" in request.body:
        return Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<CreateUserResp", closes=True)
    if b"UserName=nonsense" in request.body:
        return Reply(200, b"\x00 this is no XML <<<", headers=xml)
    return Reply(200, b"<CreateUserResponse><CreateUserResult/></CreateUserResponse>", headers=xml)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory):
    """A recorder in front of `answering`; it trusts this machine as a proxy."""
    folder = tmp_path_factory.mktemp("by-hand")
    settings = {"TOCSIN_RECORDER_TRUSTED_PROXIES": "127.0.0.0/8", "TOCSIN_SERVER_ACCOUNT": "111122223333"}
    with HttpEndpoint(answering) as endpoint, LiveRecorder(folder, endpoint.url, environ=settings) as live:
        yield live


def create(by_hand: LiveRecorder, name: str, *, key: str = "AKIAEXAMPLE") -> None:
    by_hand.client("iam", key=key).create_user(UserName=name)


def test_refused_signatures_are_not_recorded_and_denials_are(by_hand: LiveRecorder) -> None:
    for name in ("late", "stranger", "denied"):
        with pytest.raises(ClientError):
            create(by_hand, name)
    made = by_hand.record("CreateUser", errorCode="AccessDenied")
    assert made["errorMessage"] == "User: x is not authorized"
    assert made["responseElements"] is None
    codes = {one.get("errorCode") for one in by_hand.records()}
    assert codes <= {"AccessDenied", None}
    by_hand.wait_for_count('tocsin_unrecorded_total{reason="unauthenticated"}', 2)


def test_answers_that_break_off_or_say_nothing_are_recorded(by_hand: LiveRecorder) -> None:
    with pytest.raises((BotoCoreError, ResponseParserError)):
        create(by_hand, "broken")
    made = by_hand.record("CreateUser", requestParameters={"userName": "broken"})
    assert "errorCode" not in made
    with pytest.raises((BotoCoreError, ResponseParserError)):
        create(by_hand, "nonsense")
    assert by_hand.record("CreateUser", requestParameters={"userName": "nonsense"})["responseElements"] is None


def test_key_that_is_an_account(by_hand: LiveRecorder) -> None:
    create(by_hand, "one", key="444455556666")
    made = by_hand.record("CreateUser", recipientAccountId="444455556666")
    assert made["userIdentity"]["arn"] == "arn:aws:iam::444455556666:user/444455556666"
    create(by_hand, "two")
    assert by_hand.record("CreateUser", recipientAccountId="111122223333")


def plain(by_hand: LiveRecorder, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> bytes:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"{by_hand.address}{path}", data=body, method=method, headers=fields)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def test_address_that_a_trusted_proxy_names(by_hand: LiveRecorder) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=AKIAFAR/20260301/eu-west-1/iam/aws4_request, SignedHeaders=host, Signature=0"
    form = b"Action=ListUsers&Version=2010-05-08"
    plain(by_hand, "/", method="POST", body=form, Authorization=scope, X_Forwarded_For="198.51.100.7, 10.0.0.1")
    assert by_hand.record("ListUsers")["sourceIPAddress"] == "198.51.100.7"
    plain(
        by_hand,
        "/",
        method="POST",
        body=form.replace(b"Users", b"Roles"),
        Authorization=scope,
        X_Forwarded_For="<script>",
    )
    assert by_hand.record("ListRoles")["sourceIPAddress"] == "127.0.0.1"


def test_parameters_that_cannot_be_read_are_counted_and_the_call_is_recorded(by_hand: LiveRecorder) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=AKIAODD/20260301/eu-west-1/cloudtrail/aws4_request, SignedHeaders=host, Signature=0"
    target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StartLogging"
    plain(by_hand, "/", method="POST", body=b"no json", Authorization=scope, X_Amz_Target=target)
    assert by_hand.record("StartLogging")["requestParameters"] is None
    by_hand.wait_for_count("tocsin_records_unread_total", 1)


def test_what_is_no_call_goes_through_and_is_not_recorded(by_hand: LiveRecorder) -> None:
    before = len(by_hand.records())
    unknown = "AWS4-HMAC-SHA256 Credential=AKIAX/20260301/eu-west-1/nosuchservice/aws4_request, SignedHeaders=host, Signature=0"
    plain(by_hand, "/", method="OPTIONS")
    plain(by_hand, "/_localstack/health")
    plain(by_hand, "/made/up?x=1", Authorization=unknown)
    plain(by_hand, "/made/up?x=2", Authorization=unknown)
    for reason, count in (("preflight", 1), ("private", 1), ("unrecognised", 2)):
        by_hand.wait_for_count(f'tocsin_unrecorded_total{{reason="{reason}"}}', count)
    by_hand.wait_for_log("request-not-recognised")
    assert by_hand.log.count("request-not-recognised") == 1
    assert len(by_hand.records()) == before


# ---------------------------------------------------------------- how it begins and ends


def test_management_events_alone_unless_asked(tmp_path: Path, moto_address: str) -> None:
    with LiveRecorder(tmp_path, moto_address, "--archive", str(tmp_path / "trail")) as live:
        s3 = live.client("s3")
        s3.create_bucket(Bucket="management", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="management", Key="k", Body=b"x")
        sts = live.client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/R", RoleSessionName="sess")
        key, token = sts["Credentials"]["AccessKeyId"], sts["Credentials"]["SessionToken"]
        assert live.stop() == 0
        names = {one["eventName"] for one in live.records()}
    assert names == {"CreateBucket", "AssumeRole"}
    files = list((tmp_path / "trail").rglob("*.json.gz"))
    written = [one for file in files for one in json.loads(gzip.decompress(file.read_bytes()))["Records"]]
    assert {one["eventName"] for one in written} == names
    with LiveRecorder(tmp_path, moto_address) as live:  # what was learned is still known
        live.client("sts", key=key, token=token).get_caller_identity()
        assert live.record("GetCallerIdentity", key=key)["userIdentity"]["type"] == "AssumedRole"


def test_tls_on_both_sides(tmp_path: Path) -> None:
    upstream_tls, _ = make_certificate(tmp_path)
    bundle = tmp_path / "mail.pem"
    settings = {"TOCSIN_SERVER_TLS_CERT": str(bundle), "TOCSIN_SERVER_TLS_KEY": str(bundle)}
    with (
        HttpEndpoint(answering, tls=upstream_tls) as endpoint,
        LiveRecorder(
            tmp_path / "r", endpoint.url.replace("http:", "https:"), "--ca-bundle", str(bundle), environ=settings
        ) as live,
    ):
        assert live.address.startswith("https://")
        client = boto3.client(
            "iam",
            endpoint_url=live.address,
            region_name=REGION,
            aws_access_key_id="A",
            aws_secret_access_key="b",
            verify=str(bundle),
        )
        client.create_user(UserName="secure")
        details = live.record("CreateUser")["tlsDetails"]
    assert details["tlsVersion"] == "TLSv1.3"
    assert details["cipherSuite"] in {one["name"] for one in ssl.create_default_context().get_ciphers()}


def test_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    upstream_tls, _ = make_certificate(tmp_path)
    with (
        HttpEndpoint(answering, tls=upstream_tls) as endpoint,
        LiveRecorder(tmp_path / "r", endpoint.url.replace("http:", "https:")) as live,
        pytest.raises(urllib.error.HTTPError) as caught,
    ):
        plain(live, "/")
    assert caught.value.code == 502
    assert b"its certificate is not trusted" in caught.value.read()
    assert live.records() == []
