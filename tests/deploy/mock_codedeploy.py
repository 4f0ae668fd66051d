# SPDX-License-Identifier: Apache-2.0
"""CodeDeploy's applications and deployment groups for the mock AWS: moto's forget most of what they
are asked for, and cannot be deleted."""
import json
import time
import uuid

from moto.codedeploy.responses import CodeDeployResponse
from moto.core.exceptions import JsonRESTError

APPLICATIONS, GROUPS, TAGS = {}, {}, {}


def asked(self):
    return json.loads(self.body or "{}")


def found(where, key, error):
    if key not in where:
        raise JsonRESTError(error, f"there is no {key}")
    return where[key]


def tag(what, tags):
    """What is behind the account in the ARN is enough to know it by."""
    TAGS.setdefault(what, {}).update({t["Key"]: t["Value"] for t in tags})


def create_application(self):
    name = asked(self)["applicationName"]
    tag(f"application:{name}", asked(self).get("tags", []))
    APPLICATIONS[name] = {"applicationId": str(uuid.uuid4()), "applicationName": name, "createTime": time.time(),
                          "computePlatform": asked(self).get("computePlatform", "Server"), "linkedToGitHub": False}
    return json.dumps({"applicationId": APPLICATIONS[name]["applicationId"]})


def get_application(self):
    return json.dumps({"application": found(APPLICATIONS, asked(self)["applicationName"], "ApplicationDoesNotExistException")})


def list_applications(self):
    return json.dumps({"applications": sorted(APPLICATIONS)})


def delete_application(self):
    APPLICATIONS.pop(asked(self)["applicationName"], None)
    return "{}"


def key_of(words):
    return words["applicationName"], words.get("deploymentGroupName") or words["currentDeploymentGroupName"]


def create_deployment_group(self):
    words = asked(self)
    platform = found(APPLICATIONS, words["applicationName"], "ApplicationDoesNotExistException")["computePlatform"]
    GROUPS[key_of(words)] = {**{k: v for k, v in words.items() if k != "tags"}, "computePlatform": platform,
                             "deploymentGroupId": str(uuid.uuid4())}
    tag(f"deploymentgroup:{'/'.join(key_of(words))}", words.get("tags", []))
    return json.dumps({"deploymentGroupId": GROUPS[key_of(words)]["deploymentGroupId"]})


def get_deployment_group(self):
    return json.dumps({"deploymentGroupInfo": found(GROUPS, key_of(asked(self)), "DeploymentGroupDoesNotExistException")})


def delete_deployment_group(self):
    GROUPS.pop(key_of(asked(self)), None)
    return json.dumps({"hooksNotCleanedUp": []})


def list_tags_for_resource(self):
    tags = TAGS.get(asked(self)["ResourceArn"].split(":", 5)[5], {})
    return json.dumps({"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})


def tag_resource(self):
    tag(asked(self)["ResourceArn"].split(":", 5)[5], asked(self)["Tags"])
    return "{}"


def install():
    for action in (create_application, get_application, list_applications, delete_application, create_deployment_group,
                   get_deployment_group, delete_deployment_group, list_tags_for_resource, tag_resource):
        setattr(CodeDeployResponse, action.__name__, action)
