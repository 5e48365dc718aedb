"""A second implementation of WebAuthn, Yubico's fido2, on the assertions that tests/passkeys.rs makes: a line of JSON for
each on standard input, and on standard output whether it accepts it."""

import json
import sys

from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode
from fido2.webauthn import (
    Aaguid,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorAssertionResponse,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)


def cose(jwk):
    """RFC 9053: the same key in COSE."""
    member = {name: websafe_decode(jwk[name]) for name in "xyne" if name in jwk}
    if jwk["alg"] == "ES256":
        return {1: 2, 3: -7, -1: 1, -2: member["x"], -3: member["y"]}
    if jwk["alg"] == "Ed25519":
        return {1: 1, 3: -8, -1: 6, -2: member["x"]}
    return {1: 3, 3: -257, -1: member["n"], -2: member["e"]}


def accepts(case):
    rp = PublicKeyCredentialRpEntity(id=case["rp_id"], name="MFA resets")
    server = Fido2Server(rp, verify_origin=lambda origin: origin == case["origin"])
    credential = AttestedCredentialData.create(Aaguid.NONE, b"0123456789abcdef", CoseKey.parse(cose(case["jwk"])))
    state = {"challenge": case["challenge"], "user_verification": UserVerificationRequirement.REQUIRED}
    response = AuthenticationResponse(
        raw_id=b"0123456789abcdef",
        response=AuthenticatorAssertionResponse(
            client_data=websafe_decode(case["client_data"]),
            authenticator_data=websafe_decode(case["authenticator_data"]),
            signature=websafe_decode(case["signature"]),
        ),
    )
    server.authenticate_complete(state, [credential], response)


for line in sys.stdin:
    try:
        accepts(json.loads(line))
        print("accepted")
    except Exception as error:
        print(f"{type(error).__name__}: {error}".replace("\n", " "))
