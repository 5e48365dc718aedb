"""template.yaml as CloudFormation will read it, expanded by the SAM translator, for tools/check_template.py."""

import copy
import os
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
SOURCE = (ROOT / "template.yaml").read_text(encoding="utf-8")
UNEXPANDED = yaml_parse(SOURCE)


class NoManagedPolicies:
    """The translator asks for AWS's managed policies by name; the template uses none."""

    def load(self):
        return {}


def expand():
    template = copy.deepcopy(UNEXPANDED)
    # The translator takes packages in S3 only, where `sam deploy` puts the zip.
    for function in ["Function", "Worker", "DeskFunction"]:
        template["Resources"][function]["Properties"]["CodeUri"] = "s3://bucket/key"
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    return transform(template, {}, NoManagedPolicies())


EXPANDED = expand()


def resources(kind):
    return [r for r in EXPANDED["Resources"].values() if r["Type"] == kind]


def only(kind):
    (resource,) = resources(kind)
    return resource


def properties(name):
    """Of one resource, by its name in the template."""
    return EXPANDED["Resources"][name]["Properties"]


def alarm_on(metric, resource):
    """The one alarm that watches this metric of AWS's own of this function or queue."""
    watched = [{"Ref": resource}, {"Fn::GetAtt": [resource, "QueueName"]}]
    (alarm,) = [
        alarm["Properties"]
        for alarm in resources("AWS::CloudWatch::Alarm")
        if alarm["Properties"]["MetricName"] == metric
        and any(dimension["Value"] in watched for dimension in alarm["Properties"].get("Dimensions", []))
    ]
    return alarm


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements():
    """Every policy statement of the role, and what stands inside a condition."""
    (policy,) = only("AWS::IAM::Role")["Properties"]["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def resolve(value, parameters):
    """A condition as CloudFormation resolves it, with the functions that the template uses."""
    if not isinstance(value, dict):
        return value
    ((function, arguments),) = value.items()
    if function == "Condition":
        return resolve(EXPANDED["Conditions"][arguments], parameters)
    if function == "Ref":
        return parameters[arguments]
    if function == "Fn::Join":
        return arguments[0].join(resolve(arguments[1], parameters))
    known = {"Fn::Not": lambda given: not given[0], "Fn::Equals": lambda given: given[0] == given[1], "Fn::And": all}
    return known[function]([resolve(argument, parameters) for argument in arguments])
