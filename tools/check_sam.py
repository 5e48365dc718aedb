"""Whether `sam` deploys the same, in each of the ways that people type it.

Run by `make test` through tools/with-moto, with the AWS SAM CLI of .tools/sam. What can be shown without AWS: the
commands end well, ask what samconfig.toml says they ask, and hand CloudFormation the same template, zip and parameters.
moto makes a change set and a stack of them, but does not expand AWS::Serverless: what the template expands to is for
tools/check_template.py.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parent.parent
SAM = ROOT / ".tools/sam/bin/sam"
TEMPLATE = (ROOT / "template.yaml").read_text(encoding="utf-8")
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:reregister-mfa/graph-AbCdEf"
# moto finds a template in a bucket at localhost, and not at 127.0.0.1.
ENDPOINT = os.environ["MOTO_URL"].replace("127.0.0.1", "localhost")

cloudformation = boto3.client("cloudformation", endpoint_url=ENDPOINT)

# The stack that SAM makes once for its bucket. moto does not make the outputs of one that comes by a change set.
cloudformation.create_stack(
    StackName="aws-sam-cli-managed-default",
    Tags=[{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
    TemplateBody=json.dumps(
        {
            "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "packages"}}},
            "Outputs": {"SourceBucket": {"Value": {"Ref": "Bucket"}}},
        }
    ),
)


class Checkout:
    """A folder with what `sam` reads, in which a zip was made with `make release`."""

    def __init__(self, folder):
        self.folder = Path(folder)
        for name in ["template.yaml", "samconfig.toml"]:
            shutil.copy(ROOT / name, self.folder)
        (self.folder / "dist").mkdir()
        with zipfile.ZipFile(self.folder / "dist/reregister-mfa.zip", "w") as package:
            package.writestr("bootstrap", "a stand-in: SAM does not look into it")

    def set_secrets(self, line):
        """What the file asks for before the first deployment."""
        config = self.folder / "samconfig.toml"
        text = config.read_text(encoding="utf-8")
        changed = text.replace('"SecretArns=CHANGE-ME",', line)
        assert changed != text
        config.write_text(changed, encoding="utf-8")

    def sam(self, *arguments, answers=()):
        """The end of a command, as (code, output)."""
        environment = os.environ | {
            "AWS_ENDPOINT_URL": ENDPOINT,
            # SAM keeps notes in the home folder, and asks PyPI for its newest version: not here.
            "HOME": str(self.folder),
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.2",
        }
        ended = subprocess.run(
            [SAM, *arguments],
            cwd=self.folder,
            env=environment,
            input="".join(f"{answer}\n" for answer in answers),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return ended.returncode, ended.stdout


def deployed(stack):
    """What CloudFormation was given: the template, with the zip in S3, and the parameters."""
    body = str(cloudformation.get_template(StackName=stack)["TemplateBody"])
    # The key of the zip is its digest. Guided, SAM puts it into a folder with the name of the stack.
    body = body.replace(f"s3://packages/{stack}/", "s3://packages/")
    (description,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return body, {p["ParameterKey"]: p["ParameterValue"] for p in description["Parameters"]}


class Sam(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.checkout = Checkout(folder.name)

    def run_well(self, *arguments, answers=()):
        code, output = self.checkout.sam(*arguments, answers=answers)
        self.assertEqual(code, 0, output)
        return output

    def test_every_way_to_deploy_hands_over_the_same_template_zip_and_parameters(self):
        self.checkout.set_secrets(f'"SecretArns={ARN}",')
        # After `make release`, samconfig.toml alone. "y" is for its change set.
        output = self.run_well("deploy", "--stack-name", "plain", answers=["y"])
        self.assertIn("Deploy this changeset? [y/N]", output)
        self.assertNotIn("no authentication", output)

        self.run_well("build")
        self.run_well("deploy", "--stack-name", "built", answers=["y"])
        # As `sam deploy` would without `template_file` in samconfig.toml.
        config = self.checkout.folder / "samconfig.toml"
        copy = ["--template", ".aws-sam/build/template.yaml", "--config-file", str(config)]
        self.run_well("deploy", "--stack-name", "copied", *copy, answers=["y"])

        parameters = re.findall(r"^  \w+:$", TEMPLATE.split("\nParameters:\n")[1].split("\nConditions:\n")[0], re.M)
        answers = ["guided", "eu-west-1", *("" for _ in parameters)]
        # Confirm changes before deploy; allow role creation; disable rollback; no authentication, and the same for the
        # desk, although it is off; save; the change set
        answers += ["", "", "", "y", "y", "n", "y"]
        output = self.run_well("deploy", "--guided", answers=answers)
        for function in ["Function", "DeskFunction"]:
            self.assertIn(f"{function} Function Url has no authentication. Is this okay?", output)

        expected_template, expected_parameters = deployed("plain")
        self.assertIn(ARN, expected_parameters["SecretArns"])
        for stack in ["built", "copied", "guided"]:
            template, parameters = deployed(stack)
            self.assertEqual(template, expected_template, stack)
            self.assertEqual(parameters, expected_parameters, stack)
        # All functions, from one zip.
        self.assertEqual(len(re.findall(r"CodeUri: s3://packages/\S+", expected_template)), 3)
        self.assertEqual(len(set(re.findall(r"CodeUri: s3://packages/(\S+)", expected_template))), 1)

    def test_a_template_that_was_changed_after_sam_build_is_the_one_that_is_deployed(self):
        self.checkout.set_secrets("")
        self.run_well("build")
        template = self.checkout.folder / "template.yaml"
        text = template.read_text(encoding="utf-8").replace("Default: 400", "Default: 90")
        template.write_text(text, encoding="utf-8")
        self.run_well("deploy", "--stack-name", "changed", "--no-confirm-changeset")
        _, parameters = deployed("changed")
        self.assertEqual((parameters["LogRetentionDays"], parameters["SecretArns"]), ("90", ""))

    def test_guided_stops_where_samconfig_says_that_it_stops(self):
        parameters = len(re.findall(r"^  \w+:\n    Type: ", TEMPLATE.split("\nConditions:\n")[0], re.M))
        code, output = self.checkout.sam("deploy", "--guided", answers=[""] * (2 + parameters + 3 + 1))
        self.assertEqual(code, 1)
        config = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
        question = "Function Function Url has no authentication. Is this okay?"
        for words in [question, "Security Constraints Not Satisfied!"]:
            self.assertIn(words, output)
            self.assertIn(words, config)

    def test_a_zip_that_was_not_made_is_named(self):
        (self.checkout.folder / "dist/reregister-mfa.zip").unlink()
        code, output = self.checkout.sam("deploy", "--no-confirm-changeset")
        self.assertEqual(code, 1)
        self.assertRegex(output, r"does not exist \S+/dist/reregister-mfa\.zip")

    def test_the_template_is_valid_to_sam_and_its_linter(self):
        self.assertIn("is a valid SAM Template", self.run_well("validate"))

    def test_secrets_have_to_be_named_or_left_out_before_the_first_deployment(self):
        config = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
        (placeholder,) = re.findall(r'^    "SecretArns=(.*)",$', config, re.M)
        (pattern,) = re.findall(r"AllowedPattern: (\^\(arn:aws\[a-z-\]\*:secretsmanager\S+)", TEMPLATE)
        self.assertIsNone(re.search(pattern, placeholder))


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=0).result
    if outcome.skipped:
        print(f"skipped tests count as failures: {outcome.skipped}", file=sys.stderr)
    sys.exit(0 if outcome.wasSuccessful() and not outcome.skipped and outcome.testsRun else 1)
