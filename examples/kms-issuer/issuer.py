"""An issuer of approvals whose key never leaves AWS KMS, for service desks whose tools cannot sign.

A Lambda function behind a Function URL with AuthType AWS_IAM; template.yaml beside this file deploys it. Run by hand it
prints its public key as a JWK Set:

    KEY_ID=1234abcd-12ab-34cd-56ef-1234567890ab python3 issuer.py > keys/approvals.jwks.json
"""

import base64
import json
import os
import re
import time
import uuid

import boto3

kms = boto3.client("kms")

# The key's UUID and no alias: it is the kid as well, so a new key has a new one.
KEY = os.environ["KEY_ID"]

# The longest that an approval in a ticket may live. Jira sends a webhook again for up to 75 minutes.
LIFE = 90 * 60


def handler(event, context):
    approver = who_signed(event)
    if not approver:
        return answer(403, {"error": "sign in with the permission set for approvers"})
    body = event.get("body") or ""
    try:
        asked = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
        token = approve(approver, asked)
    except (KeyError, TypeError, ValueError) as error:
        return answer(400, {"error": f"wants target, ticket, reason and verification: {error}"})
    return answer(200, {"approval": token})


def who_signed(event):
    """The user name in IAM Identity Center of the person who signed the request. AWS says it, not the caller.

    Only Identity Center can assume an AWSReservedSSO role, and it makes the user name the session's name.
    """
    arn = event["requestContext"]["authorizer"]["iam"]["userArn"]
    role = f"arn:aws:sts::{os.environ['ACCOUNT']}:assumed-role/AWSReservedSSO_{os.environ['PERMISSION_SET']}_[0-9a-f]+"
    match = re.fullmatch(f"{role}/(.+)", arn)
    return match and match[1]


def approve(approver, asked):
    """A compact JWS. What the approver attests comes from them; what identifies them and the approval does not."""
    now = int(time.time())
    header = {"alg": "ES256", "kid": KEY, "typ": "mfa-approval+jwt"}
    claims = {
        "iss": os.environ["ISS"],
        "aud": os.environ["AUD"],
        "iat": now,
        "exp": now + LIFE,
        "jti": str(uuid.uuid4()),
        "act": {"sub": approver},
        "sub": asked["target"],
        "txn": asked["ticket"],
        "reason": asked["reason"],
        "scope": asked.get("scope", "mfa:reregister"),
        "verification": asked["verification"],
    }
    signed = b".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    # RAW: KMS hashes it, up to 4 KiB.
    signature = kms.sign(KeyId=KEY, Message=signed, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    return (signed + b"." + encode(r_and_s(signature))).decode()


def r_and_s(der):
    """KMS gives a signature as ASN.1, a sequence of two integers; a JWS wants 32 bytes of each (RFC 7518, 3.4)."""
    end_of_r = 4 + der[3]
    r, s = der[4:end_of_r], der[end_of_r + 2 :]
    return b"".join(int.from_bytes(part, "big").to_bytes(32, "big") for part in (r, s))


def jwks():
    """The public key. In its ASN.1 form the last 64 bytes are x and y (RFC 5480, section 2.2)."""
    der = kms.get_public_key(KeyId=KEY)["PublicKey"]
    x, y = encode(der[-64:-32]).decode(), encode(der[-32:]).decode()
    key = {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": KEY, "alg": "ES256", "use": "sig"}
    return {"keys": [key]}


def encode(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def answer(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}


if __name__ == "__main__":
    print(json.dumps(jwks(), indent=2))
