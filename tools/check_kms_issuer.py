"""Runs examples/kms-issuer/issuer.py with moto's KMS, and verifies what it signs with PyJWT, which knows nothing of it.

    tools/with-moto .tools/venv/bin/python tools/check_kms_issuer.py [approval.txt jwks.json]

With two names it also writes an approval and the key set there.
"""

import importlib.util
import json
import os
import sys
import time
from pathlib import Path

import boto3
import jwt

MOTO = os.environ["MOTO_URL"]  # and no default: this must never make keys in a real account
ISSUER = Path(__file__).resolve().parent.parent / "examples" / "kms-issuer" / "issuer.py"
APPROVER = "sam.approver@contoso.example"
ROLE = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_MfaApprover_0123456789abcdef"


def load():
    kms = boto3.client("kms", endpoint_url=MOTO)
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    os.environ |= {
        "AWS_ENDPOINT_URL": MOTO,
        "KEY_ID": key,
        "ISS": "https://approvals.contoso.example",
        "AUD": "https://mfa.contoso.example/webhooks",
        "ACCOUNT": "123456789012",
        "PERMISSION_SET": "MfaApprover",
    }
    spec = importlib.util.spec_from_file_location("issuer", ISSUER)
    issuer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(issuer)
    return issuer


def event(arn, body):
    return {
        "isBase64Encoded": False,
        "body": body if isinstance(body, str) else json.dumps(body),
        "requestContext": {"authorizer": {"iam": {"userArn": arn}}},
    }


def main(files):
    issuer = load()
    asked = {
        "target": "jane.doe@contoso.example",
        "ticket": "HELP-42",
        "reason": "lost",
        "verification": [
            {
                "method": "phone_call",
                "via": "desk",
                "contact_source": "company_directory",
                "verified_by": "vera.desk@contoso.example",
                "verified_at": int(time.time()) - 300,
            }
        ],
    }
    (key,) = jwt.PyJWKSet.from_dict(issuer.jwks()).keys
    # r and s have a leading zero, or too few bytes, in one signature of some: sign often enough to see it.
    lengths = set()
    sign = issuer.kms.sign

    def watched(**arguments):
        signed = sign(**arguments)
        lengths.add(len(signed["Signature"]))
        return signed

    issuer.kms.sign = watched
    for _ in range(200):
        reply = issuer.handler(event(f"{ROLE}/{APPROVER}", asked), None)
        assert reply["statusCode"] == 200, reply
        token = json.loads(reply["body"])["approval"]
        header = jwt.get_unverified_header(token)
        assert header == {"alg": "ES256", "kid": key.key_id, "typ": "mfa-approval+jwt"}, header
        claims = jwt.decode(token, key.key, algorithms=["ES256"], audience=os.environ["AUD"], issuer=os.environ["ISS"])
        assert claims["act"] == {"sub": APPROVER} and claims["txn"] == "HELP-42", claims
        assert claims["exp"] - claims["iat"] <= 90 * 60, claims
    assert len(lengths) > 1, lengths

    head, payload, signature = token.split(".")
    for forged in [f"{head}.{payload}x.{signature}", f"{head}.{payload}.{signature[:-2]}AA"]:
        try:
            jwt.decode(forged, key.key, algorithms=["ES256"], audience=os.environ["AUD"])
        except jwt.InvalidTokenError:
            continue
        raise AssertionError("a forged approval was taken")

    strangers = [
        "arn:aws:sts::123456789012:assumed-role/Administrator/" + APPROVER,
        "arn:aws:sts::999999999999:assumed-role/AWSReservedSSO_MfaApprover_0123456789abcdef/" + APPROVER,
        "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_MfaApprover2_0123456789abcdef/" + APPROVER,
        "arn:aws:iam::123456789012:user/" + APPROVER,
    ]
    for arn in strangers:
        assert issuer.handler(event(arn, asked), None)["statusCode"] == 403, arn
    for body in ["", "[]", "{}", {**asked, "act": {"sub": "somebody@else"}}]:
        reply = issuer.handler(event(f"{ROLE}/{APPROVER}", body), None)
        if reply["statusCode"] == 200:
            token = json.loads(reply["body"])["approval"]
            assert jwt.decode(token, options={"verify_signature": False})["act"] == {"sub": APPROVER}
        else:
            assert reply["statusCode"] == 400, reply

    if files:
        Path(files[0]).write_text(token)
        Path(files[1]).write_text(json.dumps(issuer.jwks()))
    print(f"200 approvals of {len(token)} characters, DER signatures of {sorted(lengths)} bytes: PyJWT takes them all")


if __name__ == "__main__":
    main(sys.argv[1:])
