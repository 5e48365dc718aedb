//! What signs in, and what only looks like it.

use serde_json::{Value, json};
use simulated::issuer::Issuer;

use super::*;
use crate::approval::{Algorithm, Channel, Evidence, KeySet, PhoneLine, Reason, Scope};
use crate::clock::{self, Timestamp};
use crate::ids::{DraftId, ObjectId, Reference};

const TENANT: &str = "9a2b0000-0000-4000-8000-000000000001";
const CLIENT: &str = "6f1c0000-0000-4000-8000-000000000002";
const VERA: &str = "a1000000-0000-4000-8000-0000000000aa";
const SAM: &str = "a1000000-0000-4000-8000-0000000000bb";
const JANE: &str = "a1000000-0000-4000-8000-0000000000cc";
const NOW: i64 = 1_795_513_500;

fn iss() -> String {
    format!("https://login.example/{TENANT}/v2.0")
}

/// Entra, whose key set says what is changed in it.
struct Entra {
    key: Issuer,
    set: Value,
}

impl Entra {
    fn new() -> Entra {
        let key = Issuer::rs256(&iss(), "key-1");
        let mut set = key.jwks();
        set["keys"][0]["issuer"] = json!("https://login.example/{tenantid}/v2.0");
        set["keys"][0].as_object_mut().unwrap().remove("alg");
        Entra { key, set }
    }

    fn keys(&self) -> KeySet {
        KeySet::parse(self.set.to_string().as_bytes(), &[Algorithm::RS256]).unwrap()
    }

    /// A token as Entra issues it for this person and text.
    fn claims(&self, person: &str, role: &str, nonce: &str) -> Value {
        json!({
            "aud": CLIENT, "iss": iss(), "iat": NOW - 300, "nbf": NOW - 300, "exp": NOW + 3600,
            "acct": 0, "acrs": ["c1"], "aio": "AWQAm", "auth_time": NOW, "name": "Vera Example",
            "nonce": nonce, "oid": person, "preferred_username": "vera@contoso.example", "rh": "1.A",
            "roles": [role], "sid": "00ab", "sub": "kT9", "tid": TENANT, "uti": "Zp0", "ver": "2.0",
        })
    }

    fn sign(&self, claims: Value) -> String {
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": "key-1"});
        self.key.sign(header, claims)
    }
}

fn policy() -> SignInPolicy {
    SignInPolicy {
        iss: iss().try_into().unwrap(),
        tenant: TENANT.parse().unwrap(),
        client_id: CLIENT.to_owned(),
        context: Some("c1".to_owned()),
        audience: "https://mfa.contoso.example/desk".to_owned(),
        privileged: true,
        managers: true,
        alone: None,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn draft(signer: &str, act: Act) -> Draft {
    Draft {
        id: DraftId::random().unwrap(),
        aud: policy().audience,
        tid: policy().tenant,
        signer: signer.parse().unwrap(),
        signed_in_at: at(NOW - 60),
        created_at: at(NOW - 20),
        expires_at: clock::after(at(NOW - 20), DRAFT_LIFETIME),
        about: Subject {
            ticket: "HELP-42".to_owned().try_into().unwrap(),
            target: JANE.parse().unwrap(),
            target_name: "jane.doe@contoso.example".to_owned(),
            scope: Scope::default(),
            reason: Reason::Lost,
        },
        act,
    }
}

fn verify() -> Act {
    let call = Evidence::PhoneCall {
        via: PhoneLine::Desk,
        contact_source: crate::approval::ContactSource::CompanyDirectory,
    };
    Act::Verify {
        evidence: vec![call],
        contacts: Default::default(),
    }
}

fn sign_text(entra: &Entra, text: String, person: &str, role: &str) -> SignedDraft {
    let token = entra.sign(entra.claims(person, role, &nonce(&text)));
    SignedDraft {
        draft: text,
        token: token.into(),
    }
}

fn verification(entra: &Entra) -> SignedDraft {
    let text = draft(VERA, verify()).text().unwrap();
    sign_text(entra, text, VERA, "Verifier")
}

fn approve(verification: &SignedDraft) -> Act {
    Act::Approve {
        channel: Channel::Desk,
        verification: SignedDigest {
            draft: verification.draft.clone(),
            token: verification.token_digest(),
        },
    }
}

/// An approval whose draft is changed before Sam signs it.
fn approval(entra: &Entra, change: impl FnOnce(&mut Draft)) -> (Reference, SignedApproval) {
    let verification = verification(entra);
    let mut draft = draft(SAM, approve(&verification));
    change(&mut draft);
    let reference = Reference::to(draft.id.clone());
    let approval = sign_text(entra, draft.text().unwrap(), SAM, "Approver");
    let signed = SignedApproval {
        approval,
        verification,
    };
    (reference, signed)
}

fn judged(entra: &Entra, (reference, signed): &(Reference, SignedApproval)) -> Option<SignInError> {
    authenticate(reference, signed, &policy(), &entra.keys()).err()
}

#[test]
fn two_people_who_sign_in_for_the_same_text_make_an_approval() {
    let entra = Entra::new();
    let (reference, signed) = approval(&entra, |_| {});
    let authentic = authenticate(&reference, &signed, &policy(), &entra.keys()).unwrap();
    let claims = authentic.claims();
    let verified = &claims.verification[0];
    assert_eq!(claims.act.sub.to_string(), SAM);
    assert_eq!(verified.verified_by.to_string(), VERA);
    assert_eq!(verified.verified_at, at(NOW));
    assert_eq!(claims.sub.to_string(), JANE);
    assert_eq!(authentic.domain().as_ref(), "entra");
    assert_eq!(authentic.compact(), reference.to_string());
    assert!(authentic.check(at(NOW + 60)).is_ok());
    assert!(authentic.check(at(NOW + 16 * 60)).is_err());
}

#[test]
fn each_claim_of_a_token_that_is_another_one_refuses_it() {
    let entra = Entra::new();
    let other = |n: u8| format!("a1000000-0000-4000-8000-0000000000{n:02}");
    for (claim, value, expected) in [
        ("ver", json!("1.0"), SignInError::Foreign("ver")),
        (
            "iss",
            json!("https://login.example/x/v2.0"),
            SignInError::Foreign("iss"),
        ),
        ("tid", json!(other(1)), SignInError::Foreign("tid")),
        ("aud", json!(other(2)), SignInError::Foreign("aud")),
        (
            "aud",
            json!([CLIENT]),
            SignInError::Unreadable("aud".to_owned()),
        ),
        (
            "nonce",
            json!(nonce("another text")),
            SignInError::OtherText,
        ),
        ("nonce", json!(view_nonce("random")), SignInError::OtherText),
        ("nonce", Value::Null, SignInError::OtherText),
        ("acct", json!(1), SignInError::Guest),
        ("acct", Value::Null, SignInError::ClaimNotIssued("acct")),
        (
            "idp",
            json!("https://sts.windows.net/x/"),
            SignInError::Guest,
        ),
        ("oid", json!(other(3)), SignInError::OtherPerson),
        ("oid", Value::Null, SignInError::ClaimMissing("oid")),
        (
            "auth_time",
            Value::Null,
            SignInError::ClaimNotIssued("auth_time"),
        ),
        ("auth_time", json!(NOW - 61), SignInError::NotAnew),
        ("auth_time", json!(NOW - 60), SignInError::NotAnew),
        ("auth_time", json!(NOW + 641), SignInError::NotAnew),
        (
            "roles",
            json!(["Approver"]),
            SignInError::RoleMissing("Verifier"),
        ),
        (
            "roles",
            json!(["verifier"]),
            SignInError::RoleMissing("Verifier"),
        ),
        ("roles", Value::Null, SignInError::RoleMissing("Verifier")),
        ("acrs", json!(["c2"]), SignInError::OutOfContext),
        ("acrs", Value::Null, SignInError::OutOfContext),
    ] {
        let text = draft(VERA, verify()).text().unwrap();
        let mut claims = entra.claims(VERA, "Verifier", &nonce(&text));
        match &value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(claim)),
            value => claims[claim] = value.clone(),
        }
        let signed = SignedDraft {
            draft: text,
            token: entra.sign(claims).into(),
        };
        let result = verify_draft(&signed, &policy(), &entra.keys());
        assert_eq!(result.err(), Some(expected), "{claim} {value}");
    }
}

#[test]
fn a_key_for_personal_accounts_or_without_an_issuer_signs_for_no_tenant() {
    let mut entra = Entra::new();
    let signed = verification(&entra);
    for issuer in [
        json!("https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"),
        json!("https://login.other/{tenantid}/v2.0"),
        Value::Null,
    ] {
        entra.set["keys"][0]["issuer"] = issuer;
        let result = verify_draft(&signed, &policy(), &entra.keys());
        let expected = SignInError::Foreign("the issuer of its key");
        assert_eq!(result.err(), Some(expected));
    }
}

#[test]
fn a_key_that_entra_does_not_list_any_more_is_told_from_a_forgery() {
    let (before, after) = (Entra::new(), Entra::new());
    let signed = verification(&before);
    let mut listed = after.keys();
    let result = verify_draft(&signed, &policy(), &listed);
    assert_eq!(result.err(), Some(InvalidToken::Signature.into()));
    listed = KeySet::parse(br#"{"keys":[]}"#, &[Algorithm::RS256]).unwrap();
    let result = verify_draft(&signed, &policy(), &listed);
    assert_eq!(result.err(), Some(SignInError::UnknownKey));
}

#[test]
fn other_algorithms_and_types_of_token_sign_nothing() {
    let entra = Entra::new();
    let text = draft(VERA, verify()).text().unwrap();
    let claims = || entra.claims(VERA, "Verifier", &nonce(&text));
    for header in [
        json!({"typ": "JWT", "alg": "none", "kid": "key-1"}),
        json!({"typ": "JWT", "alg": "HS256", "kid": "key-1"}),
        json!({"typ": "JWT", "alg": "PS256", "kid": "key-1"}),
        json!({"typ": "at+jwt", "alg": "RS256", "kid": "key-1"}),
        json!({"alg": "RS256", "kid": "key-1"}),
        json!({"typ": "JWT", "alg": "RS256", "kid": "key-1", "jku": "https://evil.example"}),
        json!({"typ": "JWT", "alg": "RS256", "kid": "key-1", "crit": ["b64"]}),
    ] {
        let signed = SignedDraft {
            draft: text.clone(),
            token: entra.key.sign(header.clone(), claims()).into(),
        };
        let result = verify_draft(&signed, &policy(), &entra.keys());
        assert!(matches!(result, Err(SignInError::Token(_))), "{header}");
    }
}

#[test]
fn a_draft_in_another_spelling_or_with_one_byte_changed_is_not_what_was_signed() {
    let entra = Entra::new();
    let good = verification(&entra);
    for text in [
        format!(" {}", good.draft),
        good.draft.replace("HELP-42", "HELP-43"),
        good.draft.replacen("{", r#"{"more":1,"#, 1),
        good.draft.replace("\"lost\"", "\"stolen\""),
    ] {
        let changed = SignedDraft {
            draft: text.clone(),
            token: good.token.clone(),
        };
        let result = verify_draft(&changed, &policy(), &entra.keys());
        let refused = [SignInError::NotADraft, SignInError::OtherText];
        assert!(refused.contains(&result.err().unwrap()), "{text}");
    }
}

#[test]
fn an_approval_for_another_person_ticket_scope_or_deployment_than_was_verified_is_none() {
    let entra = Entra::new();
    type Change = fn(&mut Draft);
    let changes: [(Change, SignInError); 8] = [
        (
            |draft| draft.about.target = VERA.parse().unwrap(),
            SignInError::OtherVerification,
        ),
        (
            |draft| draft.about.ticket = "HELP-43".to_owned().try_into().unwrap(),
            SignInError::OtherVerification,
        ),
        (
            |draft| draft.about.scope.remove_passkeys = true,
            SignInError::OtherVerification,
        ),
        (
            |draft| draft.about.reason = Reason::Other,
            SignInError::OtherVerification,
        ),
        (
            |draft| draft.aud = "https://other.example/desk".to_owned(),
            SignInError::OtherDeployment,
        ),
        (
            |draft| draft.tid = CLIENT.parse().unwrap(),
            SignInError::OtherDeployment,
        ),
        (
            |draft| draft.expires_at = clock::after(draft.created_at, DRAFT_LIFETIME * 2),
            SignInError::NotAnew,
        ),
        (
            |draft| draft.created_at = at(NOW - 4000),
            SignInError::NotAnew,
        ),
    ];
    for (change, expected) in changes {
        let signed = approval(&entra, change);
        assert_eq!(judged(&entra, &signed), Some(expected));
    }
}

#[test]
fn a_sign_in_from_before_the_text_is_not_anew_however_old_the_session_is() {
    let entra = Entra::new();
    let mut draft = draft(VERA, verify());
    draft.signed_in_at = at(NOW - 600);
    let text = draft.text().unwrap();
    for (before, expected) in [(61, Some(SignInError::NotAnew)), (60, None)] {
        let mut claims = entra.claims(VERA, "Verifier", &nonce(&text));
        claims["auth_time"] = json!(draft.created_at.as_second() - before);
        let signed = SignedDraft {
            draft: text.clone(),
            token: entra.sign(claims).into(),
        };
        let judged = verify_draft(&signed, &policy(), &entra.keys());
        assert_eq!(judged.err(), expected, "{before} seconds before");
    }
}

#[test]
fn a_verification_is_no_approval_and_an_approval_is_no_verification() {
    let entra = Entra::new();
    let (reference, signed) = approval(&entra, |_| {});
    let crossed = SignedApproval {
        approval: signed.verification.clone(),
        verification: signed.approval.clone(),
    };
    let twice = SignedApproval {
        approval: signed.approval.clone(),
        verification: signed.approval.clone(),
    };
    let as_approval = SignedApproval {
        approval: signed.verification.clone(),
        verification: signed.verification.clone(),
    };
    for wrong in [crossed, twice, as_approval] {
        let result = authenticate(&reference, &wrong, &policy(), &entra.keys());
        assert_eq!(result.err(), Some(SignInError::OtherKind));
    }
}

#[test]
fn an_approval_on_another_signature_of_the_same_verification_is_none() {
    let entra = Entra::new();
    let (reference, mut signed) = approval(&entra, |_| {});
    let mut claims = entra.claims(VERA, "Verifier", &nonce(&signed.verification.draft));
    claims["uti"] = json!("another token");
    signed.verification.token = entra.sign(claims).into();
    let result = judged(&entra, &(reference, signed));
    assert_eq!(result, Some(SignInError::OtherVerification));
}

#[test]
fn one_person_with_both_roles_cannot_verify_and_approve() {
    let entra = Entra::new();
    let verification = verification(&entra);
    let mut own = draft(SAM, approve(&verification));
    own.signer = VERA.parse::<ObjectId>().unwrap();
    let reference = Reference::to(own.id.clone());
    let approval = sign_text(&entra, own.text().unwrap(), VERA, "Approver");
    let signed = SignedApproval {
        approval,
        verification,
    };
    let result = judged(&entra, &(reference, signed));
    assert_eq!(result, Some(SignInError::OneSigner));
}

#[test]
fn a_reference_to_another_draft_finds_no_approval_in_this_one() {
    let entra = Entra::new();
    let (_, signed) = approval(&entra, |_| {});
    let other = Reference::to(DraftId::random().unwrap());
    let result = judged(&entra, &(other, signed));
    assert_eq!(result, Some(SignInError::OtherVerification));
}

#[test]
fn without_a_context_a_sign_in_counts_for_no_privileged_person() {
    let entra = Entra::new();
    let (reference, signed) = approval(&entra, |_| {});
    let without = SignInPolicy {
        context: None,
        ..policy()
    };
    let authentic = authenticate(&reference, &signed, &without, &entra.keys()).unwrap();
    assert!(!authentic.may_be_for_privileged());
    assert!(!authentic.by_sign_in().unwrap().in_context);
    let authentic = authenticate(&reference, &signed, &policy(), &entra.keys()).unwrap();
    assert!(authentic.may_be_for_privileged());
}

#[test]
fn a_token_is_redeemed_while_it_is_valid_and_not_after() {
    let entra = Entra::new();
    let text = draft(VERA, verify()).text().unwrap();
    let token = entra.sign(entra.claims(VERA, "Verifier", &nonce(&text)));
    let sign_in = SignIn::verify(&token, &entra.keys(), &policy(), &nonce(&text)).unwrap();
    for (now, valid) in [
        (NOW - 61, false),
        (NOW - 60, true),
        (NOW + 3659, true),
        (NOW + 3660, false),
    ] {
        assert_eq!(sign_in.check_validity(at(now)).is_ok(), valid, "{now}");
    }
}

#[test]
fn a_manager_signs_that_they_vouch_and_nothing_besides() {
    let entra = Entra::new();
    let vouches = Evidence::ManagerAttestation {
        contact_source: crate::approval::ContactSource::CompanyDirectory,
    };
    for more in [Evidence::InPerson, vouches] {
        let act = Act::Verify {
            evidence: vec![vouches, more],
            contacts: Default::default(),
        };
        let text = draft(VERA, act).text().unwrap();
        let signed = sign_text(&entra, text, VERA, "Manager");
        let result = verify_draft(&signed, &policy(), &entra.keys());
        assert_eq!(result.err(), Some(SignInError::NotADraft));
    }
}
