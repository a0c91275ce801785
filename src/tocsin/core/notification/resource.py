"""What a call was about: `trail main`, `sg-0a1b2c3d`, `user bob, policy arn:aws:iam::aws:policy/…`.

Rule: the identifiers stand as they are in the record, so that a search finds them. The parameters
come first, since `resources` names a key or a role where the bucket or the user is what matters; then
`resources`; else nothing is said. Spec: AL-19.1.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from tocsin.core.notification.call import swapped, texts_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tocsin.core.event import Absent, JsonValue
    from tocsin.core.notification.call import Call, Object

# Identifiers of one kind that are read, and told.
_MOST_READ = 1_000
_MOST_NAMED = 3

# Kinds of one call that are told: whom, and with what.
_MOST_KINDS = 2

_PARAMETERS: Final[dict[str, str]] = {
    "cloudtrail": "trail=name trail=trailName store=eventDataStore channel=channel trail=trailNameList",
    "config": "recorder=configurationRecorderName recorder=configurationRecorder.name"
    " channel=deliveryChannelName channel=deliveryChannel.name rule=configRuleName",
    "dynamodb": "table=tableName",
    "ec2": "=groupId =>groupId =groupName =instanceId =instancesSet.instanceId =>instancesSet.instanceId =networkAclId"
    " =>networkAcl.networkAclId =routeTableId =>routeTable.routeTableId =internetGatewayId"
    " =>internetGateway.internetGatewayId =customerGatewayId =>customerGateway.customerGatewayId =natGatewayId"
    " =vpcPeeringConnectionId =>vpcPeeringConnection.vpcPeeringConnectionId =associationId =subnetId =>subnet.subnetId"
    " =flowLogId =imageId =>imageId =snapshotId =>snapshotId =volumeId =keyName =networkInterfaceId =allocationId"
    " =vpnGatewayId =vpcEndpointId =transitGatewayAttachmentId =resourceId =resourcesSet.resourceId =vpcId =>vpc.vpcId",
    "ecr": "repository=repositoryName",
    "eks": "cluster=clusterName cluster=name",
    "events": "rule=name rule=rule bus=eventBusName",
    "guardduty": "detector=detectorId",
    "iam": "user=userName role=roleName group=groupName policy=policyArn policy=policyName"
    " profile=instanceProfileName key=accessKeyId MFA=serialNumber provider=sAMLProviderArn"
    " provider=openIDConnectProviderArn provider=name certificate=serverCertificateName alias=accountAlias",
    "kms": "key=keyId alias=aliasName key=targetKeyId key=>keyMetadata.keyId",
    "lambda": "function=functionName layer=layerName",
    "logs": "group=logGroupName group=logGroupIdentifier filter=filterName destination=destinationName"
    " =resourceIdentifier =resourceArn",
    "monitoring": "alarm=alarmName alarm=alarmNames mute=name",
    "organizations": "policy=policyId account=accountId target=targetId unit=organizationalUnitId unit=name"
    " account=target.id account=accountName handshake=handshakeId root=rootId policy=name",
    "rds": "instance=dBInstanceIdentifier cluster=dBClusterIdentifier snapshot=dBSnapshotIdentifier"
    " snapshot=dBClusterSnapshotIdentifier",
    "route53": "zone=hostedZoneId",
    "s3": "bucket=bucketName object=key account=accountId",
    "secretsmanager": "secret=secretId secret=name",
    "sns": "topic=topicArn subscription=subscriptionArn topic=name",
    "sqs": "queue=queueUrl queue=queueName",
    "ssm": "instance=instanceIds document=documentName parameter=name document=name",
    "sts": "role=roleArn account=targetPrincipal",
}
"""Service -> `kind=path` of what its calls may be about, in the order in which it is told."""

_ANY_SERVICE: Final = "=resourceArn =resource =arn =name"

_PATHS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    service: tuple((kind, path) for kind, _, path in (entry.partition("=") for entry in entries.split()))
    for service, entries in {**_PARAMETERS, "": _ANY_SERVICE}.items()
}


def _first_names(paths: tuple[tuple[str, str], ...]) -> dict[str, tuple[int, ...]]:
    """The places of paths by their first name, `>` before it where it is one of the answer, in both cases."""
    places: dict[str, list[int]] = {}
    for place, (_, path) in enumerate(paths):
        mark = path[: path.startswith(">")]
        first = path.removeprefix(">").partition(".")[0]
        for name in (first, swapped(first)):
            places.setdefault(mark + name, []).append(place)
    return {name: tuple(found) for name, found in places.items()}


_PLACES: Final = {service: _first_names(paths) for service, paths in _PATHS.items()}

_NAMING: Final = {
    service: (
        frozenset(name for name in names if not name.startswith(">")),
        frozenset(name.removeprefix(">") for name in names if name.startswith(">")),
    )
    for service, names in _PLACES.items()
}


def tell_resource(call: Call) -> str:
    """What the call was about, one or two things; empty where the record names none."""
    told: list[str] = []
    kinds: set[str] = set()
    for kind, path in _PATHS.get(call.service, _PATHS[""]):
        # Another identifier of the same kind is the same thing under another name: groupId, groupName.
        if kind in kinds:
            continue
        names = list(islice(dict.fromkeys(islice(call.texts(path), _MOST_READ)), _MOST_NAMED + 1))
        if names:
            kinds.add(kind)
            told.append(f"{kind} {_joined(names)}".strip())
        if len(told) == _MOST_KINDS:
            break
    return ", ".join(told) or _joined(_arns(call))


def resource_names(call: Call, most: int) -> list[str]:
    """Everything that the call names by `tell_resource`'s paths, and the ARNs under `resources`: `most` at most."""
    return named_resources(call.service, call.parameters, call.response, _arns(call), most)


def named_resources(service: str, parameters: Object, response: Object, arns: Iterable[str], most: int) -> list[str]:
    """The same of what a record says: the members of the parameters and of the answer that `naming` names suffice."""
    # A call has few parameters, and there are many paths: those are gone through whose first name is there.
    first_names = _of_service(_PLACES, service)
    places = [place for name in parameters for place in first_names.get(name, ())]
    if response:
        places += [place for name in response for place in first_names.get(f">{name}", ())]
    if not places:
        return list(islice(arns, most))
    paths = _of_service(_PATHS, service)
    found = dict.fromkeys(arns)
    for place in sorted(set(places)) if len(places) > 1 else places:
        found.update(dict.fromkeys(islice(texts_at(parameters, response, paths[place][1]), _MOST_READ)))
        if len(found) >= most:
            break
    return list(islice(found, most))


def naming(service: str) -> tuple[frozenset[str], frozenset[str]]:
    """The members of a call's parameters, and those of its answer, that may name what it was about."""
    return _of_service(_NAMING, service)


Entry = TypeVar("Entry")


def _of_service(table: Mapping[str, Entry], service: str) -> Entry:
    return table[service if service in table else ""]


def arns_of(resources: JsonValue | Absent) -> list[str]:
    """The ARNs in a record's `resources`, each once."""
    if not isinstance(resources, list):
        return []
    texts = (one.get("ARN") for one in resources if isinstance(one, dict))
    return list(dict.fromkeys(text for text in texts if isinstance(text, str) and text))


def _arns(call: Call) -> list[str]:
    return arns_of(call.event.get("resources"))


def _joined(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and more" if len(names) > _MOST_NAMED else shown
