"""Tests of tools/package.py and of what tools/check_package.py refuses. Run by `make check`; needs Python alone."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import package

TOOLS = Path(__file__).resolve().parent
POLICY = '[issuers.on-call]\nkeys.file = "keys/on-call.jwks.json"\n'
PUBLIC = '{"keys": [{"kty": "EC", "crv": "P-256", "kid": "olga", "x": "x", "y": "y"}]}'
# As much of a program for x86_64 as the check reads.
PROGRAM = b"\x7fELF" + bytes(14) + (62).to_bytes(2, "little") + b"GLIBC_2.34"


class Package(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.built = self.folder / "built.zip"
        with zipfile.ZipFile(self.built, "w") as zipped:
            zipped.writestr(package.entry("bootstrap", 0o755), PROGRAM)
            zipped.writestr("policy.toml", "the policy of the build")
            zipped.writestr("keys/old.jwks.json", PUBLIC)
        self.policy = self.folder / "policy.toml"
        self.policy.write_text(POLICY, encoding="utf-8")
        self.keys = self.folder / "keys"
        self.keys.mkdir()
        (self.keys / "on-call.jwks.json").write_text(PUBLIC, encoding="utf-8")
        self.result = self.folder / "dist/reregister-mfa.zip"

    def package(self, result=None, command=None):
        """What was refused, or None. The policies here are no whole ones, so `reregister check` is a stand-in."""
        silent = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
        with silent[0], silent[1], mock.patch.object(package, "reregister", lambda: command):
            return package.main(str(self.built), str(self.policy), str(self.keys), str(result or self.result))

    def assert_refused(self, words):
        refused = self.package()
        self.assertIsNotNone(refused)
        self.assertIn(words, refused)
        self.assertNotIn("unchecked", refused)
        self.assertEqual(list(self.result.parent.glob("*")), [])

    def test_the_policy_and_the_keys_are_replaced_and_the_program_stays(self):
        self.assertIsNone(self.package())
        with zipfile.ZipFile(self.result) as zipped:
            content = {name: zipped.read(name) for name in zipped.namelist()}
            self.assertTrue((zipped.getinfo("bootstrap").external_attr >> 16) & 0o111)
        self.assertEqual(
            content,
            {"bootstrap": PROGRAM, "policy.toml": POLICY.encode(), "keys/on-call.jwks.json": PUBLIC.encode()},
        )

    def test_the_same_input_gives_the_same_bytes(self):
        (self.keys / "second.jwks.json").write_text(PUBLIC, encoding="utf-8")
        self.assertIsNone(self.package())
        first = self.result.read_bytes()
        # Neither the time, nor who may read a file, nor the package that it was put into before.
        for path in [self.policy, *self.keys.iterdir()]:
            path.chmod(0o600)
            path.touch()
        self.built.write_bytes(first)
        self.assertIsNone(self.package())
        self.assertEqual(self.result.read_bytes(), first)

    def test_a_package_may_be_replaced_in_place_and_stays_as_it_is_when_the_new_one_is_refused(self):
        self.assertIsNone(self.package(self.built))
        before = self.built.read_bytes()
        self.policy.write_text('id = "CHANGE ME"\n', encoding="utf-8")
        self.assertIn("CHANGE ME", self.package(self.built))
        self.assertEqual(self.built.read_bytes(), before)

    def test_private_keys_are_refused_whatever_the_file_is_called_and_however_they_are_written(self):
        pem = "-----BEGIN {}-----\nMHcCAQEE"
        for private in [
            '{"keys": [{"kty": "EC", "d": "secret"}]}',
            '{"keys": [{"kty": "EC", "\\u0064" : "secret"}]}',
            '{"keys": [{"kty": "RSA", "p": "secret"}]}',
            '{"keys": [{"kty": "oct", "k": "secret"}]}',
            '{"kty": "OKP", "d": "secret"}',
            '{"keys": [], "old": {"pair": [{"d": "secret"}]}}',
            *(pem.format(kind) for kind in ["PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "CERTIFICATE"]),
            pem.format("OPENSSH PRIVATE KEY"),
        ]:
            for name in ["private", "private.jwks.json", "deep/er.txt"]:
                file = self.keys / name
                file.parent.mkdir(exist_ok=True)
                file.write_text(private, encoding="utf-8")
                words = "holds PEM" if private.startswith("-----") else "holds a private key"
                self.assert_refused(f"keys/{name} {words}")
                file.unlink()

    def test_of_the_folder_only_key_files_are_packed(self):
        for name in ["README.md", ".DS_Store", "notes.txt", "on-call.jwks.json~", "old.json"]:
            (self.keys / name).write_text("no key", encoding="utf-8")
        said = io.StringIO()
        files = map(str, [self.built, self.policy, self.keys, self.result])
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(said),
            mock.patch.object(package, "reregister", lambda: None),
        ):
            self.assertIsNone(package.main(*files))
        with zipfile.ZipFile(self.result) as zipped:
            packed = {name for name in zipped.namelist() if name.startswith("keys/")}
        self.assertEqual(packed, {"keys/on-call.jwks.json"})
        self.assertIn("keys/notes.txt is not packed", said.getvalue())
        self.assertNotIn("README", said.getvalue())

    def test_what_is_no_jwk_set_of_public_keys_is_refused(self):
        for text in ["", "[]", '{"keys": {}}', '{"keys": ["x"]}', '{"keys": [], "keys": []}', "\ufeff{}"]:
            (self.keys / "second.jwks.json").write_text(text, encoding="utf-8")
            self.assert_refused("keys/second.jwks.json is no JWK Set")

    def test_a_package_that_was_made_otherwise_may_hold_nothing_else_either(self):
        made = self.folder / "made.zip"
        for name, content, words in [
            ("keys/olga.txt", "text", "only key files belong there"),
            ("keys/olga.jwks.json", "-----BEGIN PRIVATE KEY-----", "holds PEM"),
            ("more", "text", "and should hold"),
        ]:
            with zipfile.ZipFile(made, "w") as zipped:
                zipped.writestr(package.entry("bootstrap", 0o755), PROGRAM)
                zipped.writestr("policy.toml", POLICY)
                zipped.writestr(name, content)
            self.assertIn(words, package.check_package.main(str(made)))

    def test_a_policy_with_pem_or_with_a_key_file_of_another_name_is_refused(self):
        self.policy.write_text("# -----BEGIN PRIVATE KEY-----\n", encoding="utf-8")
        self.assert_refused("policy.toml holds PEM")
        self.policy.write_text(POLICY.replace(".jwks.json", ".json"), encoding="utf-8")
        self.assert_refused("names the key file keys/on-call.json")

    def test_what_the_policy_was_shipped_with_is_refused_by_its_line(self):
        policy = '# "CHANGE ME" in a comment is no value\nid = "CHANGE ME: the tenant id"\n'
        self.policy.write_text(policy, encoding="utf-8")
        self.assert_refused("policy.toml, line 2, column 6 still says")

    def test_the_policy_of_the_repository_is_refused_until_it_is_changed(self):
        self.policy.write_bytes((TOOLS.parent / "policy.toml").read_bytes())
        self.assert_refused("policy.toml, line")

    def test_every_spelling_of_what_is_to_be_changed_is_refused(self):
        for value in ["CHANGE-ME", "change me: the id", "CHANGE_ME", "ChangeMe"]:
            self.policy.write_text(f'id = "{value}"\n', encoding="utf-8")
            self.assert_refused("policy.toml, line 1, column 6 still says")

    def test_a_key_file_that_is_missing_is_refused(self):
        (self.keys / "on-call.jwks.json").unlink()
        self.assert_refused("names keys/on-call.jwks.json, which is not there")

    def check_command(self, script):
        """A stand-in for the command."""
        command = self.folder / "reregister"
        command.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        command.chmod(0o755)
        return str(command)

    def test_what_reregister_check_refuses_is_not_packed(self):
        command = self.check_command("cat policy.toml keys/on-call.jwks.json >&2; exit 1")
        refused = self.package(command=command)
        self.assertIn(POLICY.strip(), refused)
        self.assertIn(PUBLIC, refused)
        self.assertTrue(refused.endswith("Nothing was packed."))
        self.assertFalse(self.result.exists())
        self.assertIsNone(self.package(command=self.check_command('test "$1" = check')))
        self.assertTrue(self.result.exists())

    def test_the_command_is_looked_for_on_the_path_and_where_it_is_built(self):
        nowhere = {"PATH": "", "CARGO_TARGET_DIR": str(self.folder)}
        with mock.patch.dict(os.environ, nowhere):
            self.assertIsNone(package.reregister())
            said = io.StringIO()
            with contextlib.redirect_stderr(said):
                self.assertIsNone(package.check_policy({}))
            self.assertEqual(said.getvalue().count("\n"), 1)
            self.assertIn("Run `reregister check policy.toml` first", said.getvalue())
            (self.folder / "debug").mkdir()
            built = self.folder / "debug/reregister"
            Path(self.check_command("exit 0")).rename(built)
            self.assertEqual(package.reregister(), str(built))
        with mock.patch.dict(os.environ, {"PATH": str(built.parent)}):
            self.assertEqual(package.reregister(), str(built))

    def test_what_is_not_there_is_named_with_the_argument_that_names_it(self):
        self.built.write_bytes(b"no zip")
        self.assert_refused_argument("ZIP=…")
        self.policy.unlink()
        self.assert_refused_argument("POLICY=…")
        (self.keys / "on-call.jwks.json").unlink()
        self.keys.rmdir()
        self.assert_refused_argument("KEYS=…")

    def assert_refused_argument(self, words):
        self.assertIn(words, self.package())

    def test_a_link_among_the_keys_is_refused_since_it_may_lead_out_of_the_folder(self):
        (self.keys / "link").symlink_to(self.policy)
        self.assertIn("is a link", self.package())

    def test_without_its_arguments_the_command_says_how_to_call_it(self):
        for built, keys in [("", "keys"), ("built.zip", "")]:
            arguments = [built, "policy.toml", keys, "result.zip"]
            command = [sys.executable, TOOLS / "package.py", *arguments]
            ended = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
            self.assertEqual(ended.returncode, 1)
            self.assertIn("make package ZIP=", ended.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=0)
