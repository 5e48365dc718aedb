"""What template.yaml must keep and cfn-lint does not look at.

Reads the template as CloudFormation will, expanded by the SAM translator, because the permissions of the Function URL
and what both functions share exist only there; cfn-lint reads it once more in this form. Run by `make test`; a skipped
test fails.
"""

import itertools
import json
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from expanded_template import EXPANDED, ROOT, SOURCE, UNEXPANDED
from expanded_template import alarm_on, as_list, only, properties, resolve, resources, statements
from template_storage import TheEvidence, TheTable  # which run here

HOUR, DAY = 60 * 60, 24 * 60 * 60
# How long a reset is tried, and then told of.
(HOURS,) = re.findall(
    r"\bRETRY_WINDOW: Duration = Duration::from_secs\((\d+) \* 60 \* 60\)",
    (ROOT / "src/reset/rules/retry.rs").read_text(encoding="utf-8"),
)
TRIED_FOR = int(HOURS) * HOUR
# SQS delays no message longer.
LONGEST_DELAY = 15 * 60


class TheTemplate(unittest.TestCase):
    def test_cfn_lint_finds_nothing_in_what_it_expands_to_not_even_something_to_note(self):
        with tempfile.TemporaryDirectory() as folder:
            expanded = Path(folder) / "expanded.json"
            expanded.write_text(json.dumps(EXPANDED, indent=1), encoding="utf-8")
            lint = Path(sys.executable).with_name("cfn-lint")
            lint = [lint, "--include-checks", "I", "--", expanded]
            lint = subprocess.run(lint, capture_output=True, text=True, check=False)
        self.assertEqual((lint.returncode, lint.stdout + lint.stderr), (0, ""))

    def test_every_parameter_is_in_a_group_once(self):
        groups = EXPANDED["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        grouped = [parameter for group in groups for parameter in group["Parameters"]]
        self.assertEqual(sorted(grouped), sorted(EXPANDED["Parameters"]))


    def test_what_an_operator_reads_names_who_is_meant_and_fits_into_the_console(self):
        described = {name: parameter["Description"] for name, parameter in EXPANDED["Parameters"].items()}
        described |= {name: output["Description"] for name, output in EXPANDED["Outputs"].items()}
        for name, resource in EXPANDED["Resources"].items():
            if resource["Type"] == "AWS::CloudWatch::Alarm":
                described[name] = resource["Properties"]["AlarmDescription"]
        for name, text in described.items():
            self.assertNotRegex(text.lower(), r"\b(some|any|every|no) ?(body|one)\b|\bwhoever\b", name)
            # CloudFormation's limit is 4,000 for a parameter and 1,024 for an output and an alarm.
            self.assertLessEqual(len(text), 400, name)

    def test_each_function_names_the_package_itself_since_sam_build_rewrites_it_there_alone(self):
        self.assertNotIn("CodeUri", UNEXPANDED["Globals"]["Function"])
        for function in ["Function", "Worker", "DeskFunction"]:
            self.assertEqual(UNEXPANDED["Resources"][function]["Properties"]["CodeUri"], "dist/reregister-mfa.zip")

    def test_a_deployment_without_alarms_is_told_so(self):
        self.assertIn("alarms reach no person", EXPANDED["Parameters"]["AlarmTopicArn"]["Description"])


class TheCommands(unittest.TestCase):
    """FreezeCommand and ThawCommand, as a shell takes them apart."""

    def command(self, output):
        (text,) = EXPANDED["Outputs"][output]["Value"].values()
        return text, shlex.split(text.replace("${AWS::Region}", "eu-west-1").replace("${Worker}", "worker"))

    def assert_sends(self, output, payload):
        text, words = self.command(output)
        self.assertEqual(set(re.findall(r"\$\{(.*?)\}", text)), {"AWS::Region", "Worker"})
        self.assertEqual(words[:3], ["aws", "lambda", "invoke"])
        self.assertEqual(words[-1], "/dev/stdout")
        options = dict(zip(words[3:-1:2], words[4:-1:2]))
        self.assertEqual(
            {name: value for name, value in options.items() if name != "--payload"},
            {"--region": "eu-west-1", "--function-name": "worker", "--cli-binary-format": "raw-in-base64-out"},
        )
        self.assertEqual(json.loads(options["--payload"]), payload)

    def test_one_freezes_all_resets(self):
        self.assert_sends("FreezeCommand", {"freeze": "all", "why": "FreezeCommand of the stack"})

    def test_the_other_thaws_all(self):
        self.assert_sends("ThawCommand", {"thaw": "all"})

    def test_neither_is_a_permission_of_the_stack_who_may_run_them_is_for_the_account(self):
        for permission in resources("AWS::Lambda::Permission"):
            self.assertIn(permission["Properties"]["FunctionName"], [{"Ref": "Function"}, {"Ref": "DeskFunction"}])
        self.assertNotIn("lambda:InvokeFunction", [a for s in statements() for a in as_list(s["Action"])])


class TheDoor(unittest.TestCase):
    def test_each_url_is_public_by_a_literal_none(self):
        self.assertEqual(re.findall(r"^\s*AuthType: (.*)$", SOURCE, re.M), ["NONE", "NONE"])
        self.assertEqual([url["Properties"]["AuthType"] for url in resources("AWS::Lambda::Url")], ["NONE", "NONE"])

    def test_the_public_gets_the_two_permissions_of_each_function_url_and_no_other(self):
        for function in ["Function", "DeskFunction"]:
            of_it = [p for p in resources("AWS::Lambda::Permission") if p["Properties"]["FunctionName"] == {"Ref": function}]
            permissions = {p["Properties"]["Action"]: p["Properties"] for p in of_it}
            self.assertEqual(set(permissions), {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"})
            self.assertEqual(len(of_it), 2)
            self.assertEqual(permissions["lambda:InvokeFunctionUrl"]["FunctionUrlAuthType"], "NONE")

    def test_the_urls_lead_to_their_functions_and_nothing_leads_to_the_worker(self):
        for function in ["Function", "DeskFunction"]:
            self.assertEqual(properties(f"{function}Url")["TargetFunctionArn"], {"Ref": function})
        self.assertEqual(len(resources("AWS::Lambda::Permission")), 4)

    def test_nobody_can_invoke_the_function_past_its_url(self):
        for permission in resources("AWS::Lambda::Permission"):
            if permission["Properties"]["Action"] == "lambda:InvokeFunction":
                self.assertIs(permission["Properties"].get("InvokedViaFunctionUrl"), True)

    def test_browsers_of_other_sites_may_not_read_answers(self):
        for url in resources("AWS::Lambda::Url"):
            self.assertNotIn("Cors", url["Properties"])

    def test_the_outputs_lead_to_the_routes(self):
        routes = {
            "JiraWebhookUrl": "webhooks/jira",
            "JiraAutomationUrl": "webhooks/jira-automation",
            "ServiceNowUrl": "webhooks/servicenow",
            "OnCallUrl": "resets",
            "HealthUrl": "health",
        }
        self.assertEqual(EXPANDED["Outputs"]["PageUrl"]["Value"], {"Fn::GetAtt": ["FunctionUrl", "FunctionUrl"]})
        for output, route in routes.items():
            # A Function URL ends with a slash.
            self.assertEqual(EXPANDED["Outputs"][output]["Value"], {"Fn::Sub": "${FunctionUrl.FunctionUrl}" + route})


class TheRole(unittest.TestCase):
    def test_it_may_do_exactly_this(self):
        self.assertEqual(
            sorted(action for s in statements() for action in as_list(s["Action"])),
            [
                "dynamodb:BatchGetItem",
                "dynamodb:ConditionCheckItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "kms:Decrypt",
                "kms:GenerateDataKey",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
                "s3:PutObject",
                "secretsmanager:GetSecretValue",
                "sns:Publish",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
                "sqs:SendMessage",
                "sts:GetWebIdentityToken",
            ],
        )

    def test_it_is_one_for_all_functions_since_entra_trusts_it_by_its_name(self):
        for function in ["Function", "Worker", "DeskFunction"]:
            self.assertEqual(properties(function)["Role"], {"Fn::GetAtt": ["Role", "Arn"]})
        self.assertEqual(EXPANDED["Outputs"]["RoleArn"]["Value"], {"Fn::GetAtt": ["Role", "Arn"]})

    def test_it_sends_to_and_takes_from_the_wake_queue_alone(self):
        of_sqs = [s for s in statements() if any(a.startswith("sqs:") for a in as_list(s["Action"]))]
        self.assertEqual(len(of_sqs), 2)
        for statement in of_sqs:
            self.assertEqual(statement["Resource"], {"Fn::GetAtt": ["WakeQueue", "Arn"]})

    def test_it_publishes_to_the_security_teams_topic_alone_and_only_if_there_is_one(self):
        (policy,) = only("AWS::IAM::Role")["Properties"]["Policies"]
        (choice,) = [
            s["Fn::If"]
            for s in policy["PolicyDocument"]["Statement"]
            if "Fn::If" in s and s["Fn::If"][1]["Action"] == "sns:Publish"
        ]
        self.assertEqual((choice[0], choice[2]), ("SecurityHasATopic", {"Ref": "AWS::NoValue"}))
        self.assertEqual(choice[1]["Resource"], {"Ref": "SecurityTopicArn"})
        parameters = EXPANDED["Parameters"]
        self.assertEqual(parameters["SecurityTopicArn"]["Default"], "")
        self.assertEqual(
            parameters["SecurityTopicArn"]["AllowedPattern"], parameters["AlarmTopicArn"]["AllowedPattern"]
        )

    def test_no_statement_has_a_wildcard_but_that_about_no_resource_and_that_about_names_of_records(self):
        for statement in statements():
            self.assertNotIn("*", json.dumps(statement["Action"]), statement["Sid"])
            if statement["Action"] not in ("sts:GetWebIdentityToken", "s3:PutObject"):
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

    def test_secret_arns_are_taken_whole_and_never_as_a_prefix_or_are_empty(self):
        parameter = EXPANDED["Parameters"]["SecretArns"]
        self.assertEqual(parameter["Default"], "")
        pattern = re.compile(parameter["AllowedPattern"])
        arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reregister-mfa/jira"
        for right in [arn + "-AbCdEf", ""]:
            self.assertTrue(pattern.search(right), right)
        for wrong in [arn, arn + "-*", arn + "-??????", "*", "CHANGE-ME"]:
            self.assertFalse(pattern.search(wrong), wrong)

    def test_it_reads_the_named_secrets_and_without_any_has_no_such_statement(self):
        arns = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf", "arn:aws:...:secret:b-AbCdEf"]
        key = "arn:aws:kms:eu-west-1:123456789012:key/1"
        self.assertEqual(self.statements_about_secrets(arns, ""), {"ReadSecrets"})
        self.assertEqual(self.statements_about_secrets(arns, key), {"ReadSecrets", "DecryptSecrets"})
        # An empty parameter is a list of one empty text.
        self.assertEqual(self.statements_about_secrets([""], ""), set())
        self.assertEqual(self.statements_about_secrets([""], key), set())

    def statements_about_secrets(self, arns, key):
        """The ids of the statements that are left when CloudFormation has resolved the conditions."""
        parameters = {name: parameter.get("Default", "") for name, parameter in EXPANDED["Parameters"].items()}
        parameters |= {"SecretArns": arns, "SecretsKmsKeyArn": key}
        (policy,) = only("AWS::IAM::Role")["Properties"]["Policies"]
        left = set()
        for statement in policy["PolicyDocument"]["Statement"]:
            if "Fn::If" in statement:
                name, then, otherwise = statement["Fn::If"]
                statement = then if resolve({"Condition": name}, parameters) else otherwise
            left |= {statement["Sid"]} if "Sid" in statement else set()
        self.assertLessEqual({"RememberResets", "SendWakes", "TakeWakes", "WriteLog"}, left)
        return {sid for sid in left if "Secrets" in sid}

    def test_the_key_decrypts_only_through_secrets_manager_and_only_these_secrets(self):
        (decrypt,) = [s for s in statements() if s["Action"] == "kms:Decrypt"]
        wanted = {"kms:ViaService", "kms:EncryptionContext:SecretARN"}
        self.assertEqual(set(decrypt["Condition"]["StringEquals"]), wanted)


class TheFunction(unittest.TestCase):
    def setUp(self):
        self.function = properties("Function")

    def test_it_ends_within_a_minute(self):
        self.assertLessEqual(self.function["Timeout"], 60)

    def test_its_concurrency_is_bounded_and_can_be_set_to_nothing(self):
        self.assertEqual(self.function["ReservedConcurrentExecutions"], {"Ref": "ReservedConcurrency"})
        parameter = EXPANDED["Parameters"]["ReservedConcurrency"]
        self.assertEqual((parameter["Default"], parameter["MinValue"]), (10, 0))

    def test_its_environment_holds_names_and_no_secret(self):
        self.assertEqual(
            self.function["Environment"]["Variables"],
            {
                "POLICY_FILE": "policy.toml",
                "TABLE_NAME": {"Ref": "Table"},
                "QUEUE_URL": {"Ref": "WakeQueue"},
                "SECURITY_TOPIC_ARN": {
                    "Fn::If": ["SecurityHasATopic", {"Ref": "SecurityTopicArn"}, {"Ref": "AWS::NoValue"}]
                },
                "EVIDENCE_BUCKET": {
                    "Fn::If": ["ThereIsEvidence", {"Ref": "EvidenceBucket"}, {"Ref": "AWS::NoValue"}]
                },
            },
        )

    def test_no_trace_keeps_a_second_record(self):
        for function in resources("AWS::Lambda::Function"):
            self.assertNotIn("TracingConfig", function["Properties"])


class TheWorker(unittest.TestCase):
    def setUp(self):
        self.worker = properties("Worker")
        self.events = only("AWS::Lambda::EventSourceMapping")["Properties"]

    def test_it_is_the_same_program_with_the_same_policy_and_table_at_the_other_door(self):
        own = {"FunctionName", "Description", "Timeout", "ReservedConcurrentExecutions", "Environment", "RecursiveLoop"}
        shared = {name: value for name, value in self.worker.items() if name not in own}
        for name in ["Code", "Handler", "Runtime", "Architectures", "MemorySize", "LoggingConfig", "Role"]:
            self.assertIn(name, shared)
        self.assertEqual(shared, {name: value for name, value in properties("Function").items() if name not in own})
        self.assertEqual(
            self.worker["Environment"]["Variables"],
            properties("Function")["Environment"]["Variables"] | {"EVENTS": "queue"},
        )

    def test_it_takes_wakes_one_by_one_and_nothing_else(self):
        self.assertEqual(self.events["FunctionName"], {"Ref": "Worker"})
        self.assertEqual(self.events["EventSourceArn"], {"Fn::GetAtt": ["WakeQueue", "Arn"]})
        self.assertEqual(self.events["BatchSize"], 1)
        # Waiting for a batch to fill, too, would only be waiting.
        self.assertNotIn("MaximumBatchingWindowInSeconds", self.events)

    def test_lambda_takes_no_more_from_the_queue_than_may_run(self):
        concurrency = {"Ref": "WorkerConcurrency"}
        self.assertEqual(self.worker["ReservedConcurrentExecutions"], concurrency)
        self.assertEqual(self.events["ScalingConfig"], {"MaximumConcurrency": concurrency})
        parameter = EXPANDED["Parameters"]["WorkerConcurrency"]
        self.assertEqual((parameter["Default"], parameter["MinValue"]), (5, 2))

    def test_lambda_does_not_take_its_wakes_to_itself_for_a_mistake(self):
        self.assertEqual(self.worker["RecursiveLoop"], "Allow")
        self.assertNotIn("RecursiveLoop", properties("Function"))


class TheDesk(unittest.TestCase):
    def test_it_is_the_same_program_with_a_url_and_a_concurrency_of_its_own(self):
        own = {"FunctionName", "Description", "ReservedConcurrentExecutions"}
        of_desk, of_function = [
            {name: value for name, value in properties(function).items() if name not in own}
            for function in ["DeskFunction", "Function"]
        ]
        self.assertEqual(of_desk, of_function)
        self.assertEqual(properties("DeskFunction")["ReservedConcurrentExecutions"], {"Ref": "DeskConcurrency"})
        self.assertEqual(EXPANDED["Parameters"]["DeskConcurrency"]["Default"], 5)

    def test_nothing_of_it_is_there_unless_it_is_switched_on(self):
        self.assertEqual(EXPANDED["Parameters"]["Desk"]["Default"], "off")
        of_it = [r for name, r in EXPANDED["Resources"].items() if name.startswith("Desk")]
        self.assertEqual(len(of_it), 6)
        for resource in [*of_it, EXPANDED["Outputs"]["DeskUrl"]]:
            self.assertEqual(resource["Condition"], "ThereIsADesk")
        for setting, is_there in [("off", False), ("on", True)]:
            self.assertIs(resolve({"Condition": "ThereIsADesk"}, {"Desk": setting}), is_there)

    def test_its_url_is_its_own(self):
        self.assertEqual(
            EXPANDED["Outputs"]["DeskUrl"]["Value"], {"Fn::Sub": "${DeskFunctionUrl.FunctionUrl}desk"}
        )


class TheQueue(unittest.TestCase):
    def setUp(self):
        self.queue = properties("WakeQueue")
        self.dead_letters = properties("WakeDeadLetters")

    def test_nobody_gets_a_wake_while_a_worker_runs_on_it_or_its_lease_lasts(self):
        source = "".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "src/reset").rglob("*.rs")))
        (margin,) = re.findall(r"\bLEASE_MARGIN: Duration = Duration::from_secs\((\d+)\)", source)
        self.assertGreater(self.queue["VisibilityTimeout"], properties("Worker")["Timeout"] + int(margin))

    def test_an_outage_that_outlasts_the_hours_of_a_reset_makes_no_dead_letters(self):
        redrive = self.queue["RedrivePolicy"]
        self.assertEqual(redrive["deadLetterTargetArn"], {"Fn::GetAtt": ["WakeDeadLetters", "Arn"]})
        self.assertGreaterEqual(redrive["maxReceiveCount"] * self.queue["VisibilityTimeout"], 2 * TRIED_FOR)

    def test_a_wake_outlives_those_hours_and_a_weekend_and_a_dead_letter_outlives_a_wake(self):
        self.assertGreaterEqual(self.queue["MessageRetentionPeriod"], 2 * TRIED_FOR + 3 * DAY)
        # Its age goes on from when it was sent.
        self.assertGreaterEqual(
            self.dead_letters["MessageRetentionPeriod"], self.queue["MessageRetentionPeriod"] + 7 * DAY
        )

    def test_dead_letters_are_those_of_the_wake_queue(self):
        self.assertEqual(
            self.dead_letters["RedriveAllowPolicy"],
            {
                "redrivePermission": "byQueue",
                "sourceQueueArns": [
                    {
                        "Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:"
                        + self.queue["QueueName"]["Fn::Sub"]
                    }
                ],
            },
        )

    def test_it_is_encrypted_at_rest_and_on_the_way(self):
        for queue in resources("AWS::SQS::Queue"):
            self.assertIs(queue["Properties"]["SqsManagedSseEnabled"], True)
        policy = only("AWS::SQS::QueuePolicy")["Properties"]
        self.assertEqual(policy["Queues"], [{"Ref": "WakeQueue"}, {"Ref": "WakeDeadLetters"}])
        # And it lets nobody in.
        (statement,) = policy["PolicyDocument"]["Statement"]
        self.assertEqual((statement["Effect"], statement["Principal"]), ("Deny", "*"))
        self.assertEqual(statement["Condition"], {"Bool": {"aws:SecureTransport": "false"}})

    def test_it_hands_out_messages_in_no_order_since_none_waits_for_another(self):
        for queue in resources("AWS::SQS::Queue"):
            self.assertNotIn("FifoQueue", queue["Properties"])

    def test_the_outputs_lead_to_it_and_to_its_dead_letters(self):
        self.assertEqual(EXPANDED["Outputs"]["WakeQueueUrl"]["Value"], {"Ref": "WakeQueue"})
        self.assertEqual(EXPANDED["Outputs"]["DeadLettersUrl"]["Value"], {"Ref": "WakeDeadLetters"})

    def test_one_dead_letter_raises_an_alarm(self):
        alarm = alarm_on("ApproximateNumberOfMessagesVisible", "WakeDeadLetters")
        self.assertEqual((alarm["Namespace"], alarm["Statistic"], alarm["Threshold"]), ("AWS/SQS", "Maximum", 1))
        self.assertEqual(alarm["ComparisonOperator"], "GreaterThanOrEqualToThreshold")

    def test_a_standstill_raises_an_alarm_while_there_is_time_but_a_delayed_wake_does_not(self):
        alarm = alarm_on("ApproximateAgeOfOldestMessage", "WakeQueue")
        self.assertEqual((alarm["Namespace"], alarm["Statistic"]), ("AWS/SQS", "Maximum"))
        # The first three tries of a wake that was delayed; then SQS leaves it out of the metric.
        self.assertGreater(alarm["Threshold"], LONGEST_DELAY + 3 * self.queue["VisibilityTimeout"])
        self.assertLessEqual(alarm["Threshold"], TRIED_FOR / 2)

    def test_a_worker_or_a_desk_that_fails_or_is_throttled_raises_an_alarm_as_the_function_does(self):
        for metric, other in itertools.product(["Errors", "Throttles"], ["Worker", "DeskFunction"]):
            function, other = dict(alarm_on(metric, "Function")), dict(alarm_on(metric, other))
            for own in ["AlarmDescription", "Dimensions"]:
                self.assertNotEqual(function.pop(own), other.pop(own))
            self.assertEqual(function, other)


class TheLog(unittest.TestCase):
    def test_it_is_kept_for_a_stated_time_and_outlives_the_stack(self):
        group = only("AWS::Logs::LogGroup")
        self.assertEqual(group["Properties"]["RetentionInDays"], {"Ref": "LogRetentionDays"})
        self.assertEqual((group["DeletionPolicy"], group["UpdateReplacePolicy"]), ("Retain", "Retain"))

    def test_all_functions_write_into_it_and_every_filter_reads_it(self):
        for function in resources("AWS::Lambda::Function"):
            self.assertEqual(function["Properties"]["LoggingConfig"]["LogGroup"], {"Ref": "LogGroup"})
        for metric_filter in resources("AWS::Logs::MetricFilter"):
            self.assertEqual(metric_filter["Properties"]["LogGroupName"], {"Ref": "LogGroup"})

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
            if a["Properties"]["Namespace"] not in ("AWS/Lambda", "AWS/SQS")
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
