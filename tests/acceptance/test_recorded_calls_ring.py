"""Calls through the recorder ring the alarms of the CIS pack. Spec: REC-18.4, REC-16.2, REC-16.3.

Everything is real but AWS: boto3 calls an emulator through `tocsin record`, which hands the records to `tocsin serve`;
a trail delivers them into a log group, where the pack's filters and alarms are. The server's clock runs fast, as an
alarm is looked at once a minute.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from recorder_process import LiveRecorder

import tocsin
from tocsin.clock import FastClock, SystemClock
from tocsin.composition.server_settings import plan_server
from tocsin.composition.side_thread import server_thread
from tocsin.config import load_config

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT, REGION = "123456789012", "us-east-1"
SPEED = 15.0
WAIT = 60.0
RINGING = {
    "cis/iam-policy-changes",
    "cis/security-group-changes",
    "cis/cloudtrail-configuration-changes",
    "cis/s3-bucket-policy-changes",
    "cis/console-sign-in-failures",
}


def own_client(service: str, address: str) -> Any:
    return boto3.client(
        service, endpoint_url=address, region_name=REGION, aws_access_key_id=ACCOUNT, aws_secret_access_key="x" * 40
    )


def switch_on_pack(address: str, group: str) -> None:
    """The filters and alarms of the CIS pack on a log group."""
    logs, cloudwatch = own_client("logs", address), own_client("cloudwatch", address)
    for rule in tocsin.load_rules("cis"):
        if rule.name not in RINGING:
            continue
        (transformation,) = rule.filter.metric_transformations
        logs.put_metric_filter(
            logGroupName=group,
            filterName=rule.name,
            filterPattern=str(rule.filter.filter_pattern),
            metricTransformations=[
                {
                    "metricName": transformation.metric_name,
                    "metricNamespace": transformation.metric_namespace,
                    "metricValue": "1",
                }
            ],
        )
        cloudwatch.put_metric_alarm(
            AlarmName=rule.name,
            MetricName=transformation.metric_name,
            Namespace=transformation.metric_namespace,
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )


def test_calls_of_the_pack_ring(tmp_path: Path) -> None:
    moto_server = pytest.importorskip("moto.server", reason="the extra `demo` is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    emulator = moto_server.ThreadedMotoServer(port=0, verbose=False)
    emulator.start()
    settings = {
        "TOCSIN_SERVER_PORT": "0",
        "TOCSIN_SERVER_DATA": str(tmp_path / "data"),
        "TOCSIN_TRAIL_DELIVERY_INTERVAL": "0",
        "TOCSIN_ALARM_EVALUATION_DELAY": "0",
    }
    plan = plan_server(load_config(None, settings, folder=tmp_path), settings)
    host, port = emulator.get_host_and_port()
    clock = FastClock(SystemClock().now(), speed=SPEED)
    with (
        server_thread(plan, clock=clock) as server,
        LiveRecorder(tmp_path / "r", f"http://{host}:{port}", "--server", server.address) as recorder,
    ):
        logs, cloudtrail = own_client("logs", server.address), own_client("cloudtrail", server.address)
        logs.create_log_group(logGroupName="trail")
        (group,) = logs.describe_log_groups(logGroupNamePrefix="trail")["logGroups"]
        cloudtrail.create_trail(
            Name="management",
            S3BucketName="trail-bucket",
            IsMultiRegionTrail=True,
            CloudWatchLogsLogGroupArn=group["arn"],
            CloudWatchLogsRoleArn=f"arn:aws:iam::{ACCOUNT}:role/CloudTrailToLogs",
        )
        cloudtrail.start_logging(Name="management")
        switch_on_pack(server.address, "trail")
        call_everything(recorder, tmp_path, server.address)
        ringing: set[str] = set()
        end = time.monotonic() + WAIT
        while ringing != RINGING and time.monotonic() < end:
            alarms = own_client("cloudwatch", server.address).describe_alarms(StateValue="ALARM")["MetricAlarms"]
            ringing |= {alarm["AlarmName"] for alarm in alarms}
            threading.Event().wait(0.2)
    emulator.stop()
    assert ringing == RINGING


def call_everything(recorder: LiveRecorder, folder: Path, server: str) -> None:
    """What REC-18.4 names."""
    iam = recorder.client("iam")
    iam.create_user(UserName="bob")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::watched/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    public = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Principal": "*"}]})
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=policy)
    ec2 = recorder.client("ec2", region_name=REGION)
    made = ec2.create_security_group(GroupName="g", Description="d")
    ec2.authorize_security_group_ingress(
        GroupId=made["GroupId"],
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )
    s3 = recorder.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="watched")
    s3.put_bucket_policy(Bucket="watched", Policy=public)
    trail = recorder.client("cloudtrail", region_name=REGION)
    with pytest.raises(trail.exceptions.TrailNotFoundException):
        trail.stop_logging(Name="management-trail")
    sign_in = [sys.executable, "-m", "tocsin", "record", "sign-in", "--user", "bob", "--failure", "password"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN_", "AWS_"))}
    subprocess.run([*sign_in, "--server", server], check=True, cwd=folder, env=clean)
