//! Published assertions, and what an attacker makes of good ones.

use serde::Deserialize;
use serde_json::{Value, json};
use simulated::approval::{Draft, ON_CALL_AUDIENCE, WEBHOOK_AUDIENCE};
use simulated::passkey::{self as signer, Assertion as Signed, FLAGS_AT};

use super::*;
use crate::approval::jwk::{IssuerKey, VerifyingKey};
use crate::approval::{
    ApprovalError, Audiences, Authentic, InvalidToken, IssuerPolicy, KeySet, authenticate,
    parse_unverified,
};
use crate::ids::Kid;

const NOW: i64 = 1_790_000_000;
const ISS: &str = "https://passkeys.example";
const ORIGIN: &str = "https://mfa.contoso.example";
const OWNER: &str = "megan@contoso.example";

/// The section of the policy with these passkeys.
fn policy(passkeys: &[&signer::Passkey]) -> IssuerPolicy {
    let keys = passkeys.iter().map(|one| (one.kid(), one.policy(OWNER)));
    let section = json!({
        "iss": ISS,
        "keys": { "webauthn": { "rp_id": "mfa.contoso.example", "origin": ORIGIN } },
        "algorithms": ["ES256", "Ed25519", "RS256"],
        "domain": "on-call",
        "key": keys.collect::<std::collections::BTreeMap<_, _>>(),
    });
    serde_json::from_value(section).unwrap()
}

fn verdict_of(policy: &IssuerPolicy, token: &str) -> Result<Authentic, ApprovalError> {
    let at = policy.keys.relying_party().unwrap();
    let keys = KeySet::of_passkeys(policy, at).unwrap();
    let audiences = Audiences {
        webhook: WEBHOOK_AUDIENCE.to_owned(),
        on_call: ON_CALL_AUDIENCE.to_owned(),
        desk: None,
    };
    authenticate(&parse_unverified(token)?, policy, &keys, &audiences)
}

/// What becomes of an approval in which something was changed before the passkey signed.
fn changed(change: impl FnOnce(&mut Signed)) -> Result<(), PasskeyFault> {
    let passkey = signer::Passkey::es256(ISS, "olga-phone", ORIGIN);
    let token = passkey.approve_changed(&draft(), change);
    fault(verdict_of(&policy(&[&passkey]), &token))
}

fn fault(verdict: Result<Authentic, ApprovalError>) -> Result<(), PasskeyFault> {
    match verdict {
        Ok(_) => Ok(()),
        Err(ApprovalError::InvalidToken(InvalidToken::Passkey(fault))) => Err(fault),
        Err(other) => panic!("{other}"),
    }
}

fn draft() -> Draft {
    Draft::new(NOW).audience(ON_CALL_AUDIENCE)
}

fn in_client_data(from: &str, to: &str) -> Result<(), PasskeyFault> {
    changed(|signed| {
        assert!(signed.client_data.contains(from), "{from}");
        signed.client_data = signed.client_data.replace(from, to);
    })
}

fn with_flags(flags: u8) -> Result<(), PasskeyFault> {
    changed(|signed| signed.authenticator_data[FLAGS_AT] = flags)
}

#[test]
fn each_kind_of_passkey_signs_an_approval_like_any_other() {
    for passkey in [
        signer::Passkey::es256(ISS, "olga-phone", ORIGIN),
        signer::Passkey::ed25519(ISS, "olga-phone", ORIGIN),
        signer::Passkey::rs256(ISS, "olga-phone", ORIGIN),
    ] {
        let passkey = passkey.having_signed(7);
        let token = passkey.approve(&draft());
        let approval = verdict_of(&policy(&[&passkey]), &token).unwrap();
        assert_eq!(approval.kid().as_ref(), "olga-phone");
        assert_eq!(approval.owner().unwrap().to_string(), OWNER);
        assert_eq!(approval.domain().as_ref(), "on-call");
        assert_eq!(approval.claims().sub.to_string(), "adele@contoso.example");
        assert_eq!(approval.passkey().unwrap().sign_count, 7);
    }
}

#[test]
fn a_browser_may_add_members_and_leave_out_what_is_optional() {
    assert_eq!(in_client_data(r#","crossOrigin":false"#, ""), Ok(()));
    let more = r#""other_keys_can_be_added_here":"do not compare","type""#;
    assert_eq!(in_client_data(r#""type""#, more), Ok(()));
}

#[test]
fn a_page_of_another_origin_gets_no_approval_signed() {
    for other in [
        "https://mfa.contoso.example.evil.example",
        "https://evil.mfa.contoso.example",
        "https://mfa.contoso.example:8443",
        "http://mfa.contoso.example",
        "https://mfa.contoso.example/",
        "HTTPS://mfa.contoso.example",
        "null",
    ] {
        assert_eq!(in_client_data(ORIGIN, other), Err(PasskeyFault::Origin));
    }
}

#[test]
fn a_passkey_of_another_domain_signs_nothing_here() {
    let other = sha256(b"contoso.example");
    let verdict = changed(|signed| signed.authenticator_data[..32].copy_from_slice(&other));
    assert_eq!(verdict, Err(PasskeyFault::RelyingParty));
}

#[test]
fn an_authenticator_that_has_not_verified_the_person_approves_nothing() {
    let (present, verified) = (signer::USER_PRESENT, signer::USER_VERIFIED);
    assert_eq!(with_flags(present), Err(PasskeyFault::NoVerification));
    assert_eq!(with_flags(verified), Err(PasskeyFault::NoPresence));
    assert_eq!(with_flags(0), Err(PasskeyFault::NoPresence));
}

#[test]
fn a_passkey_that_cannot_be_copied_and_says_that_it_was_is_refused() {
    let person = signer::USER_PRESENT | signer::USER_VERIFIED;
    let backed_up = person | signer::BACKED_UP;
    assert_eq!(with_flags(backed_up), Err(PasskeyFault::Backup));
    assert_eq!(with_flags(backed_up | signer::BACKUP_ELIGIBLE), Ok(()));
    assert_eq!(with_flags(person | signer::BACKUP_ELIGIBLE), Ok(()));
}

#[test]
fn bytes_after_the_data_and_data_that_was_not_asked_for_are_refused() {
    let person = signer::USER_PRESENT | signer::USER_VERIFIED;
    let trailing = changed(|signed| signed.authenticator_data.push(0));
    assert_eq!(trailing, Err(PasskeyFault::Trailing));
    for flag in [signer::ATTESTED_CREDENTIAL, signer::EXTENSIONS] {
        let verdict = changed(|signed| {
            signed.authenticator_data[FLAGS_AT] = person | flag;
            signed.authenticator_data.push(0xa0);
        });
        assert_eq!(verdict, Err(PasskeyFault::MoreData));
    }
    for length in 0..37 {
        let verdict = changed(|signed| signed.authenticator_data.truncate(length));
        assert_eq!(verdict, Err(PasskeyFault::CutOff), "{length}");
    }
}

#[test]
fn what_was_signed_for_another_token_approves_nothing() {
    let passkey = signer::Passkey::es256(ISS, "olga-phone", ORIGIN);
    let policy = policy(&[&passkey]);
    let (token, other) = (passkey.approve(&draft()), passkey.approve(&draft()));
    let (_, signature) = other.rsplit_once('.').unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let verdict = verdict_of(&policy, &format!("{signed}.{signature}"));
    assert_eq!(fault(verdict), Err(PasskeyFault::Challenge));
    // The challenge in another spelling is none either.
    let verdict = passkey.approve_changed(&draft(), |signed| {
        signed.client_data = signed.client_data.replace("\",\"origin", "=\",\"origin");
    });
    assert_eq!(
        fault(verdict_of(&policy, &verdict)),
        Err(PasskeyFault::Challenge)
    );
}

#[test]
fn a_frame_of_another_origin_gets_no_approval_signed() {
    let from = r#""crossOrigin":false"#;
    for to in [
        r#""crossOrigin":true"#,
        r#""crossOrigin":true,"topOrigin":"https://evil.example""#,
        r#""crossOrigin":false,"topOrigin":"https://evil.example""#,
        r#""crossOrigin":false,"topOrigin":null"#,
    ] {
        assert_eq!(in_client_data(from, to), Err(PasskeyFault::CrossOrigin));
    }
}

#[test]
fn a_member_that_comes_twice_in_the_client_data_is_ambiguous_and_refused() {
    for (from, to) in [
        (
            r#""type":"webauthn.get""#,
            r#""type":"webauthn.get","type":"webauthn.get""#,
        ),
        (
            r#""origin":"#,
            r#""origin":"https://evil.example","origin":"#,
        ),
        (r#""crossOrigin":false"#, r#""crossOrigin":null"#),
        (r#""crossOrigin":false"#, r#""crossOrigin":"false""#),
        (
            r#""crossOrigin":false"#,
            r#""crossOrigin":true,"\u0063rossOrigin":false"#,
        ),
        ("{", "\u{feff}{"),
        ("}", "} x"),
        ("{", "[{"),
    ] {
        assert_eq!(
            in_client_data(from, to),
            Err(PasskeyFault::ClientData),
            "{to}"
        );
    }
}

#[test]
fn the_data_of_a_registration_is_no_assertion() {
    let verdict = in_client_data("webauthn.get", "webauthn.create");
    assert_eq!(verdict, Err(PasskeyFault::Type));
    for other in ["payment.get", "WebAuthn.get", ""] {
        let verdict = in_client_data("webauthn.get", other);
        assert_eq!(verdict, Err(PasskeyFault::Type));
    }
}

#[test]
fn a_third_part_of_another_shape_is_refused() {
    let passkey = signer::Passkey::es256(ISS, "olga-phone", ORIGIN);
    let policy = policy(&[&passkey]);
    let token = passkey.approve(&draft());
    let (signed, good) = token.rsplit_once('.').unwrap();
    let good: Value = json::parse(&URL_SAFE_NO_PAD.decode(good).unwrap()).unwrap();
    let long = |bytes| json!(URL_SAFE_NO_PAD.encode(vec![1; bytes]));
    for (name, value, fault_of_it) in [
        ("user_handle", json!("AA"), PasskeyFault::Shape),
        ("signature", Value::Null, PasskeyFault::Shape),
        ("signature", json!("AA=="), PasskeyFault::Shape),
        ("signature", long(1025), PasskeyFault::TooLong("signature")),
        (
            "client_data",
            long(2049),
            PasskeyFault::TooLong("client_data"),
        ),
        (
            "authenticator_data",
            long(257),
            PasskeyFault::TooLong("authenticator_data"),
        ),
    ] {
        let mut part = good.clone();
        part[name] = value;
        let part = URL_SAFE_NO_PAD.encode(part.to_string());
        let verdict = verdict_of(&policy, &format!("{signed}.{part}"));
        assert_eq!(fault(verdict), Err(fault_of_it), "{name}");
    }
    let twice = good.to_string().replacen('{', "{\"signature\":\"AA\",", 1);
    for part in [twice, "{}".to_owned(), "[]".to_owned(), String::new()] {
        let part = URL_SAFE_NO_PAD.encode(part);
        let verdict = verdict_of(&policy, &format!("{signed}.{part}"));
        assert_eq!(fault(verdict), Err(PasskeyFault::Shape));
    }
}

#[test]
fn a_swapped_algorithm_is_refused_whichever_way() {
    let passkey = signer::Passkey::es256(ISS, "olga-phone", ORIGIN);
    let mut pinned = policy(&[&passkey]);
    let algorithm = |verdict: Result<Authentic, ApprovalError>| {
        assert_eq!(
            verdict.err(),
            Some(InvalidToken::Algorithm.into()),
            "the algorithm is that of the key"
        );
    };
    // A passkey never signs a token as a JWS, and its header never says so.
    for alg in ["ES256", "none", "HS256", "webauthn", "WEBAUTHN", ""] {
        let header = json!({"alg": alg, "kid": "olga-phone", "typ": "mfa-approval+jwt"});
        let token = passkey.sign_changed(header, draft().claims(ISS), |_| {});
        algorithm(verdict_of(&pinned, &token));
    }
    // A key of an ordinary issuer is no passkey.
    let issuer = simulated::issuer::Issuer::es256(ISS, "olga-phone");
    let keys = KeySet::parse(issuer.jwks().to_string().as_bytes(), &pinned.algorithms).unwrap();
    let token = passkey.approve(&draft());
    let jws = crate::approval::jws::Jws::parse(&token).unwrap();
    assert_eq!(jws.verify(&keys).err(), Some(InvalidToken::Algorithm));
    // The signature is that of the pinned key, and of no other kind of key.
    let other = signer::Passkey::ed25519(ISS, "olga-phone", ORIGIN);
    let verdict = verdict_of(&pinned, &other.approve(&draft()));
    assert_eq!(fault(verdict), Err(PasskeyFault::Signature));
    // What the issuer does not allow is no key.
    pinned.algorithms = vec![crate::approval::Algorithm::Ed25519];
    let at = pinned.keys.relying_party().unwrap();
    assert!(KeySet::of_passkeys(&pinned, at).is_err());
}

#[test]
fn a_passkey_of_another_issuer_or_under_another_name_signs_nothing() {
    let (olga, ada) = (
        signer::Passkey::es256(ISS, "olga-phone", ORIGIN),
        signer::Passkey::es256(ISS, "ada-phone", ORIGIN),
    );
    let both = policy(&[&olga, &ada]);
    let as_ada = json!({"alg": "WebAuthn", "kid": "ada-phone", "typ": "mfa-approval+jwt"});
    let token = olga.sign_changed(as_ada, draft().claims(ISS), |_| {});
    let verdict = verdict_of(&both, &token);
    assert_eq!(fault(verdict), Err(PasskeyFault::Signature));
    let foreign = signer::Passkey::es256("https://other.example", "olga-phone", ORIGIN);
    let verdict = verdict_of(&both, &foreign.approve(&draft()));
    assert_eq!(verdict.err(), Some(InvalidToken::UnknownIssuer.into()));
}

#[test]
fn how_the_approver_signed_in_is_what_the_authenticator_says_and_not_what_the_page_wrote() {
    let passkey = signer::Passkey::es256(ISS, "olga-phone", ORIGIN);
    let policy = policy(&[&passkey]);
    let draft = draft().claim("amr", json!(["hwk", "mfa"]));
    let signed_in = |flags: u8| {
        let token = passkey.approve_changed(&draft, |signed| {
            signed.authenticator_data[FLAGS_AT] |= flags;
        });
        verdict_of(&policy, &token)
            .unwrap()
            .claims()
            .registered_amr()
    };
    assert_eq!(signed_in(0), ["hwk"]);
    assert_eq!(signed_in(signer::BACKUP_ELIGIBLE), ["swk"]);
}

/// A pair of ceremonies of the specification, both of one passkey.
#[derive(Deserialize)]
struct Vector {
    name: String,
    credential: CredentialId,
    public_key: Value,
    registration: Ceremony,
    authentication: Ceremony,
}

#[derive(Deserialize)]
struct Ceremony {
    challenge: String,
    client_data: String,
    authenticator_data: String,
    #[serde(default)]
    signature: String,
}

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn verify(passkey: &Passkey, ceremony: &Ceremony) -> Result<PasskeyUse, PasskeyFault> {
    let [challenge, data, client, signature] = [
        &ceremony.challenge,
        &ceremony.authenticator_data,
        &ceremony.client_data,
        &ceremony.signature,
    ]
    .map(|text| decoded(text));
    passkey.verify_assertion(&challenge, &data, &client, &signature)
}

#[test]
fn the_vectors_of_the_specification_verify_as_far_as_their_flags_allow() {
    let file = include_str!("../../../tests/data/webauthn/level-3.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let at: RelyingParty = serde_json::from_value(json!({
        "rp_id": file["rp_id"], "origin": file["origin"]
    }))
    .unwrap();
    let allowed = [
        crate::approval::Algorithm::ES256,
        crate::approval::Algorithm::Ed25519,
        crate::approval::Algorithm::RS256,
    ];
    let vectors: Vec<Vector> = serde_json::from_value(file["vectors"].clone()).unwrap();
    let mut lines = Vec::new();
    for vector in vectors {
        let jwk: PasskeyJwk = serde_json::from_value(vector.public_key).unwrap();
        let kid = Kid::try_from("k").unwrap();
        let name = vector.name;
        let key = match IssuerKey::of_passkey(&kid, &jwk, &vector.credential, &at, &allowed) {
            Ok(key) => key,
            Err(why) => {
                lines.push(format!("{name}: {why}"));
                continue;
            }
        };
        let VerifyingKey::Passkey(passkey) = key.verifying else {
            panic!("a passkey");
        };
        let registration = verify(&passkey, &vector.registration);
        assert_eq!(registration, Err(PasskeyFault::Type), "{name}");
        // Most of them were made without a look at the person. Their signatures are good all the same.
        let given = &vector.authentication;
        let client = sha256(&decoded(&given.client_data));
        let signed = [decoded(&given.authenticator_data), client.to_vec()].concat();
        let signature = decoded(&given.signature);
        assert!(passkey.public_key.verifies(&signed, &signature), "{name}");
        for at in 0..signed.len() {
            let mut other = signed.clone();
            other[at] ^= 1;
            assert!(!passkey.public_key.verifies(&other, &signature), "{name}");
        }
        lines.push(match verify(&passkey, given) {
            Ok(_) => format!("{name}: good"),
            Err(fault) => format!("{name}: {fault}"),
        });
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    none-es256: the authenticator did not verify the person (UV)
    packed-self-es256: the authenticator did not verify the person (UV)
    none-es256-crossOrigin: it was signed in a frame of another origin
    none-es256-topOrigin: it was signed in a frame of another origin
    none-es256-long-credential-id: good
    packed-es256: good
    packed-es384: its kty, crv and alg fit no algorithm of the issuer
    packed-es512: its kty, crv and alg fit no algorithm of the issuer
    packed-rs256: the authenticator did not verify the person (UV)
    packed-eddsa: the authenticator did not verify the person (UV)
    packed-ed448: its kty, crv and alg fit no algorithm of the issuer
    tpm-es256: good
    android-key-es256: the authenticator did not verify the person (UV)
    apple-es256: the authenticator did not verify the person (UV)
    fido-u2f-es256: the authenticator did not verify the person (UV)
    "#);
}
