"""What template.yaml must keep and cfn-lint does not look at.

Reads the template as CloudFormation will, expanded by the SAM translator, because the permissions of the Function URL
exist only there. Run by `make test`; a skipped test fails.
"""

import json
import os
import re
import sys
import unittest
from pathlib import Path

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
SOURCE = (ROOT / "template.yaml").read_text(encoding="utf-8")


class NoManagedPolicies:
    """The translator asks for AWS's managed policies by name; the template uses none."""

    def load(self):
        return {}


def expand():
    template = yaml_parse(SOURCE)
    # The translator takes packages in S3 only, where `sam deploy` puts the zip.
    template["Resources"]["Function"]["Properties"]["CodeUri"] = "s3://bucket/key"
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    return transform(template, {}, NoManagedPolicies())


EXPANDED = expand()


def resources(kind):
    return [r for r in EXPANDED["Resources"].values() if r["Type"] == kind]


def only(kind):
    (resource,) = resources(kind)
    return resource


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements():
    """Every policy statement of the function's role, and what stands inside a condition."""
    (policy,) = only("AWS::IAM::Role")["Properties"]["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        yield statement["Fn::If"][1] if "Fn::If" in statement else statement


class TheDoor(unittest.TestCase):
    def test_the_url_is_public_by_a_literal_none_exactly_once(self):
        self.assertEqual(len(re.findall(r"^\s*AuthType:", SOURCE, re.M)), 1)
        self.assertEqual(only("AWS::Lambda::Url")["Properties"]["AuthType"], "NONE")

    def test_the_public_gets_the_two_permissions_of_a_function_url_and_no_other(self):
        permissions = {p["Properties"]["Action"]: p["Properties"] for p in resources("AWS::Lambda::Permission")}
        self.assertEqual(set(permissions), {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"})
        self.assertEqual(len(resources("AWS::Lambda::Permission")), 2)
        self.assertEqual(permissions["lambda:InvokeFunctionUrl"]["FunctionUrlAuthType"], "NONE")

    def test_nobody_can_invoke_the_function_past_its_url(self):
        for permission in resources("AWS::Lambda::Permission"):
            if permission["Properties"]["Action"] == "lambda:InvokeFunction":
                self.assertIs(permission["Properties"].get("InvokedViaFunctionUrl"), True)

    def test_browsers_of_other_sites_may_not_read_answers(self):
        self.assertNotIn("Cors", only("AWS::Lambda::Url")["Properties"])

    def test_the_outputs_lead_to_the_routes(self):
        routes = {
            "JiraWebhookUrl": "webhooks/jira",
            "JiraAutomationUrl": "webhooks/jira-automation",
            "ServiceNowUrl": "webhooks/servicenow",
            "OnCallUrl": "resets",
            "HealthUrl": "health",
        }
        for output, route in routes.items():
            # A Function URL ends with a slash.
            self.assertEqual(EXPANDED["Outputs"][output]["Value"], {"Fn::Sub": "${FunctionUrl.FunctionUrl}" + route})


class TheRole(unittest.TestCase):
    def test_it_may_do_exactly_this(self):
        self.assertEqual(
            sorted(action for s in statements() for action in as_list(s["Action"])),
            [
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "kms:Decrypt",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
                "secretsmanager:GetSecretValue",
                "sts:GetWebIdentityToken",
            ],
        )

    def test_no_statement_has_a_wildcard_but_the_one_that_is_about_no_resource(self):
        for statement in statements():
            self.assertNotIn("*", json.dumps(statement["Action"]), statement["Sid"])
            if statement["Action"] != "sts:GetWebIdentityToken":
                self.assertNotIn("*", json.dumps(statement["Resource"]), statement["Sid"])

    def test_it_says_who_it_is_only_if_it_is_let_and_to_one_audience_for_five_minutes(self):
        (policy,) = only("AWS::IAM::Role")["Properties"]["Policies"]
        (choice,) = [
            s["Fn::If"]
            for s in policy["PolicyDocument"]["Statement"]
            if "Fn::If" in s and s["Fn::If"][1]["Action"] == "sts:GetWebIdentityToken"
        ]
        self.assertEqual((choice[0], choice[2]), ("EntraTrustsTheRole", {"Ref": "AWS::NoValue"}))
        self.assertEqual(
            choice[1]["Condition"],
            {
                "ForAllValues:StringEquals": {"sts:IdentityTokenAudience": [{"Ref": "FederationAudience"}]},
                "Null": {"sts:IdentityTokenAudience": "false"},
                "StringEquals": {"sts:SigningAlgorithm": "RS256"},
                "NumericLessThanEquals": {"sts:DurationSeconds": 300},
            },
        )
        parameter = EXPANDED["Parameters"]["FederationAudience"]
        self.assertEqual(parameter["Default"], "")
        pattern = re.compile(parameter["AllowedPattern"])
        for audience in ["", "api://AzureADTokenExchange", "api://AzureADTokenExchangeUSGov"]:
            self.assertTrue(pattern.search(audience), audience)
        for wrong in ["*", "api://*", "https://elsewhere.example", "api://a,api://b"]:
            self.assertFalse(pattern.search(wrong), wrong)
        # What the function asks for must be what it may have.
        source = (ROOT / "src/aws/sts.rs").read_text(encoding="utf-8")
        self.assertIn('signing_algorithm("RS256")', source)
        self.assertIn("Duration::from_secs(300)", source)

    def test_it_has_no_managed_policy(self):
        self.assertNotIn("ManagedPolicyArns", only("AWS::IAM::Role")["Properties"])

    def test_secret_arns_are_taken_whole_and_never_as_a_prefix(self):
        pattern = re.compile(EXPANDED["Parameters"]["SecretArns"]["AllowedPattern"])
        arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reregister-mfa/jira"
        self.assertTrue(pattern.search(arn + "-AbCdEf"))
        for wrong in [arn, arn + "-*", arn + "-??????", "*"]:
            self.assertFalse(pattern.search(wrong), wrong)

    def test_the_key_decrypts_only_through_secrets_manager_and_only_these_secrets(self):
        (decrypt,) = [s for s in statements() if s["Action"] == "kms:Decrypt"]
        self.assertEqual(
            set(decrypt["Condition"]["StringEquals"]), {"kms:ViaService", "kms:EncryptionContext:SecretARN"}
        )


class TheTable(unittest.TestCase):
    def test_no_stack_operation_loses_it(self):
        table = only("AWS::DynamoDB::Table")
        self.assertEqual((table["DeletionPolicy"], table["UpdateReplacePolicy"]), ("Retain", "Retain"))
        self.assertIs(table["Properties"]["DeletionProtectionEnabled"], True)

    def test_it_can_be_restored_to_a_point_in_time(self):
        recovery = only("AWS::DynamoDB::Table")["Properties"]["PointInTimeRecoverySpecification"]
        self.assertIs(recovery["PointInTimeRecoveryEnabled"], True)

    def test_it_has_the_key_and_the_expiry_that_the_function_writes(self):
        table = only("AWS::DynamoDB::Table")["Properties"]
        self.assertEqual(table["KeySchema"], [{"AttributeName": "pk", "KeyType": "HASH"}])
        self.assertEqual(table["AttributeDefinitions"], [{"AttributeName": "pk", "AttributeType": "S"}])
        self.assertEqual(table["TimeToLiveSpecification"], {"AttributeName": "expires_at", "Enabled": True})


class TheFunction(unittest.TestCase):
    def setUp(self):
        self.function = only("AWS::Lambda::Function")["Properties"]

    def test_it_ends_within_a_minute(self):
        self.assertLessEqual(self.function["Timeout"], 60)

    def test_its_concurrency_is_bounded_and_can_be_set_to_nothing(self):
        self.assertEqual(self.function["ReservedConcurrentExecutions"], {"Ref": "ReservedConcurrency"})
        parameter = EXPANDED["Parameters"]["ReservedConcurrency"]
        self.assertEqual((parameter["Default"], parameter["MinValue"]), (10, 0))

    def test_its_environment_holds_two_names_and_no_secret(self):
        self.assertEqual(
            self.function["Environment"]["Variables"], {"POLICY_FILE": "policy.toml", "TABLE_NAME": {"Ref": "Table"}}
        )

    def test_no_trace_keeps_a_second_record(self):
        self.assertNotIn("TracingConfig", self.function)


class TheLog(unittest.TestCase):
    def test_it_is_kept_for_a_stated_time_and_outlives_the_stack(self):
        group = only("AWS::Logs::LogGroup")
        self.assertEqual(group["Properties"]["RetentionInDays"], {"Ref": "LogRetentionDays"})
        self.assertEqual((group["DeletionPolicy"], group["UpdateReplacePolicy"]), ("Retain", "Retain"))
        self.assertEqual(only("AWS::Lambda::Function")["Properties"]["LoggingConfig"]["LogGroup"], {"Ref": "LogGroup"})

    def test_no_level_drops_what_the_alarms_count_or_prints_whole_requests(self):
        self.assertEqual(EXPANDED["Parameters"]["LogLevel"]["AllowedValues"], ["INFO", "DEBUG"])

    def test_every_filter_feeds_an_alarm(self):
        filters = [
            (t["MetricNamespace"]["Ref"], t["MetricName"])
            for f in resources("AWS::Logs::MetricFilter")
            for t in f["Properties"]["MetricTransformations"]
        ]
        alarms = [
            (a["Properties"]["Namespace"]["Ref"], a["Properties"]["MetricName"])
            for a in resources("AWS::CloudWatch::Alarm")
            if a["Properties"]["Namespace"] != "AWS/Lambda"
        ]
        self.assertEqual(sorted(filters), sorted(alarms))

    def test_every_alarm_reaches_the_topic(self):
        for alarm in resources("AWS::CloudWatch::Alarm"):
            (action,) = alarm["Properties"]["AlarmActions"]
            self.assertEqual(action["Fn::If"][1], {"Ref": "AlarmTopicArn"})

    def test_every_word_that_a_filter_waits_for_stands_in_the_source(self):
        source = "".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "src").rglob("*.rs")))

        def written(field, word):
            # As a string, or, but for the event itself, as the variant that serde writes in snake case.
            variant = rf"\b{word.title().replace('_', '')}\b"
            return f'"{word}"' in source or (field != "event" and re.search(variant, source))

        for metric_filter in resources("AWS::Logs::MetricFilter"):
            pattern = metric_filter["Properties"]["FilterPattern"]
            for field, word in re.findall(r'\$\.([a-z_]+) = "([a-z_]+)"', pattern):
                self.assertTrue(written(field, word), f"{word} is nowhere in src/, but a filter waits for it: {pattern}")
            for field in re.findall(r"\$\.([a-z_]+)", pattern):
                self.assertTrue(re.search(rf"\b{field}\b", source), f"{field} is nowhere in src/: {pattern}")


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=0).result
    if outcome.skipped:
        print(f"skipped tests count as failures: {outcome.skipped}", file=sys.stderr)
    sys.exit(0 if outcome.wasSuccessful() and not outcome.skipped and outcome.testsRun else 1)
