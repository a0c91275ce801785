"""The worked examples of the specification, from what boto3 sends to the record. Spec: REC-17."""

from __future__ import annotations

import json
from typing import Any

import pytest
from recorded_call import client, record, sent

EC2 = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'
DOCUMENT = '{"Version":"2012-10-17","Statement":[]}'
S3_XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"


def query_answer(operation: str, inside: str = "", request_id: str = "r-1") -> bytes:
    result = f"<{operation}Result>{inside}</{operation}Result>" if inside else ""
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return f"<{operation}Response>{result}{metadata}</{operation}Response>".encode()


def query_error(code: str, message: str) -> bytes:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return f"<ErrorResponse>{error}<RequestId>r-9</RequestId></ErrorResponse>".encode()


class Example:
    """A call of boto3, the answer to it, and what the record is to have."""

    def __init__(
        self,
        service: str,
        method: str,
        parameters: dict[str, Any],
        answer: bytes = b"",
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> None:
        self.service, self.method, self.parameters = service, method, parameters
        self.answer, self.status, self.headers, self.fields = answer, status, headers, fields

    def __repr__(self) -> str:
        return f"{self.service}-{self.method}"


EXAMPLES = [
    # --- REC-17.1: iam ---
    Example(
        "iam",
        "put_user_policy",
        {"UserName": "bob", "PolicyName": "p", "PolicyDocument": DOCUMENT},
        query_answer("PutUserPolicy"),
        eventSource="iam.amazonaws.com",
        eventName="PutUserPolicy",
        awsRegion="us-east-1",
        readOnly=False,
        requestID="r-1",
        requestParameters={"userName": "bob", "policyName": "p", "policyDocument": DOCUMENT},
        responseElements=None,
    ),
    Example(
        "iam",
        "create_user",
        {"UserName": "Richard"},
        query_answer(
            "CreateUser",
            "<User><Path>/</Path><Arn>arn:aws:iam::888888888888:user/Richard</Arn><UserId>AIDA6ON6E4XEP7EXAMPLE</UserId>"
            "<CreateDate>2023-07-19T21:25:09Z</CreateDate><UserName>Richard</UserName></User>",
        ),
        requestParameters={"userName": "Richard"},
        responseElements={
            "user": {
                "path": "/",
                "arn": "arn:aws:iam::888888888888:user/Richard",
                "userId": "AIDA6ON6E4XEP7EXAMPLE",
                "createDate": "Jul 19, 2023 9:25:09 PM",
                "userName": "Richard",
            }
        },
    ),
    Example(
        "iam",
        "create_access_key",
        {"UserName": "u"},
        query_answer(
            "CreateAccessKey",
            "<AccessKey><AccessKeyId>AKIATFQR7NSC3ZO6PKAZ</AccessKeyId><Status>Active</Status><UserName>u</UserName>"
            "<SecretAccessKey>hush</SecretAccessKey><CreateDate>2023-07-10T12:24:29Z</CreateDate></AccessKey>",
        ),
        responseElements={
            "accessKey": {
                "accessKeyId": "AKIATFQR7NSC3ZO6PKAZ",
                "status": "Active",
                "userName": "u",
                "createDate": "Jul 10, 2023 12:24:29 PM",
            }
        },
    ),
    Example(
        "iam",
        "create_login_profile",
        {"UserName": "u", "Password": "hush", "PasswordResetRequired": True},
        query_answer(
            "CreateLoginProfile",
            "<LoginProfile><UserName>u</UserName><CreateDate>2023-07-10T12:24:29Z</CreateDate>"
            "<PasswordResetRequired>true</PasswordResetRequired></LoginProfile>",
        ),
        requestParameters={"userName": "u", "passwordResetRequired": True},
        responseElements={
            "loginProfile": {
                "createDate": "Jul 10, 2023 12:24:29 PM",
                "passwordResetRequired": True,
                "userName": "u",
            }
        },
    ),
    Example(
        "iam",
        "attach_user_policy",
        {"UserName": "malicious-iam-user", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        query_answer("AttachUserPolicy"),
        requestParameters={
            "userName": "malicious-iam-user",
            "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
        },
        responseElements=None,
    ),
    Example(
        "iam",
        "delete_user",
        {"UserName": "u"},
        query_error("NoSuchEntity", "The user with name u cannot be found."),
        status=404,
        errorCode="NoSuchEntityException",
        errorMessage="The user with name u cannot be found.",
        requestID="r-9",
        requestParameters={"userName": "u"},
        responseElements=None,
    ),
    # --- REC-17.2: ec2, plain ---
    Example(
        "ec2",
        "authorize_security_group_ingress",
        {
            "GroupId": "sg-04cf",
            "IpPermissions": [
                {
                    "IpProtocol": "tcp",
                    "FromPort": 443,
                    "ToPort": 443,
                    "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "TLS from Internet"}],
                }
            ],
        },
        f"<AuthorizeSecurityGroupIngressResponse {EC2}><requestId>0c89</requestId><return>true</return>"
        "<securityGroupRuleSet><item><groupOwnerId>123837392027</groupOwnerId><groupId>sg-04cf</groupId>"
        "<securityGroupRuleId>sgr-0bb3</securityGroupRuleId><description>TLS from Internet</description>"
        "<isEgress>false</isEgress><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>"
        "<cidrIpv4>0.0.0.0/0</cidrIpv4></item></securityGroupRuleSet></AuthorizeSecurityGroupIngressResponse>".encode(),
        requestParameters={
            "groupId": "sg-04cf",
            "ipPermissions": {
                "items": [
                    {
                        "ipProtocol": "tcp",
                        "fromPort": 443,
                        "toPort": 443,
                        "groups": {},
                        "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0", "description": "TLS from Internet"}]},
                        "ipv6Ranges": {},
                        "prefixListIds": {},
                    }
                ]
            },
        },
        responseElements={
            "requestId": "0c89",
            "_return": True,
            "securityGroupRuleSet": {
                "items": [
                    {
                        "groupOwnerId": "123837392027",
                        "groupId": "sg-04cf",
                        "securityGroupRuleId": "sgr-0bb3",
                        "description": "TLS from Internet",
                        "isEgress": False,
                        "ipProtocol": "tcp",
                        "fromPort": 443,
                        "toPort": 443,
                        "cidrIpv4": "0.0.0.0/0",
                    }
                ]
            },
        },
    ),
    Example(
        "ec2",
        "describe_instances",
        {"InstanceIds": ["i-1"], "Filters": [{"Name": "vpc-id", "Values": ["vpc-1", "vpc-2"]}]},
        requestParameters={
            "instancesSet": {"items": [{"instanceId": "i-1"}]},
            "filterSet": {
                "items": [{"name": "vpc-id", "valueSet": {"items": [{"value": "vpc-1"}, {"value": "vpc-2"}]}}]
            },
        },
        responseElements=None,
        readOnly=True,
    ),
    Example(
        "ec2",
        "run_instances",
        {
            "ImageId": "ami-1",
            "MinCount": 1,
            "MaxCount": 1,
            "InstanceType": "t3.micro",
            "SecurityGroupIds": ["sg-1"],
            "UserData": "#!/bin/sh",
            "ClientToken": "t",
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
        },
        requestParameters={
            "instancesSet": {"items": [{"imageId": "ami-1", "minCount": 1, "maxCount": 1}]},
            "groupSet": {"items": [{"groupId": "sg-1"}]},
            "userData": "<sensitiveDataRemoved>",
            "instanceType": "t3.micro",
            "blockDeviceMapping": {},
            "monitoring": {"enabled": False},
            "disableApiTermination": False,
            "disableApiStop": False,
            "clientToken": "t",
            "tagSpecificationSet": {
                "items": [{"resourceType": "instance", "tags": [{"key": "a", "value": "b"}]}],
            },
        },
    ),
    Example(
        "ec2",
        "delete_vpc",
        {"VpcId": "vpc-1"},
        b"<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this "
        b"operation.</Message></Error></Errors><RequestID>r-3</RequestID></Response>",
        status=403,
        errorCode="Client.UnauthorizedOperation",
        errorMessage="You are not authorized to perform this operation.",
        requestID="r-3",
        requestParameters={"vpcId": "vpc-1"},
        responseElements=None,
    ),
    # --- REC-17.3: ec2, wrapped ---
    Example(
        "ec2",
        "create_flow_logs",
        {
            "ResourceIds": ["vpc-1"],
            "ResourceType": "VPC",
            "TrafficType": "REJECT",
            "TagSpecifications": [{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "k", "Value": "true"}]}],
        },
        f"<CreateFlowLogsResponse {EC2}><requestId>r-4</requestId><clientToken>t</clientToken><unsuccessful/>"
        "<flowLogIdSet><item>fl-064</item></flowLogIdSet></CreateFlowLogsResponse>".encode(),
        requestParameters={
            "CreateFlowLogsRequest": {
                "ResourceId": {"tag": 1, "content": "vpc-1"},
                "ResourceType": "VPC",
                "TrafficType": "REJECT",
                "TagSpecification": {
                    "tag": 1,
                    "ResourceType": "vpc-flow-log",
                    "Tag": {"tag": 1, "Key": "k", "Value": True},
                },
            }
        },
        responseElements={
            "CreateFlowLogsResponse": {
                "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
                "requestId": "r-4",
                "clientToken": "t",
                "unsuccessful": "",
                "flowLogIdSet": {"item": "fl-064"},
            }
        },
    ),
    # --- REC-17.4: s3 ---
    Example(
        "s3",
        "put_bucket_policy",
        {"Bucket": "bucket", "Policy": DOCUMENT},
        headers={"x-amz-id-2": "id-2", "x-amz-request-id": "R-5"},
        status=204,
        eventName="PutBucketPolicy",
        requestParameters={
            "bucketPolicy": {"Version": "2012-10-17", "Statement": []},
            "bucketName": "bucket",
            "Host": "bucket.s3.eu-west-1.amazonaws.com",
            "policy": "",
        },
        responseElements=None,
        requestID="R-5",
        additionalEventData={
            "SignatureVersion": "SigV4",
            "bytesTransferredIn": 39,
            "AuthenticationMethod": "AuthHeader",
            "x-amz-id-2": "id-2",
            "bytesTransferredOut": 0,
        },
        resources=[{"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::bucket"}],
        managementEvent=True,
    ),
    Example(
        "s3",
        "put_bucket_tagging",
        {"Bucket": "bucket", "Tagging": {"TagSet": [{"Key": "k", "Value": "true"}]}},
        requestParameters={
            "Tagging": {"xmlns": S3_XMLNS, "TagSet": {"Tag": {"Key": "k", "Value": True}}},
            "tagging": "",
            "bucketName": "bucket",
            "Host": "bucket.s3.eu-west-1.amazonaws.com",
        },
    ),
    Example(
        "s3",
        "create_bucket",
        {"Bucket": "bucket", "ACL": "private"},
        requestParameters={
            "bucketName": "bucket",
            "Host": "bucket.s3.eu-west-1.amazonaws.com",
            "x-amz-acl": "private",
        },
        resources=None,
    ),
    Example(
        "s3",
        "get_bucket_policy",
        {"Bucket": "bucket"},
        b"<Error><Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message></Error>",
        status=404,
        eventName="GetBucketPolicy",
        errorCode="NoSuchBucketPolicy",
        errorMessage="The bucket policy does not exist",
        requestParameters={"bucketName": "bucket", "Host": "bucket.s3.eu-west-1.amazonaws.com", "policy": ""},
        readOnly=True,
    ),
    # --- REC-17.5: sts ---
    Example(
        "sts",
        "assume_role",
        {"RoleArn": "arn:aws:iam::307578594326:role/r", "RoleSessionName": "s", "DurationSeconds": 900},
        query_answer(
            "AssumeRole",
            "<Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>"
            "<SessionToken>token</SessionToken><Expiration>2024-08-02T08:45:00Z</Expiration></Credentials>"
            "<AssumedRoleUser><AssumedRoleId>AROAX:s</AssumedRoleId>"
            "<Arn>arn:aws:sts::307578594326:assumed-role/r/s</Arn></AssumedRoleUser>",
        ),
        requestParameters={
            "roleArn": "arn:aws:iam::307578594326:role/r",
            "roleSessionName": "s",
            "durationSeconds": 900,
        },
        responseElements={
            "credentials": {
                "accessKeyId": "ASIAX",
                "sessionToken": "token",
                "expiration": "Aug 2, 2024, 8:45:00 AM",
            },
            "assumedRoleUser": {"assumedRoleId": "AROAX:s", "arn": "arn:aws:sts::307578594326:assumed-role/r/s"},
        },
        resources=[{"accountId": "307578594326", "type": "AWS::IAM::Role", "ARN": "arn:aws:iam::307578594326:role/r"}],
        readOnly=True,
    ),
    Example(
        "sts",
        "assume_role",
        {"RoleArn": "arn:aws:iam::307578594326:role/r", "RoleSessionName": "s"},
        query_error("AccessDenied", "User: x is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam"),
        status=403,
        errorCode="AccessDenied",
        errorMessage="User: x is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam",
        requestParameters=None,
        resources=None,
    ),
    Example(
        "sts",
        "get_federation_token",
        {"Name": "f", "Policy": DOCUMENT},
        query_answer(
            "GetFederationToken",
            "<Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>"
            "<SessionToken>token</SessionToken></Credentials><FederatedUser><FederatedUserId>1:f</FederatedUserId>"
            "<Arn>arn:aws:sts::111122223333:federated-user/f</Arn></FederatedUser><PackedPolicySize>2</PackedPolicySize>",
        ),
        readOnly=False,
        requestParameters={"name": "f", "policy": DOCUMENT},
        responseElements={
            "credentials": {"accessKeyId": "ASIAX", "sessionToken": "token"},
            "federatedUser": {"federatedUserId": "1:f", "arn": "arn:aws:sts::111122223333:federated-user/f"},
            "packedPolicySize": 2,
        },
    ),
    Example(
        "sts",
        "get_session_token",
        {"DurationSeconds": 43200, "SerialNumber": "arn:aws:iam::111122223333:mfa/alice", "TokenCode": "123456"},
        query_answer(
            "GetSessionToken",
            "<Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>"
            "<SessionToken>token</SessionToken></Credentials>",
        ),
        requestParameters={"durationSeconds": 43200, "serialNumber": "arn:aws:iam::111122223333:mfa/alice"},
        responseElements={"credentials": {"accessKeyId": "ASIAX", "sessionToken": "token"}},
        readOnly=True,
    ),
    Example(
        "sts",
        "get_caller_identity",
        {},
        query_answer("GetCallerIdentity", "<Account>111122223333</Account>"),
        requestParameters=None,
        responseElements=None,
        readOnly=True,
    ),
    # --- REC-17.6: others ---
    Example(
        "cloudtrail",
        "stop_logging",
        {"Name": "management-trail"},
        b"{}",
        requestParameters={"name": "management-trail"},
        responseElements=None,
    ),
    Example(
        "cloudtrail",
        "put_event_selectors",
        {
            "TrailName": "t",
            "EventSelectors": [
                {
                    "ReadWriteType": "All",
                    "IncludeManagementEvents": True,
                    "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}],
                    "ExcludeManagementEventSources": [],
                }
            ],
        },
        b'{"TrailARN":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/t","EventSelectors":[{"ReadWriteType":"All"}]}',
        requestParameters={
            "trailName": "t",
            "eventSelectors": [
                {
                    "readWriteType": "All",
                    "includeManagementEvents": True,
                    "dataResources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}],
                    "excludeManagementEventSources": [],
                }
            ],
        },
        responseElements={
            "trailARN": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t",
            "eventSelectors": [{"readWriteType": "All"}],
        },
    ),
    Example(
        "kms",
        "decrypt",
        {"CiphertextBlob": b"x", "EncryptionContext": {"a": "b"}, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"},
        b'{"KeyId":"arn:aws:kms:eu-west-1:111122223333:key/k","Plaintext":"aHVzaA=="}',
        requestParameters={"encryptionContext": {"a": "b"}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
        responseElements=None,
        readOnly=True,
        resources=[
            {
                "accountId": "111122223333",
                "type": "AWS::KMS::Key",
                "ARN": "arn:aws:kms:eu-west-1:111122223333:key/k",
            }
        ],
    ),
    Example(
        "secretsmanager",
        "create_secret",
        {"Name": "n", "ClientRequestToken": "c", "Description": "d", "SecretString": "hush"},
        b'{"ARN":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:n","Name":"n"}',
        requestParameters={"name": "n", "clientRequestToken": "c", "description": "d"},
        responseElements={"arn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:n"},
    ),
    Example(
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "s"},
        b'{"SecretString":"hush"}',
        requestParameters={"secretId": "s"},
        responseElements=None,
    ),
    Example(
        "ssm",
        "put_parameter",
        {"Name": "n", "Value": "hush", "Type": "SecureString", "Overwrite": False, "Tier": "Standard"},
        b'{"Version":1,"Tier":"Standard"}',
        requestParameters={
            "name": "n",
            "value": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "type": "SecureString",
            "overwrite": False,
            "tier": "Standard",
        },
        responseElements={"version": 1, "tier": "Standard"},
        resources=[{"accountId": "111122223333", "ARN": "arn:aws:ssm:eu-west-1:111122223333:parameter/n"}],
    ),
    Example(
        "ssm",
        "get_parameter",
        {"Name": "n"},
        b'{"__type":"ThrottlingException","message":"Too many"}',
        status=400,
        errorCode="ThrottlingException",
        errorMessage="Rate exceeded",
        requestParameters=None,
    ),
    Example(
        "rds",
        "create_db_snapshot",
        {"DBInstanceIdentifier": "db1", "DBSnapshotIdentifier": "exfiltration"},
        query_answer(
            "CreateDBSnapshot",
            "<DBSnapshot><DBSnapshotIdentifier>exfiltration</DBSnapshotIdentifier><AllocatedStorage>10</AllocatedStorage>"
            "<Status>creating</Status><InstanceCreateTime>2023-07-10T12:19:33.1Z</InstanceCreateTime></DBSnapshot>",
        ),
        requestParameters={"dBInstanceIdentifier": "db1", "dBSnapshotIdentifier": "exfiltration"},
        responseElements={
            "dBSnapshotIdentifier": "exfiltration",
            "allocatedStorage": 10,
            "status": "creating",
            "instanceCreateTime": "Jul 10, 2023 12:19:33 PM",
        },
    ),
    Example(
        "lambda",
        "add_permission",
        {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"},
        json.dumps({"Statement": '{"Sid":"s"}'}).encode(),
        status=201,
        eventName="AddPermission20150331v2",
        requestParameters={
            "functionName": "f",
            "statementId": "s",
            "action": "lambda:InvokeFunction",
            "principal": "*",
        },
        responseElements={"statement": '{"Sid":"s"}'},
    ),
    Example(
        "lambda",
        "create_function",
        {
            "FunctionName": "f",
            "Role": "r",
            "Handler": "h",
            "Code": {"ZipFile": b"hush"},
            "Environment": {"Variables": {"K": "hush"}},
        },
        b'{"FunctionName":"f","Environment":{"Variables":{"K":"hush"}}}',
        status=201,
        eventName="CreateFunction20150331",
        requestParameters={"functionName": "f", "role": "r", "handler": "h", "code": {}, "environment": {}},
        responseElements={"functionName": "f", "environment": {}},
    ),
    Example(
        "logs",
        "create_log_group",
        {"logGroupName": "g", "tags": {"a": "b"}},
        requestParameters={"logGroupName": "g", "tags": {"a": "b"}},
        responseElements=None,
        apiVersion="20140328",
    ),
    # --- REC-7, REC-12 ---
    Example(
        "apigateway",
        "create_stage",
        {"restApiId": "a", "stageName": "s", "deploymentId": "d"},
        b"{}",
        status=201,
        requestParameters={
            "restApiId": "a",
            "createStageInput": {"stageName": "s", "deploymentId": "d"},
            "template": False,
        },
    ),
    Example(
        "dynamodb",
        "put_item",
        {"TableName": "t", "Item": {"pk": {"S": "hush"}}, "ConditionExpression": "attribute_not_exists(pk)"},
        b"{}",
        requestParameters={"tableName": "t", "conditionExpression": "attribute_not_exists(pk)"},
        responseElements=None,
        managementEvent=False,
        eventCategory="Data",
        resources=[
            {
                "accountId": "111122223333",
                "type": "AWS::DynamoDB::Table",
                "ARN": "arn:aws:dynamodb:eu-west-1:111122223333:table/t",
            }
        ],
    ),
    Example(
        "dynamodb",
        "execute_statement",
        {"Statement": "SELECT * FROM \"T1\" WHERE a = 'it''s' AND b = 12.5"},
        b"{}",
        requestParameters={"statement": 'SELECT * FROM "T1" WHERE a = ***(Redacted) AND b = ***(Redacted)'},
    ),
    Example(
        "sns",
        "publish",
        {"TopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "Message": "hush", "Subject": "hush"},
        query_answer("Publish", "<MessageId>m</MessageId>"),
        requestParameters={
            "topicArn": "arn:aws:sns:eu-west-1:111122223333:t",
            "message": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "subject": "HIDDEN_DUE_TO_SECURITY_REASONS",
        },
        responseElements={"messageId": "m"},
        eventCategory="Data",
    ),
    Example(
        "route53",
        "change_resource_record_sets",
        {
            "HostedZoneId": "Z1",
            "ChangeBatch": {
                "Changes": [
                    {
                        "Action": "CREATE",
                        "ResourceRecordSet": {
                            "Name": "a",
                            "Type": "A",
                            "TTL": 60,
                            "ResourceRecords": [{"Value": "192.0.2.1"}],
                        },
                    }
                ]
            },
        },
        b"<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status>"
        b"<SubmittedAt>2023-01-01T00:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>",
        awsRegion="us-east-1",
        apiVersion="2013-04-01",
        requestParameters={
            "hostedZoneId": "Z1",
            "changeBatch": {
                "changes": [
                    {
                        "action": "CREATE",
                        "resourceRecordSet": {
                            "name": "a",
                            "type": "A",
                            "tTL": 60,
                            "resourceRecords": [{"value": "192.0.2.1"}],
                        },
                    }
                ]
            },
        },
        responseElements={
            "changeInfo": {"id": "/change/C1", "status": "PENDING", "submittedAt": "Jan 1, 2023 12:00:00 AM"}
        },
    ),
    Example(
        "eks",
        "create_cluster",
        {"name": "c", "roleArn": "r", "resourcesVpcConfig": {}, "clientRequestToken": "t"},
        b'{"cluster":{"name":"c","createdAt":1688560107.857}}',
        requestParameters={"name": "c", "roleArn": "r", "resourcesVpcConfig": {}, "clientRequestToken": "t"},
        responseElements={"cluster": {"name": "c", "createdAt": 1688560107.857}},
    ),
    Example(
        "rolesanywhere",
        "enable_profile",
        {"profileId": "00000000-0000-4000-8000-000000000000"},
        b'{"profile":{"createdAt":"2023-07-10T12:27:13.431264702Z"}}',
        requestParameters={"profileId": "00000000-0000-4000-8000-000000000000"},
        responseElements={"profile": {"createdAt": "2023-07-10T12:27:13.431264702Z"}},
    ),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=repr)
def test_worked_example(example: Example) -> None:
    request = sent(client(example.service), example.method, example.parameters)
    made = record(request, example.answer, status=example.status, headers=example.headers)
    assert {name: made.get(name) for name in example.fields} == example.fields
    assert "hush" not in json.dumps(made)
