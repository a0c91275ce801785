from tocsin.core.template import TEMPLATE_TIME, lay_over, template_record


def test_the_template_is_a_management_record_of_alice():
    record = template_record()
    assert record["userIdentity"]["userName"] == "alice"
    assert record["eventTime"] == TEMPLATE_TIME
    assert record["requestParameters"] is None
    assert record["responseElements"] is None
    assert record["readOnly"] is False
    assert "errorCode" not in record


def test_members_of_the_event_replace_those_of_the_template_whole():
    record = lay_over({"userIdentity": {"type": "Root"}, "eventName": "StopLogging"})
    assert record["userIdentity"] == {"type": "Root"}
    assert record["eventName"] == "StopLogging"
    assert record["awsRegion"] == "us-east-1"


def test_absent_takes_members_away_and_ignores_those_that_are_not_there():
    assert "requestParameters" not in lay_over({}, ["requestParameters", "errorCode"])


def test_each_record_is_new():
    template_record()["userIdentity"]["type"] = "Root"
    assert template_record()["userIdentity"]["type"] == "IAMUser"
