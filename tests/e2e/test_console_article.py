"""The article by clicking: trail, log group, filter, alarm, topic, a confirmed mail, and somebody opens a port.

Real parts: a browser, a mail server, an EC2 endpoint with the recorder before it, and the service on a clock that runs
thirty times as fast, so that the alarm is back at OK within the test. Spec: CON-9.4 (1), article.md.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from browser import chromium, visiting
from mail_server import MailServer
from playwright.sync_api import expect

from tocsin.clock import FastClock
from tocsin.composition.record import plan_recorder
from tocsin.composition.server_settings import plan_server
from tocsin.composition.side_thread import recorder_thread, server_thread
from tocsin.config import load_config

moto_server = pytest.importorskip("moto.server", reason="needs the extra demo")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from browser import Tab
    from mail_server import ReceivedMail

ACCOUNT, KEY = "111122223333", "AKIAMALLORYEXAMPLE01"
GROUP, ALARM = "trail-group", "security-group-changes"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/CloudTrail_CloudWatchLogs_Role"
PATTERN = (
    "{ ($.eventName = AuthorizeSecurityGroupIngress) || ($.eventName = AuthorizeSecurityGroupEgress) || "
    "($.eventName = RevokeSecurityGroupIngress) || ($.eventName = RevokeSecurityGroupEgress) }"
)
WITHIN = 60.0


class Stage:
    """Everything that the article needs; `ec2` is a client before the recorder."""

    def __init__(self, folder: Path, exit_stack: ExitStack) -> None:
        self.mail = exit_stack.enter_context(MailServer())
        credentials = folder / "credentials.toml"
        credentials.write_text(f'[{KEY}]\nsecret = "s"\narn = "arn:aws:iam::{ACCOUNT}:user/mallory"\n')
        settings = {
            "TOCSIN_SERVER_DATA": str(folder / "data"),
            "TOCSIN_SERVER_PORT": "0",
            "TOCSIN_SERVER_ACCOUNT": ACCOUNT,
            "TOCSIN_SMTP_URL": self.mail.url,
            "TOCSIN_TRAIL_DELIVERY_INTERVAL": "30",
            "TOCSIN_ALARM_EVALUATION_DELAY": "0",
        }
        config = load_config(None, settings, folder=folder)
        clock = FastClock(datetime.now(tz=UTC), speed=30)  # noqa: TID251  (a test begins now)
        plan = plan_server(config, settings)
        self.address = exit_stack.enter_context(server_thread(plan, clock=clock)).address
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        moto = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        moto.start()
        exit_stack.callback(moto.stop)
        host, port = moto.get_host_and_port()
        recorder = plan_recorder(
            config,
            settings,
            upstream=f"http://{host}:{port}",
            host="127.0.0.1",
            port=0,
            sinks={"server": self.address},
            credentials=credentials,
            unknown_keys="user",
            data_events=False,
            ca_bundle=None,
        )
        url = exit_stack.enter_context(recorder_thread(recorder, clock=clock)).address
        self.ec2: Any = boto3.client(
            "ec2", endpoint_url=url, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key="s"
        )
        exit_stack.callback(self.ec2.close)

    def mails(self, wanted: Callable[[ReceivedMail], bool]) -> ReceivedMail:
        """The first mail of a kind, as soon as there is one."""
        until = time.monotonic() + WITHIN
        while True:
            found = next((one for one in self.mail.received if wanted(one)), None)
            if found is not None:
                return found
            subjects = [str(one.message["Subject"]) for one in self.mail.received]
            assert time.monotonic() < until, subjects
            threading.Event().wait(0.1)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path, stack)


@pytest.fixture
def tab(stage: Stage) -> Iterator[Tab]:
    with chromium() as chrome, visiting(chrome, stage.address) as tab:
        yield tab


def test_the_article_by_clicking(stage: Stage, tab: Tab) -> None:
    page = tab.page
    tab.open("new/log-group")
    page.get_by_label("Name", exact=True).fill(GROUP)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(GROUP)

    tab.open("new/trail")
    page.get_by_label("Name", exact=True).fill("main-trail")
    page.get_by_label("Bucket", exact=True).fill("example-trail-logs")
    page.get_by_label("Log group", exact=True).select_option(label=GROUP)
    page.get_by_label("Role for the log group").fill(ROLE)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("main-trail")

    tab.open("new/topic")
    page.get_by_label("Name", exact=True).fill("sec-alerts")
    page.get_by_role("button", name="Create").click()
    page.get_by_label("Address").fill("security@example.com")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.locator("main")).to_contain_text("pending")
    link = re.search(r"https?://\S+token=\S+", stage.mails(lambda one: "token=" in one.text).text)
    assert link is not None
    page.goto(link[0])
    page.get_by_role("button").click()
    expect(page.locator("body")).to_contain_text("Confirmed")
    tab.open("topics/sec-alerts")
    expect(page.locator("main")).to_contain_text("confirmed")

    tab.open(f"new/filter?group={GROUP}")
    page.get_by_label("Filter name").fill(ALARM)
    page.get_by_label("Filter pattern").fill(PATTERN)
    page.get_by_label("Metric name").fill("SecurityGroupEventCount")
    page.get_by_role("button", name="Create, then an alarm").click()
    page.get_by_label("Alarm name").fill(ALARM)
    page.get_by_label("Period", exact=True).select_option("60")
    page.get_by_label("Threshold", exact=True).fill("1")
    for state in ("ALARM", "OK"):
        page.get_by_label(f"sec-alerts on {state}").check()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    group = stage.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    stage.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        ],
    )

    rang = stage.mails(lambda one: str(one.message["Subject"]).startswith("ALARM"))
    assert "mallory opened tcp 22" in rang.text
    found = re.search(rf"https?://\S+/console/alarms/{ALARM}\S*", rang.text)
    assert found is not None
    page.goto(found[0])
    main = page.locator("main")
    for fact in ("mallory opened tcp 22", "+ tcp 22 from 0.0.0.0/0", group, "127.0.0.1", "security@example.com"):
        expect(main).to_contain_text(fact)
    stage.mails(lambda one: str(one.message["Subject"]).startswith("OK"))
    page.reload()
    expect(main).to_contain_text("OK")
    tab.require_quiet()
