"""A person signs in to an app that uses Microsoft's own client, msal, at the simulated tenant, which tests/microsoft.rs
starts and describes in the environment. msal makes PKCE, state and nonce, and checks state and nonce."""

import json
import logging
import os
import re
import sys
import unittest
from html import unescape
from urllib.parse import parse_qsl, urljoin, urlsplit

import msal
import requests

BASE = os.environ["BASE_URL"]
TENANT = os.environ["TENANT"]
APP = os.environ["SIGN_APP"]
SECRET = os.environ["SIGN_SECRET"]
REDIRECT_URI = os.environ["REDIRECT_URI"]
PERSON = os.environ["PERSON"]
CONTEXT = json.dumps({"id_token": {"acrs": {"essential": True, "value": "c1"}}})


def app(credential):
    """Without the discovery of instances, in which msal asks Microsoft whether this login is Microsoft's."""
    return msal.ConfidentialClientApplication(
        APP,
        client_credential=credential,
        authority=f"{BASE}/{TENANT}",
        instance_discovery=False,
    )


def followed(uri, label):
    """What the app gets after the button with this label, which stands in a form."""
    page = requests.get(uri, allow_redirects=False)
    assert page.status_code == 200, page.text
    form = re.search(r'<form method="post" action="([^"]+)">(.*?)</form>', page.text)
    button = re.search(rf'<button name="([^"]+)" value="([^"]+)"[^>]*>{label}<', form[2])
    action = urljoin(uri, unescape(form[1]))
    answer = requests.post(action, data={button[1]: button[2]}, allow_redirects=False)
    assert answer.status_code == 302, answer.text
    location = answer.headers["location"]
    assert location.startswith(REDIRECT_URI + "?"), location
    return dict(parse_qsl(urlsplit(location).query))


class APersonSignsIn(unittest.TestCase):
    def signed_in(self, credential, change=None):
        client = app(credential)
        flow = client.initiate_auth_code_flow(
            scopes=[], redirect_uri=REDIRECT_URI, prompt="login", login_hint=PERSON, claims_challenge=CONTEXT
        )
        answer = followed(flow["auth_uri"], "Sign in as Adele Vance")
        if change:
            change(flow, answer)
        return client.acquire_token_by_auth_code_flow(flow, answer)

    def test_with_a_secret(self):
        result = self.signed_in(SECRET)
        claims = result["id_token_claims"]
        self.assertEqual((claims["roles"], claims["acrs"], claims["ver"]), (["Verifier"], ["c1"], "2.0"))
        self.assertEqual(claims["preferred_username"], PERSON)
        self.assertNotIn("refresh_token", result)

    def test_with_a_certificate(self):
        with open(os.environ["APP_CERTIFICATE"]) as file:
            pem = file.read()
        result = self.signed_in({"private_key": pem, "public_certificate": pem})
        self.assertEqual(result["id_token_claims"]["aud"], APP)

    def test_but_not_with_a_wrong_secret(self):
        result = self.signed_in("wrong")
        self.assertEqual((result["error"], result["error_codes"]), ("invalid_client", [7000215]))

    def test_but_not_with_the_state_of_another_flow(self):
        def other_state(flow, _answer):
            flow["state"] = "other"

        with self.assertRaisesRegex(ValueError, "state mismatch"):
            self.signed_in(SECRET, other_state)

    def test_but_not_with_the_nonce_of_another_flow(self):
        def other_nonce(flow, _answer):
            flow["nonce"] = "other"

        with self.assertRaisesRegex(Exception, "nonce"):
            self.signed_in(SECRET, other_nonce)

    def test_but_not_with_the_verifier_of_another_flow(self):
        def other_verifier(flow, _answer):
            flow["code_verifier"] = "o" * 43

        result = self.signed_in(SECRET, other_verifier)
        self.assertEqual((result["error"], result["error_codes"]), ("invalid_grant", [501481]))

    def test_or_cancels(self):
        client = app(SECRET)
        flow = client.initiate_auth_code_flow(scopes=[], redirect_uri=REDIRECT_URI)
        result = client.acquire_token_by_auth_code_flow(flow, followed(flow["auth_uri"], "Cancel"))
        self.assertEqual(result["error"], "access_denied")


if __name__ == "__main__":
    # What goes wrong is in the exceptions already.
    logging.disable()
    result = unittest.main(exit=False, verbosity=2, warnings="ignore").result
    # A test that was skipped has shown nothing.
    sys.exit(not result.wasSuccessful() or result.testsRun == 0 or bool(result.skipped))
