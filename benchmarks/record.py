"""How long it takes to make a record of a call: request and answer read, record built. Spec: REC-1.5.

    python benchmarks/record.py [--seconds 2]

Calls as boto3 writes them, answers as the services give them; models are loaded before. The first call of each
service is measured by itself: it loads the model. What counts is the time of the processor, not of the clock.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))

from recorded_call import CIRCUMSTANCES, client, sent

from tocsin.core.record import record_of
from tocsin.wire.answer_reader import ObservedAnswer, read_answer
from tocsin.wire.model import ServiceModels
from tocsin.wire.observed import ObservedRequest, Unobserved, observe

EC2 = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'
ITEM = (
    "<item><instanceId>i-1</instanceId><imageId>ami-1</imageId><instanceState><code>0</code><name>pending</name>"
    "</instanceState><privateDnsName>ip-10-0-1-10</privateDnsName><amiLaunchIndex>0</amiLaunchIndex><productCodes/>"
    "<instanceType>t3.micro</instanceType><launchTime>2026-07-25T10:00:00.000Z</launchTime><placement>"
    "<availabilityZone>eu-west-1a</availabilityZone><tenancy>default</tenancy></placement><monitoring>"
    "<state>disabled</state></monitoring><blockDeviceMapping/><groupSet><item><groupId>sg-1</groupId></item></groupSet>"
    "<ebsOptimized>false</ebsOptimized></item>"
)
ROLE = (
    b"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>s"
    b"</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-07-25T11:00:00Z</Expiration></Credentials>"
    b"<AssumedRoleUser><AssumedRoleId>AROAX:s</AssumedRoleId><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn>"
    b"</AssumedRoleUser></AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
    b"</AssumeRoleResponse>"
)
CALLS: list[tuple[str, str, dict[str, Any], bytes]] = [
    ("iam", "put_user_policy", {"UserName": "u", "PolicyName": "p", "PolicyDocument": "{}"}, b"<R><a/></R>"),
    ("sts", "assume_role", {"RoleArn": "arn:aws:iam::111122223333:role/r", "RoleSessionName": "s"}, ROLE),
    ("dynamodb", "put_item", {"TableName": "t", "Item": {"pk": {"S": "x"}, "n": {"N": "1"}}}, b"{}"),
    ("kms", "decrypt", {"CiphertextBlob": b"x" * 200}, b'{"KeyId":"arn:aws:kms:eu-west-1:111122223333:key/k"}'),
    ("s3", "put_object", {"Bucket": "bucket", "Key": "k", "Body": b"x" * 1000}, b""),
    ("s3", "put_bucket_tagging", {"Bucket": "bucket", "Tagging": {"TagSet": [{"Key": "k", "Value": "v"}]}}, b""),
    ("lambda", "update_function_configuration", {"FunctionName": "f", "Timeout": 5}, b'{"FunctionName":"f"}'),
    ("ec2", "describe_instances", {"InstanceIds": ["i-1"]}, b"<DescribeInstancesResponse/>"),
    (
        "ec2",
        "run_instances",
        {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 10, "SecurityGroupIds": ["sg-1"], "UserData": "x" * 500},
        f"<RunInstancesResponse {EC2}><requestId>r</requestId><instancesSet>{ITEM * 10}</instancesSet>"
        "</RunInstancesResponse>".encode(),
    ),
]


def recorded(request: ObservedRequest, answer: ObservedAnswer, models: ServiceModels) -> dict[str, Any]:
    """The record, as the recorder makes it."""
    observed = observe(request, models)
    assert not isinstance(observed, Unobserved)
    return record_of(observed.call, read_answer(observed, answer), CIRCUMSTANCES)


def main() -> int:
    """Measure, and print a line for each call."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    models = ServiceModels()
    print(f"{options.seconds:g} s each, milliseconds of one core")
    print(f"{'call':40} {'first':>8} {'median':>8} {'p99':>8}")
    for service, method, parameters, body in CALLS:
        request = sent(client(service), method, parameters)
        answer = ObservedAnswer(status=200, headers={}, body=body)
        started = time.thread_time()
        recorded(request, answer, models)
        first = time.thread_time() - started
        times = []
        end = time.perf_counter() + options.seconds
        while time.perf_counter() < end:
            started = time.thread_time()
            recorded(request, answer, models)
            times.append(time.thread_time() - started)
        times.sort()
        median, slow = times[len(times) // 2], times[math.ceil(len(times) * 0.99) - 1]
        print(f"{service + ' ' + method:40} {first * 1000:8.1f} {median * 1000:8.3f} {slow * 1000:8.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
