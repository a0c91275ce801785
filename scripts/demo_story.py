"""The story of the demo archive: a quiet day with its machines and people, and a night of trouble.

Rule: what happens stands here, how a record looks stands in demo_records.py, how records become
files in make_demo_archive.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from demo_records import (
    ACCOUNT,
    HOME,
    INTRUDER,
    Archive,
    Dice,
    Json,
    credentials,
    key_id,
    key_resource,
    role,
    role_resource,
    root,
    service,
    stamp,
    unique_id,
    user,
)

EUROPE = "eu-west-1"
OFFICE = "198.51.100.24"
BOBS_HOME = "192.0.2.77"
START = datetime(2026, 3, 17, 6, 0, tzinfo=UTC)


def tell(archive: Archive) -> None:
    """Tell the whole story."""
    machines(archive)
    people(archive)
    deployments(archive)
    night(archive)


# --- the quiet day: machines ------------------------------------------------------------------------

JAVA = "aws-sdk-java/2.30.3 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.128 lang/java#21.0.6 exec-env/AWS_ECS_EC2"
BOTO = "Boto3/1.37.4 md/Botocore#1.37.4 ua/2.0 os/linux#6.1.128 md/arch#x86_64 lang/python#3.12.6 Botocore/1.37.4"
LAMBDA = "awslambda-worker/1.0 exec-env/AWS_Lambda_python3.12"
INVENTORY: tuple[tuple[str, Json | None], ...] = (
    ("ec2:DescribeInstances", {"maxResults": 1000, "instancesSet": {}, "filterSet": {}}),
    ("ec2:DescribeSecurityGroups", {"maxResults": 1000, "securityGroupSet": {}, "securityGroupIdSet": {}}),
    ("ec2:DescribeVolumes", {"maxResults": 500, "volumeSet": {}, "filterSet": {}}),
    ("monitoring:DescribeAlarms", {"maxRecords": 100}),
    ("cloudtrail:DescribeTrails", {"includeShadowTrails": True, "trailNameList": []}),
    ("cloudtrail:GetTrailStatus", {"name": f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/main-trail"}),
    ("lambda:ListFunctions20150331", {"maxItems": 50}),
    ("elasticloadbalancing:DescribeLoadBalancers", {"pageSize": 100}),
    ("logs:DescribeLogGroups", {"limit": 50}),
    ("iam:ListUsers", {"maxItems": 1000}),
    ("iam:GetAccountSummary", None),
)


def decrypts(archive: Archive, at: datetime, count: int, region: str) -> None:
    """Let the shop's servers unwrap data keys: the bulk of an ordinary trail (CT-1.3)."""
    app, key = ("web-frontend", "sessions") if region == EUROPE else ("orders-api", "orders")
    since = at.replace(hour=at.hour - at.hour % 6, minute=4, second=11)
    for n in range(count):
        host = archive.dice.below(3)
        archive.call(
            at + timedelta(seconds=(n * 7) % 53),
            "kms:Decrypt",
            role(app, f"i-0{Dice(f'{app}{host}').text(16)}", since, imds=True),
            f"192.0.2.{31 + host}",
            agent=JAVA,
            parameters={
                "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
                "encryptionContext": {"table": archive.dice.pick("orders", "customers", "baskets")},
            },
            resources=[key_resource(key, region)],
            region=region,
        )


def inventory(archive: Archive, at: datetime, region: str) -> None:
    """Let the inventory job list what there is; one bucket is not its business and says so."""
    who = role("inventory-reader", "inventory", at.replace(minute=0, second=2))
    calls = INVENTORY if region == HOME else INVENTORY[:4]
    for n, (event, parameters) in enumerate(calls):
        if archive.dice.below(100) < 25:
            continue
        when = at + timedelta(seconds=3 + n)
        archive.call(when, event, who, "192.0.2.10", agent=BOTO, parameters=parameters, region=region)
    when = at + timedelta(seconds=20)
    if region == HOME and at.minute == 0 and at.hour % 4 == 0:
        denied = (
            "AccessDenied",
            f"User: {who['arn']} is not authorized to perform: s3:GetBucketPolicyStatus because no policy allows it",
        )
        bucket = {"bucketName": "example-payroll", "Host": "example-payroll.s3.amazonaws.com", "policyStatus": ""}
        archive.call(when, "s3:GetBucketPolicyStatus", who, "192.0.2.10", agent=BOTO, parameters=bucket, error=denied)
    if region == HOME and at.hour == 14 and at.minute == 0:
        slow = ("ThrottlingException", "Rate exceeded")
        archive.call(when, "ssm:DescribeInstanceInformation", who, "192.0.2.10", agent=BOTO, error=slow)


def services(archive: Archive, at: datetime, region: str) -> None:
    """Let AWS's own services do what they do all day."""
    balancer = role(
        "AWSServiceRoleForAutoScaling",
        "AutoScaling",
        at.replace(minute=0, second=0),
        path="aws-service-role/autoscaling.amazonaws.com/",
        by="autoscaling.amazonaws.com",
    )
    name = "autoscaling.amazonaws.com"
    status: Json = {"instancesSet": {}, "filterSet": {}, "includeAllInstances": False}
    archive.call(at, "ec2:DescribeInstanceStatus", balancer, name, agent=name, parameters=status, region=region)
    group = {"targetGroupArn": f"arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:targetgroup/shop/73e2d6bc24d8a067"}
    event = "elasticloadbalancing:DescribeTargetHealth"
    archive.call(at + timedelta(seconds=1), event, balancer, name, agent=name, parameters=group, region=region)
    name = "lambda.amazonaws.com"
    session = "nightly-report" if at.hour < 5 else "resize-images"
    archive.call(
        at + timedelta(seconds=2),
        "sts:AssumeRole",
        service("lambda"),
        name,
        agent=name,
        parameters={"roleArn": f"arn:aws:iam::{ACCOUNT}:role/{session}", "roleSessionName": session},
        response=credentials(session, at, session),
        resources=[role_resource(session)],
        shared=True,
        region=region,
    )
    worker = role(session, session, at)
    archive.call(
        at + timedelta(seconds=6),
        "logs:CreateLogStream",
        worker,
        "192.0.2.90",
        agent=LAMBDA,
        parameters={
            "logGroupName": f"/aws/lambda/{session}",
            "logStreamName": f"{at:%Y/%m/%d}/[$LATEST]{archive.dice.text(32)}",
        },
        region=region,
    )
    if at.minute == 0:
        name = "cloudtrail.amazonaws.com"
        host = f"example-main-trail-logs.s3.{region}.amazonaws.com"
        archive.call(
            at + timedelta(seconds=9),
            "s3:GetBucketAcl",
            service("cloudtrail"),
            name,
            agent=name,
            parameters={"bucketName": "example-main-trail-logs", "Host": host, "acl": ""},
            shared=True,
            region=region,
        )


def rotation(archive: Archive, at: datetime) -> None:
    """Let KMS rotate a key: a service event (CT-5), whose identity has no type."""
    record: Json = {
        "eventVersion": "1.11",
        "userIdentity": {"accountId": ACCOUNT, "invokedBy": "AWS Internal"},
        "eventTime": stamp(at),
        "eventSource": "kms.amazonaws.com",
        "eventName": "RotateKey",
        "awsRegion": HOME,
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": None,
        "responseElements": None,
        "eventID": archive.dice.uuid(),
        "readOnly": False,
        "resources": [key_resource("orders", HOME)],
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "serviceEventDetails": {"keyId": key_id("orders")},
        "eventCategory": "Management",
    }
    archive.records.append((at, HOME, record))


def machines(archive: Archive) -> None:
    """Tell the whole day and night of the machines: a burst every half hour, every other hour in Europe."""
    for n in range(49):
        at = START + timedelta(minutes=30 * n, seconds=archive.dice.below(40))
        busy = 8 <= at.hour <= 18
        decrypts(archive, at, (58 if busy else 24) + archive.dice.below(9), HOME)
        inventory(archive, at, HOME)
        services(archive, at, HOME)
        if at.minute == 0 and at.hour % 2 == 0:
            decrypts(archive, at, (21 if busy else 9) + archive.dice.below(6), EUROPE)
            inventory(archive, at, EUROPE)
            services(archive, at, EUROPE)
    rotation(archive, START + timedelta(hours=5, minutes=40, seconds=12))


# --- the quiet day: people and their robot -----------------------------------------------------------


def browse(archive: Archive, who: Json, source: str, at: datetime, count: int) -> None:
    """Let somebody look around in the console."""
    for n in range(count):
        event, parameters = INVENTORY[archive.dice.below(len(INVENTORY))]
        archive.call(at + timedelta(seconds=11 * n), event, who, source, parameters=parameters, console=True)


def arrive(archive: Archive, name: str, source: str, at: datetime) -> Json:
    """Let a person sign in with a second factor; the session that they work with afterwards."""
    check = user(name) | {"accessKeyId": ""}
    del check["arn"]  # CT-4.2
    archive.sign_in(at - timedelta(seconds=14), check, source, event="CheckMfa", check=True)
    archive.sign_in(at, user(name), source, mfa=f"arn:aws:iam::{ACCOUNT}:mfa/{name}-phone")
    return user(name, since=at)


def ingress(group: str, port: int, network: str, description: str) -> Json:
    """Make the parameters of AuthorizeSecurityGroupIngress for one tcp port and one network."""
    ranges = {"items": [{"cidrIp": network, "description": description}]}
    item = {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "groups": {}, "ipRanges": ranges}
    return {"groupId": group, "ipPermissions": {"items": [item | {"ipv6Ranges": {}, "prefixListIds": {}}]}}


def rule_added(dice: Dice, group: str, port: int, network: str) -> Json:
    """Make the response of AuthorizeSecurityGroupIngress."""
    added: Json = {"groupOwnerId": ACCOUNT, "groupId": group, "securityGroupRuleId": f"sgr-0{dice.text(16)}"}
    added |= {"isEgress": False, "ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIpv4": network}
    return {"requestId": dice.uuid(), "_return": True, "securityGroupRuleSet": {"items": [added]}}


def people(archive: Archive) -> None:
    """Tell the day of the two administrators, Alice and Bob."""
    day = START.replace(hour=0)
    mistyped = day + timedelta(hours=8, minutes=2, seconds=50)
    archive.sign_in(mistyped, user("alice"), OFFICE, failure="Failed authentication")
    alice = arrive(archive, "alice", OFFICE, day + timedelta(hours=8, minutes=3, seconds=31))
    browse(archive, alice, OFFICE, day + timedelta(hours=8, minutes=4), 14)
    group = "sg-0a5f3c1e7b9d24680"
    at = day + timedelta(hours=10, minutes=21, seconds=7)
    archive.call(
        at,
        "ec2:AuthorizeSecurityGroupIngress",
        alice,
        OFFICE,
        parameters=ingress(group, 443, "10.0.0.0/8", "internal tools"),
        response=rule_added(archive.dice, group, 443, "10.0.0.0/8"),
        console=True,
    )
    browse(archive, alice, OFFICE, day + timedelta(hours=10, minutes=22), 9)
    bob = arrive(archive, "bob", BOBS_HOME, day + timedelta(hours=9, minutes=41, seconds=3))
    browse(archive, bob, BOBS_HOME, day + timedelta(hours=9, minutes=42), 12)
    policy = {"roleName": "resize-images", "policyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
    at = day + timedelta(hours=15, minutes=12, seconds=44)
    archive.call(at, "iam:AttachRolePolicy", bob, BOBS_HOME, parameters=policy, console=True)
    browse(archive, bob, BOBS_HOME, day + timedelta(hours=15, minutes=13), 8)


def deployments(archive: Archive) -> None:
    """Tell the day of the build robot: it takes a role with a web identity and ships a function."""
    day = START.replace(hour=0)
    for build, minutes in enumerate((509, 574, 627, 655, 742, 811, 868, 921, 977, 1012), start=4711):
        at = day + timedelta(minutes=minutes, seconds=archive.dice.below(60))
        provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/builds.example.com"
        session = f"build-{build}"
        robot: Json = {
            "type": "WebIdentityUser",
            "principalId": f"{provider}:sts.amazonaws.com:repo:example/shop:ref:main",
            "userName": "repo:example/shop:ref:main",
            "identityProvider": provider,
        }
        response = {
            "subjectFromWebIdentityToken": robot["userName"],
            **credentials("ci-deploy", at, session),
            "provider": provider,
            "audience": "sts.amazonaws.com",
        }
        request = {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/ci-deploy", "roleSessionName": session}
        source = "198.51.100.200"
        archive.call(
            at,
            "sts:AssumeRoleWithWebIdentity",
            robot,
            source,
            parameters=request,
            response=response,
            resources=[role_resource("ci-deploy")],
        )
        who = role("ci-deploy", session, at)
        archive.call(at + timedelta(seconds=2), "sts:GetCallerIdentity", who, source)
        archive.call(at + timedelta(seconds=5), "ecr:GetAuthorizationToken", who, source)
        deploy = {"functionName": "resize-images", "dryRun": False, "publish": True, "s3Bucket": "example-builds"}
        shipped = {
            "functionName": "resize-images",
            "functionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:resize-images",
            "runtime": "python3.12",
            "role": f"arn:aws:iam::{ACCOUNT}:role/resize-images",
            "handler": "resize.handler",
            "version": str(build - 4600),
        }
        when = at + timedelta(seconds=41)
        archive.call(when, "lambda:UpdateFunctionCode20150331v2", who, source, parameters=deploy, response=shipped)
        ask = {"functionName": "resize-images"}
        archive.call(at + timedelta(seconds=44), "lambda:GetFunction20150331v2", who, source, parameters=ask)


# --- the night of trouble ----------------------------------------------------------------------------


def night(archive: Archive) -> None:
    """Tell the night: passwords are guessed, one is right, and Carol's account is turned against its owner."""

    def at(clock: str) -> datetime:
        hour, minute, second = map(int, clock.split(":"))
        return datetime(2026, 3, 18, hour, minute, second, tzinfo=UTC)

    guess(archive, at("01:52:14"))
    signed_in = at("02:11:07")
    archive.sign_in(signed_in, user("carol"), INTRUDER)
    carol = user("carol", since=signed_in, mfa=False)
    browse(archive, carol, INTRUDER, at("02:11:31"), 16)
    denied = f"User: arn:aws:iam::{ACCOUNT}:user/carol is not authorized to perform: "
    for clock, event in (
        ("02:14:40", "organizations:ListAccounts"),
        ("02:15:02", "secretsmanager:ListSecrets"),
        ("02:15:26", "ssm:DescribeParameters"),
    ):
        prefix, name = event.split(":")
        error = ("AccessDeniedException", f"{denied}{prefix}:{name} because no identity-based policy allows it")
        archive.call(at(clock), event, carol, INTRUDER, error=error, console=True)  # no parameters: CT-2.8
    group = "sg-0a5f3c1e7b9d24680"
    opened = ingress(group, 22, "0.0.0.0/0", "temp")
    added = rule_added(archive.dice, group, 22, "0.0.0.0/0")
    trail = {"name": f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/main-trail"}
    narrowed = {
        "name": "main-trail",
        "s3BucketName": "example-main-trail-logs",
        "includeGlobalServiceEvents": False,
        "isMultiRegionTrail": False,
        "trailARN": trail["name"],
        "logFileValidationEnabled": True,
        "isOrganizationTrail": False,
    }
    admin = {"userName": "carol", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    new_key = {
        "accessKey": {
            "userName": "backup",
            "accessKeyId": unique_id("AKIA", "backup"),
            "status": "Active",
            "createDate": "Mar 18, 2026, 2:26:48 AM",
        }
    }
    refused = (
        "AccessDenied",
        f"{denied}cloudtrail:DeleteTrail on resource: {trail['name']} with an explicit deny",
    )
    single = trail | {"isMultiRegionTrail": False, "includeGlobalServiceEvents": False}
    leave = {"userName": "carol", "groupName": "contractors"}
    steps: tuple[tuple[str, str, Json, Json | None, tuple[str, str] | None], ...] = (
        ("02:19:35", "ec2:AuthorizeSecurityGroupIngress", opened, added, None),
        ("02:24:09", "iam:AttachUserPolicy", admin, None, None),
        ("02:26:48", "iam:CreateAccessKey", {"userName": "backup"}, new_key, None),
        ("02:31:20", "cloudtrail:UpdateTrail", single, narrowed, None),
        ("02:33:02", "cloudtrail:StopLogging", trail, None, None),
        ("02:34:11", "cloudtrail:DeleteTrail", trail, None, refused),
        ("02:36:45", "iam:RemoveUserFromGroup", leave, None, None),
        ("02:37:30", "cloudtrail:DeleteTrail", trail, None, None),
    )
    for clock, event, sent, response, failure in steps:
        archive.call(at(clock), event, carol, INTRUDER, parameters=sent, response=response, error=failure, console=True)
    morning(archive, at("05:48:16"), group)


def guess(archive: Archive, at: datetime) -> None:
    """Let the intruder try names and passwords, one every half minute or so."""
    hidden = {"type": "IAMUser", "accountId": ACCOUNT, "accessKeyId": "", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    names = "admin root alice alice alice bob bob bob test alice alice carol carol bob deploy alice carol carol bob"
    for name in (*names.split(), *(["carol"] * 5)):
        known = name in {"alice", "bob", "carol"}
        failure = "Failed authentication" if known else "No username found in supplied account"
        archive.sign_in(at, user(name) if known else hidden, INTRUDER, failure=failure)
        at += timedelta(seconds=22 + archive.dice.below(45))


def morning(archive: Archive, at: datetime, group: str) -> None:
    """Let the owner, called out of bed, use the root user to undo what was done."""
    archive.sign_in(at, root(), OFFICE, mfa=f"arn:aws:iam::{ACCOUNT}:mfa/root-account-mfa-device")
    owner = root(since=at)
    closed = ingress(group, 22, "0.0.0.0/0", "temp")
    admin = {"userName": "carol", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    revoked: Json = {"requestId": archive.dice.uuid(), "_return": True, "unknownIpPermissionSet": {}}
    steps: tuple[tuple[int, str, Json, Json | None], ...] = (
        (70, "iam:DeleteLoginProfile", {"userName": "carol"}, None),
        (92, "iam:DetachUserPolicy", admin, None),
        (130, "iam:DeleteAccessKey", {"userName": "backup", "accessKeyId": unique_id("AKIA", "backup")}, None),
        (185, "ec2:RevokeSecurityGroupIngress", closed, revoked),
    )
    for seconds, event, sent, response in steps:
        when = at + timedelta(seconds=seconds)
        archive.call(when, event, owner, OFFICE, parameters=sent, response=response, console=True)
