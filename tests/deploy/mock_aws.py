#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A mock AWS on a free loopback port: moto, and the few actions that moto lacks and our Terraform
needs. Prints the port, and ends when its standard input does. MOCK_CALLS: a file for a line a call,
whose access key it came with and what right it needs.

    mock_aws.py
"""
import json
import os
import re
import sys
import time
import uuid

os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "1")
os.environ.setdefault("MOTO_ECS_SERVICE_RUNNING", "2")
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from botocore import xform_name
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.budgets.responses import BudgetsResponse
from moto.cloudfront.models import DefaultCacheBehaviour, ViewerCertificate
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.responses import BaseResponse
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.efs.responses import EFSResponse
from moto.iam.access_control import PermissionResult
from moto.logs.responses import LogsResponse
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.models import FakeBucket

import mock_codedeploy

QUERIES = {}
BACKUP = {}
TAGS = {}


def added(where):
    """Adds a function as the action of that name, unless this moto knows it already."""
    def add(action):
        if not hasattr(where, action.__name__):
            setattr(where, action.__name__, action)
        return action
    return add


def body(response):
    return json.loads(response.body or "{}")


@added(ApplicationAutoScalingResponse)
def list_tags_for_resource(self):
    return json.dumps({"Tags": TAGS.get(body(self)["ResourceARN"], {})})


@added(ApplicationAutoScalingResponse)
def tag_resource(self):
    TAGS.setdefault(body(self)["ResourceARN"], {}).update(body(self)["Tags"])
    return "{}"


register_scalable_target = ApplicationAutoScalingResponse.register_scalable_target


def tagged_target(self):
    answer = register_scalable_target(self)
    TAGS.setdefault(json.loads(answer)["ScalableTargetARN"], {}).update(body(self).get("Tags") or {})
    return answer


ApplicationAutoScalingResponse.register_scalable_target = tagged_target


@added(BudgetsResponse)
def list_tags_for_resource(self):  # noqa: F811
    return json.dumps({"ResourceTags": [{"Key": k, "Value": v} for k, v in TAGS.get(body(self)["ResourceARN"], {}).items()]})


@added(BudgetsResponse)
def tag_resource(self):  # noqa: F811
    TAGS.setdefault(body(self)["ResourceARN"], {}).update({t["Key"]: t["Value"] for t in body(self)["ResourceTags"]})
    return "{}"


create_budget = BudgetsResponse.create_budget


def tagged_budget(self):
    asked = body(self)
    TAGS[f"arn:aws:budgets::{asked['AccountId']}:budget/{asked['Budget']['BudgetName']}"] = {
        t["Key"]: t["Value"] for t in asked.get("ResourceTags") or []}
    return create_budget(self)


BudgetsResponse.create_budget = tagged_budget


@added(BudgetsResponse)
def describe_subscribers_for_notification(self):
    asked = body(self)
    budget = self.backend.budgets[self.current_account][asked["BudgetName"]]
    wanted = {k: str(v) for k, v in asked["Notification"].items() if k in ("NotificationType", "Threshold")}
    for notification in budget.notifications:
        details = notification.details
        if float(details["Threshold"]) == float(wanted["Threshold"]) \
                and details["NotificationType"] == wanted["NotificationType"]:
            return json.dumps({"Subscribers": getattr(notification, "subscribers", [])})
    return json.dumps({"Subscribers": []})


@added(CloudTrailResponse)
def lookup_events(self):
    name = next((a["AttributeValue"] for a in body(self).get("LookupAttributes", []) if a["AttributeKey"] == "EventName"), "GetObject")
    return json.dumps({"Events": [{"EventId": str(uuid.uuid4()), "EventName": name, "EventTime": time.time(), "Username": "somebody"}]})


# moto knows a backup policy only from the creation of a file system.
def put_backup_policy(self):
    file_system = self.path.split("/")[-2]
    BACKUP[file_system] = json.loads(self.body)["BackupPolicy"]
    return json.dumps({"BackupPolicy": BACKUP[file_system]})


def describe_backup_policy(self):
    return json.dumps({"BackupPolicy": BACKUP.get(self.path.split("/")[-2], {"Status": "DISABLED"})})


EFSResponse.put_backup_policy = put_backup_policy
EFSResponse.describe_backup_policy = describe_backup_policy


@added(LogsResponse)
def put_query_definition(self):
    asked = body(self)
    key = asked.get("queryDefinitionId") or str(uuid.uuid4())
    QUERIES[key] = {k: v for k, v in {**asked, "queryDefinitionId": key}.items() if k != "clientToken"}
    return json.dumps({"queryDefinitionId": key})


@added(LogsResponse)
def describe_query_definitions(self):
    prefix = body(self).get("queryDefinitionNamePrefix", "")
    return json.dumps({"queryDefinitions": [q for q in QUERIES.values() if q["name"].startswith(prefix)]})


@added(LogsResponse)
def delete_query_definition(self):
    return json.dumps({"success": QUERIES.pop(body(self)["queryDefinitionId"], None) is not None})


# moto forgets what it does not use of a service: we give it back as it was asked for.
KEPT = ("alarms", "availabilityZoneRebalancing", "capacityProviderStrategy", "deploymentConfiguration",
        "enableECSManagedTags", "enableExecuteCommand", "healthCheckGracePeriodSeconds")
create_service = EC2ContainerServiceResponse.create_service


def remembering(self):
    asked = body(self)
    answer = create_service(self)
    service = answer.result["service"]
    for key in KEPT:
        if key in asked:
            setattr(service, xform_name(key), asked[key])
    return answer


EC2ContainerServiceResponse.create_service = remembering
update_service = EC2ContainerServiceResponse.update_service


def deploying(self):
    """A new revision is what the service's one deployment runs from then on."""
    answer = update_service(self)
    service = answer.result["service"]
    for deployment in service.deployments or []:
        deployment["taskDefinition"] = service.task_definition
    return answer


EC2ContainerServiceResponse.update_service = deploying


# moto adds to a distribution what AWS does not say of one with a cache policy and a certificate of its own.
behaviour, certificate = DefaultCacheBehaviour.__init__, ViewerCertificate.__init__


def behaving(self, config):
    behaviour(self, config)
    if self.cache_policy_id:
        self.forwarded_values = None


def certified(self, config):
    certificate(self, config)
    if self.acm_certificate_arn:
        self.cloud_front_default_certificate = False


DefaultCacheBehaviour.__init__ = behaving
ViewerCertificate.__init__ = certified

# moto applies a bucket's policy without its conditions, and would refuse all who speak no TLS.
FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL

# What moto lacks is said to be so, once: a 500 would be taken for trouble, and asked again.
call_action = BaseResponse.call_action


def answering(self):
    try:
        return call_action(self)
    except NotImplementedError as error:
        return 501, self.response_headers, json.dumps({"__type": "NotImplemented", "message": str(error)})


BaseResponse.call_action = answering
CALLS = os.environ.get("MOCK_CALLS")


def recorded(self, *_):
    by = re.search(r"Credential=(\w+)/\d+/[\w-]+/([\w-]+)/", self.headers.get("Authorization", ""))
    if CALLS and by:
        with open(CALLS, "a", encoding="utf-8") as file:
            file.write(f"{by[1]} {by[2]}:{self._get_action()}\n")


ActionAuthenticatorMixin._authenticate_and_authorize_action = recorded

mock_codedeploy.install()
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
server.stop()
