"""What real CloudTrail records show comes out again: record, back to the client's request, and to a record. Spec: REC-18.3.

The records are a set of real public ones beside the checkout; what is counted here is told in
docs/reference/record-fidelity.md.
"""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from record_inverse import Ec2Inverse, Inverse, from_plain_answer, from_wrapped, xml_of
from recorded_call import CIRCUMSTANCES, MODELS
from serialized_call import ACCESS_KEY, serialized

from tocsin.core.record import ApiAnswer, ApiCall, Shape, record_of
from tocsin.core.record.ec2_key import is_wrapped, request_key
from tocsin.core.record.event_name import event_name
from tocsin.core.record.read_only import is_read_only
from tocsin.core.record.redaction import redaction_of
from tocsin.core.record.tree import TreeForm, structure_tree
from tocsin.wire.model import ServiceApi
from tocsin.wire.observed import ObservedRequest, Unobserved, observe
from tocsin.wire.service_index import service_index

SPEC = Path(__file__).resolve().parents[2] / "docs" / "spec" / "ec2-request-keys.txt"
DONE = ApiAnswer(output={})
SIGNING_NAMES = {"amazonmq": "mq", "servicecatalog-appregistry": "servicecatalog"}
MASKS = {"HIDDEN_DUE_TO_SECURITY_REASONS", "****", "<sensitiveDataRemoved>", "***"}
# Values that AWS shows otherwise, each seen once or twice: a number that is no text elsewhere, commands that were
# hidden only later, and statements in which AWS knows which literals are keys.
OTHER_VALUES = {
    ("servicecatalog-appregistry", "ListApplications", ".maxResults"),
    ("ssm", "SendCommand", ".parameters"),
    ("dynamodb", "ExecuteStatement", ".statement"),
    ("synthetics", "UpdateCanary", ".Code.ZipFile"),
}

Row = dict[str, Any]


@pytest.fixture(scope="module")
def calls(shared_dir: Path) -> list[Row]:
    """The records of API calls."""
    found = []
    for path in sorted((shared_dir / "data" / "AWSLogs").rglob("*.json*")):
        text = path.read_bytes()
        document = json.loads(gzip.decompress(text) if path.suffix == ".gz" else text)
        found += [row for row in document.get("Records") or () if row.get("eventType") == "AwsApiCall"]
    return found


def service_of(row: Row) -> str:
    return str(row["eventSource"]).removesuffix(".amazonaws.com")


def models_of(row: Row) -> list[tuple[ServiceApi, str]]:
    """The services and operations that a record may be of."""
    signing_name = SIGNING_NAMES.get(service_of(row), service_of(row))
    names = (row["eventName"], re.sub(r"20\d{6}(v2)?$", "", row["eventName"]))
    found = []
    for model in service_index().by_signing_name(signing_name):
        try:
            api = MODELS.service(model)
        except KeyError:
            continue
        found += [(api, name) for name in dict.fromkeys(names) if name in api.operation_names]
    return found


def differences(real: Any, made: Any, path: str = "") -> list[tuple[str, str]]:
    """Where two trees differ: `lost` or `more` keys, and `wrong` values."""
    if isinstance(real, dict) and isinstance(made, dict):
        return [
            each
            for key in {**real, **made}
            for each in (
                [(f"{path}.{key}", "more")]
                if key not in real
                else [(f"{path}.{key}", "lost")]
                if key not in made
                else differences(real[key], made[key], f"{path}.{key}")
            )
        ]
    if isinstance(real, list) and isinstance(made, list) and len(real) == len(made):
        return [each for one, other in zip(real, made, strict=True) for each in differences(one, other, f"{path}[]")]
    if real == made and type(real) is type(made):
        return []
    if isinstance(real, str) and isinstance(made, str):
        if real in MASKS and made in MASKS:
            return []
        if real.replace(",", "") == made.replace(",", "") and real.endswith(("AM", "PM")):
            return [(path, "comma")]  # both forms occur in one service on one day (REC-6.2)
    return [(path, "wrong")]


def sent_again(api: ServiceApi, operation: str, parameters: Row) -> Row | None:
    """What the record of these parameters shows; None for a call that is not recorded."""
    observed = observe(serialized(api, operation, parameters), MODELS)
    if isinstance(observed, Unobserved):
        return None
    assert (observed.call.service, observed.call.operation) == (api.name, operation)
    made = record_of(observed.call, DONE, CIRCUMSTANCES)["requestParameters"]
    assert made is None or isinstance(made, dict)
    return made or {}


def parameters_shown(api: ServiceApi, operation: str, tree: Row) -> tuple[Row, list[str]] | None:
    """The parameters that a record shows, and the keys that no member has."""
    shape = api.record_shapes.shape(api.model.operation_model(operation).input_shape)
    if shape is None:
        return None
    for body in ("createStageInput", "tagResourceInput"):
        tree = {**tree, **tree.get(body, {})}
    inverse = Inverse(api.name)
    try:
        return inverse.structure(shape, tree), inverse.unknown
    except ValueError:
        return None


def test_parameters_come_out_again(calls: list[Row]) -> None:
    """REC-18.3 (a): of services other than EC2 and S3."""
    counts: Counter[str] = Counter()
    wrong = set()
    for row in calls:
        tree = row.get("requestParameters")
        if not isinstance(tree, dict) or service_of(row) in {"ec2", "s3"}:
            continue
        shown = [(api, name, parameters_shown(api, name, tree)) for api, name in models_of(row)]
        known = [(api, name, found) for api, name, found in shown if found is not None]
        if not known:
            counts["not in the models"] += 1
            continue
        api, operation, (parameters, _) = min(known, key=lambda each: len(each[2][1]))
        try:
            made = sent_again(api, operation, parameters)
        except (AttributeError, KeyError):
            counts["redacted"] += 1  # text stands where the client sent a structure, or a part of the path
            continue
        if made is None:
            counts["not recorded"] += 1
            continue
        found = differences(tree, made)
        counts["exact" if not found else "differs"] += 1
        wrong |= {(api.name, operation, path) for path, kind in found if kind == "wrong"}
    assert wrong <= OTHER_VALUES
    assert counts["exact"] >= 0.95 * (counts["exact"] + counts["differs"])
    assert counts["exact"] > 3000


def test_parameters_of_ec2_come_out_again(calls: list[Row]) -> None:
    counts: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    api = MODELS.service("ec2")
    for row in calls:
        tree = row.get("requestParameters")
        operation = row["eventName"]
        if service_of(row) != "ec2" or not isinstance(tree, dict) or operation not in api.operation_names:
            continue
        shape = api.record_shapes.shape(api.model.operation_model(operation).input_shape)
        assert shape is not None
        is_shown_wrapped = len(tree) == 1 and next(iter(tree))[0].isupper()
        if is_shown_wrapped != is_wrapped(operation):
            counts["other style"] += 1
            continue
        if is_shown_wrapped:
            key = request_key(operation)
            inside = {name: value for name, value in (tree[key] or {}).items() if name != "nextToken"}
            tree = {key: inside or ""}
            parameters = from_wrapped(shape, inside)
        else:
            parameters = Ec2Inverse(operation).parameters(shape, tree)
        if isinstance(parameters.get("UserData"), str):  # it was redacted
            parameters["UserData"] = {"Value": b"x"} if operation == "ModifyInstanceAttribute" else "x"
        found = differences(tree, sent_again(api, operation, parameters))
        counts["exact" if not found else "differs"] += 1
        lost.update(path for path, _ in found)
    # Three records of 2016 and before lack `disableApiStop`; the others are one of a kind.
    assert set(lost) <= {
        ".disableApiStop",
        ".denyAllIgwTraffic",
        ".filterSet",
        ".availabilityZone",
        ".tenancy",
    }
    assert counts["other style"] <= 1
    assert counts["exact"] >= 0.99 * (counts["exact"] + counts["differs"])
    assert counts["exact"] > 1000


def test_answers_of_ec2_come_out_again(calls: list[Row]) -> None:
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    api = MODELS.service("ec2")
    for row in calls:
        tree = row.get("responseElements")
        operation = row["eventName"]
        if service_of(row) != "ec2" or not isinstance(tree, dict) or is_wrapped(operation):
            continue
        shape = api.record_shapes.shape(api.model.operation_model(operation).output_shape)
        call = ApiCall(
            service="ec2", signing_name="ec2", operation=operation, region="", input=None, output=shape, parameters={}
        )
        output = from_plain_answer(operation, shape, tree) if shape is not None else {}
        answer = ApiAnswer(output=output, request_id=tree.get("requestId"), is_true="_return" in tree)
        found = differences(tree, record_of(call, answer, CIRCUMSTANCES)["responseElements"])
        counts["exact" if not found else "differs"] += 1
        kinds.update(kind for _, kind in found)
    assert set(kinds) == {"lost"}  # elements that the API does not have
    assert counts["exact"] >= 140


def paths_of(tree: Any, path: str = "") -> set[str]:
    """The key paths of a tree, as docs/spec/ec2-request-keys.txt writes them."""
    if isinstance(tree, dict):
        found: set[str] = set()
        for key, value in tree.items():
            if key == "items":
                found |= {f"{path}{{items}}"} | {each for item in value for each in paths_of(item, f"{path}[]")}
            else:
                found |= paths_of(value, f"{path}.{key}")
        return found
    if isinstance(tree, list):
        return {each for item in tree for each in paths_of(item, f"{path}[]")}
    return {path}


def everything(shape: Shape, depth: int = 0) -> Any:
    """A value of a shape with all that it can hold."""
    match shape.kind:
        case "structure":
            below = {} if depth > 5 else shape.members
            return {name: everything(member.shape, depth + 1) for name, member in below.items()}
        case "list":
            assert shape.element is not None
            return [everything(shape.element.shape, depth + 1)]
        case "number":
            return 1
        case "boolean":
            return True
    return "x"


def seen_keys() -> list[tuple[str, list[str]]]:
    """The operations of the plain style, and the key paths that were seen of each."""
    lines = SPEC.read_text(encoding="utf-8").splitlines()
    rows = [line.partition(" ") for line in lines if line and not line.startswith(("#", "wrapped ", "plain "))]
    return [(operation, ast.literal_eval(paths)) for operation, _, paths in rows]


@pytest.mark.parametrize(("operation", "paths"), seen_keys(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_key_of_ec2_that_was_seen_can_be_written(operation: str, paths: list[str]) -> None:
    """REC-8.12."""
    shape = MODELS.service("ec2").record_shapes.shape(
        MODELS.service("ec2").model.operation_model(operation).input_shape
    )
    assert shape is not None
    assert not is_wrapped(operation)
    call = ApiCall(
        service="ec2",
        signing_name="ec2",
        operation=operation,
        region="us-east-1",
        input=shape,
        output=None,
        parameters=everything(shape),
    )
    made = paths_of(record_of(call, DONE, CIRCUMSTANCES)["requestParameters"])
    made |= {path.replace(".item[]", ".item[]") for path in made}
    assert set(paths) - made <= {".denyAllIgwTraffic"}  # no member of the API


def s3_request_of(row: Row) -> ObservedRequest | None:
    """The request that a record of S3 shows; None for one that does not show it whole."""
    tree = dict(row["requestParameters"])
    host = tree.pop("Host", None)
    operations = {
        event_name(service, name): (service, name)
        for service in ("s3control", "s3")  # some are in both
        for name in MODELS.service(service).operation_names
    }
    if not isinstance(host, str) or row["eventName"] not in operations:
        return None
    service, operation = operations[row["eventName"]]
    model = MODELS.service(service).model.operation_model(operation)
    bucket, key = tree.pop("bucketName", None), tree.pop("key", "")
    body = b""
    if "bucketPolicy" in tree:
        body = json.dumps(tree.pop("bucketPolicy")).encode()
    for name in [name for name, value in tree.items() if isinstance(value, dict)]:
        body = xml_of(name, tree.pop(name)).encode()
    headers = {name: tree.pop(name) for name in [*tree] if name.startswith("x-amz-")}
    path = f"/{key}" if bucket is None or host.startswith(f"{bucket}.") else f"/{bucket}/{key}"
    if service == "s3control":
        path = model.http["requestUri"].partition("?")[0].replace("{storagelensid}", "x")
    scope = f"{ACCESS_KEY}/20260725/us-east-1/s3/aws4_request"
    headers |= {"host": host, "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=h, Signature=0"}
    return ObservedRequest(
        method=model.http["method"],
        raw_path=quote(path).encode(),
        query_string=urlencode(tree).encode(),
        headers=tuple((name.encode(), value.encode()) for name, value in headers.items()),
        body=body,
    )


def test_calls_of_s3_come_out_again(calls: list[Row]) -> None:
    exact, other = 0, []
    for row in calls:
        request = s3_request_of(row) if service_of(row) == "s3" and row.get("requestParameters") else None
        if request is None:
            continue
        observed = observe(request, MODELS)
        assert not isinstance(observed, Unobserved)
        made = record_of(observed.call, DONE, CIRCUMSTANCES)
        fields = ("eventName", "requestParameters", "readOnly")
        same = all(made[field] == row[field] for field in fields)
        resources = [{**each, "accountId": ""} for each in row.get("resources") or ()]
        same = same and resources == [{**each, "accountId": ""} for each in made.get("resources", ())]
        exact += same
        if not same:
            other.append(row["eventName"])
    assert exact > 700
    assert len(other) <= 5  # records made by hand: another bucket in the Host, resources in another order


def test_answers_come_out_again(calls: list[Row]) -> None:
    """Names, timestamps and what is hidden of responseElements; REC-5, REC-6.2."""
    counts: Counter[str] = Counter()
    wrong = set()
    for row in calls:
        tree = row.get("responseElements")
        if not isinstance(tree, dict) or service_of(row) in {"ec2", "s3"}:
            continue
        for api, operation in models_of(row)[:1]:
            shape = api.record_shapes.shape(api.model.operation_model(operation).output_shape)
            if shape is None:
                counts["no output in the model"] += 1
                continue
            if api.name == "rds" and len(shape.members) == 1:
                (shape,) = (member.shape for member in shape.members.values())
            if tree.keys() == {"arn"} and api.name == "secretsmanager":
                counts.update(("exact", "exact but for commas"))  # tests/unit/core/record/test_tree.py
                continue
            if api.name == "rolesanywhere":
                continue  # nanoseconds, which Python has not: tests/unit/wire/test_rest.py
            form = TreeForm(
                api.name,
                redaction_of(api.name, operation, "answer"),
                is_rest_json="rest-json" in api.protocols,
            )
            try:
                values = Inverse(api.name).structure(shape, tree)
            except (ValueError, AttributeError):
                counts["unreadable"] += 1
                continue
            found = differences(tree, structure_tree(shape, values, form))
            counts["exact" if not found else "differs"] += 1
            wrong |= {(api.name, operation, path) for path, kind in found if kind == "wrong"}
            counts["exact but for commas"] += all(kind == "comma" for _, kind in found)
    assert wrong <= {("ssm", "SendCommand", ".command.parameters")}  # hidden only in newer records
    assert counts["exact but for commas"] >= 0.9 * (counts["exact"] + counts["differs"])


def test_read_only_is_right_for_every_operation(calls: list[Row]) -> None:
    """REC-11.3."""
    seen: dict[tuple[str, str], Counter[bool]] = {}
    for row in calls:
        if isinstance(row.get("readOnly"), bool):
            name = re.sub(r"20\d{6}(v2)?$", "", row["eventName"].strip())
            seen.setdefault((service_of(row), name), Counter())[row["readOnly"]] += 1
    wrong = {key for key, answers in seen.items() if is_read_only(*key) is not answers.most_common(1)[0][0]}
    assert not wrong
    assert len(seen) > 400
