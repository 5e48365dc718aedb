"""What keeps something for long in template.yaml: the table, and the bucket of evidence records. Run by
tools/check_template.py.
"""

import unittest

from expanded_template import EXPANDED, ROOT, as_list, only, properties, resolve, statements


class TheTable(unittest.TestCase):
    def test_no_stack_operation_loses_it(self):
        table = only("AWS::DynamoDB::Table")
        self.assertEqual((table["DeletionPolicy"], table["UpdateReplacePolicy"]), ("Retain", "Retain"))
        self.assertIs(table["Properties"]["DeletionProtectionEnabled"], True)

    def test_it_can_be_restored_to_a_point_in_time(self):
        recovery = only("AWS::DynamoDB::Table")["Properties"]["PointInTimeRecoverySpecification"]
        self.assertIs(recovery["PointInTimeRecoveryEnabled"], True)

    def test_it_has_the_key_and_the_expiry_that_the_function_writes(self):
        table, name = only("AWS::DynamoDB::Table")["Properties"], {"AttributeName": "pk"}
        self.assertEqual(table["KeySchema"], [name | {"KeyType": "HASH"}])
        self.assertEqual(table["AttributeDefinitions"], [name | {"AttributeType": "S"}])
        self.assertEqual(table["TimeToLiveSpecification"], {"AttributeName": "expires_at", "Enabled": True})


class TheEvidence(unittest.TestCase):
    def setUp(self):
        self.bucket = properties("EvidenceBucket")

    def test_nothing_of_it_is_there_unless_it_is_switched_on(self):
        self.assertEqual(EXPANDED["Parameters"]["Evidence"]["Default"], "off")
        of_s3 = [r for r in EXPANDED["Resources"].values() if r["Type"].startswith("AWS::S3::")]
        self.assertEqual(len(of_s3), 2)
        for resource in [*of_s3, EXPANDED["Outputs"]["EvidenceBucketName"]]:
            self.assertEqual(resource["Condition"], "ThereIsEvidence")
        for setting, is_there in [("off", False), ("on", True)]:
            self.assertIs(resolve({"Condition": "ThereIsEvidence"}, {"Evidence": setting}), is_there)
        self.assertEqual(self.statements({}), set())
        self.assertEqual(self.statements({"EvidenceKmsKeyArn": "arn"}), set())
        self.assertEqual(self.statements({"Evidence": "on"}), {"KeepEvidence"})
        both = {"Evidence": "on", "EvidenceKmsKeyArn": "arn"}
        self.assertEqual(self.statements(both), {"KeepEvidence", "EncryptEvidence"})

    def statements(self, given):
        """The ids of the statements about evidence that are left with these parameters."""
        defaults = {name: parameter.get("Default", "") for name, parameter in EXPANDED["Parameters"].items()}
        parameters = defaults | {"SecretArns": [""]} | given
        (policy,) = only("AWS::IAM::Role")["Properties"]["Policies"]
        choices = [s["Fn::If"] for s in policy["PolicyDocument"]["Statement"] if "Fn::If" in s]
        left = {then["Sid"] for name, then, _ in choices if resolve({"Condition": name}, parameters)}
        return {sid for sid in left if "Evidence" in sid}

    def test_the_role_may_write_records_and_nothing_else(self):
        (statement,) = [s for s in statements() if any(a.startswith("s3:") for a in as_list(s["Action"]))]
        self.assertEqual(statement["Action"], "s3:PutObject")
        self.assertEqual(statement["Resource"], {"Fn::Sub": "${EvidenceBucket.Arn}/evidence/*"})
        source = (ROOT / "src/evidence_record/document.rs").read_text(encoding="utf-8")
        self.assertIn('format!("evidence/{}/', source)

    def test_records_are_locked_versioned_encrypted_and_not_public(self):
        self.assertIs(self.bucket["ObjectLockEnabled"], True)
        rule = self.bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
        self.assertEqual(rule, {"Mode": {"Ref": "EvidenceLock"}, "Days": {"Ref": "EvidenceRetentionDays"}})
        self.assertEqual(self.bucket["VersioningConfiguration"], {"Status": "Enabled"})
        (encryption,) = self.bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        self.assertEqual(encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "aws:kms")
        self.assertEqual(set(self.bucket["PublicAccessBlockConfiguration"].values()), {True})
        self.assertEqual(len(self.bucket["PublicAccessBlockConfiguration"]), 4)

    def test_no_stack_operation_loses_them_and_their_end_is_that_of_the_lock(self):
        bucket = only("AWS::S3::Bucket")
        self.assertEqual((bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]), ("Retain", "Retain"))
        (rule,) = self.bucket["LifecycleConfiguration"]["Rules"]
        self.assertEqual(rule["ExpirationInDays"], {"Ref": "EvidenceRetentionDays"})

    def test_its_policy_only_denies_and_demands_tls_and_a_name_that_is_new(self):
        policy = only("AWS::S3::BucketPolicy")["Properties"]["PolicyDocument"]
        self.assertEqual({s["Effect"] for s in policy["Statement"]}, {"Deny"})
        conditions = {s["Sid"]: s["Condition"] for s in policy["Statement"]}
        self.assertEqual(conditions["NotWithoutTls"], {"Bool": {"aws:SecureTransport": "false"}})
        self.assertEqual(conditions["NotOverAnother"], {"Null": {"s3:if-none-match": "true"}})
        source = (ROOT / "src/aws/s3.rs").read_text(encoding="utf-8")
        self.assertIn('("if-none-match", "*")', source)
