//! Changes of a record by an attacker who has the keys of its issuers, and signs anew what they want: what they cannot make
//! is a record in which the signed texts contradict each other, and that verifies all the same.

use reregister_mfa::evidence_record::{
    EvidenceFault, EvidenceRecord, Signatures, SignedPart, verify,
};
use reregister_mfa::ids::Digest;
use serde_json::json;
use simulated::approval::{Draft, evidence};

use super::{kept, reset_on_two_tokens, verified, with_bucket};
use crate::test_app::{ADA, GRACE, SAM, TestApp, VERA, VICTOR};

/// The texts of the two approvals of a Global Administrator, as they are good together.
fn texts(app: &TestApp) -> [Draft; 2] {
    [app.draft(), app.second_draft()].map(|draft| draft.target(GRACE))
}

fn put(part: &mut SignedPart, token: String) {
    part.kept.compact_sha256 = Digest::of(token.as_bytes());
    part.signed = Signatures::Token { token };
}

/// The record with these texts in the place of its own. Who people are by object id stays as it is.
fn signed_anew(record: &EvidenceRecord, app: &TestApp, texts: [Draft; 2]) -> EvidenceRecord {
    let mut forged = record.clone();
    let issuers = [&app.service_desk_issuer, &app.security_issuer];
    let parts = forged.approvals.approvals.iter_mut();
    for ((part, text), issuer) in parts.zip(texts).zip(issuers) {
        let text = text.id(part.id.jti.as_ref());
        put(part, issuer.approve(&text));
    }
    forged
}

fn fault_of(forged: &EvidenceRecord) -> Option<EvidenceFault> {
    verify(forged.text().unwrap().as_bytes()).err()
}

type Change = fn(&TestApp, [Draft; 2]) -> [Draft; 2];

#[tokio::test]
async fn one_name_is_one_account_whatever_object_ids_the_record_has() {
    let (app, archive) = with_bucket().await;
    reset_on_two_tokens(&app).await;
    let record = verified(&kept(&archive)).record;
    assert_eq!(fault_of(&signed_anew(&record, &app, texts(&app))), None);

    let changes: [(&str, Change); 6] = [
        ("the verifier approved", |_, [one, two]| {
            [one.approver(VERA), two]
        }),
        ("the same in capitals", |_, [one, two]| {
            [one.approver(&VERA.to_uppercase()), two]
        }),
        ("one person approved twice", |_, [one, two]| {
            [one, two.approver(SAM)]
        }),
        ("they approved themselves", |_, [one, two]| {
            [one.approver(GRACE), two]
        }),
        ("they verified themselves", |app, [one, two]| {
            [one.verified(GRACE, app.now() - 300), two]
        }),
        (
            "an approver verified in the other one",
            |app, [one, two]| [one.verified(ADA, app.now() - 300), two],
        ),
    ];
    for (what, change) in changes {
        let forged = signed_anew(&record, &app, change(&app, texts(&app)));
        assert_eq!(fault_of(&forged), Some(EvidenceFault::Accounts), "{what}");
    }
    let by_two = |app: &TestApp, [one, two]: [Draft; 2]| {
        let both = [VERA, VICTOR].map(|who| evidence(who, app.now() - 300));
        [one.verification(both), two]
    };
    let mut forged = signed_anew(&record, &app, by_two(&app, texts(&app)));
    let fault = fault_of(&forged);
    assert_eq!(
        fault,
        Some(EvidenceFault::Accounts),
        "two names, one account"
    );
    // With an account for each, it is a record of a reset that could have been.
    let victor = forged.approvals.approvals[1].verifiers[0];
    forged.approvals.approvals[0].verifiers.push(victor);
    assert_eq!(fault_of(&forged), None);
}

#[tokio::test]
async fn two_approvals_that_verify_in_one_way_or_by_text_message_prove_nothing_of_a_privileged_person()
 {
    let (app, archive) = with_bucket().await;
    reset_on_two_tokens(&app).await;
    let record = verified(&kept(&archive)).record;
    let changes: [(Change, &str); 3] = [
        (
            |app, [one, two]| [one, two.verified(VICTOR, app.now() - 300)],
            "a privileged person is verified in two ways",
        ),
        (
            |app, [one, two]| {
                let mut text = evidence(VICTOR, app.now() - 300);
                (text["method"], text["via"]) = (json!("secure_message"), json!("sms"));
                [one, two.verification([text, app.in_person()])]
            },
            "a text message verifies no privileged person",
        ),
        (
            // The phone is lost, so its holder may have answered: it is no second way.
            |app, [one, two]| {
                let mut mobile = evidence(VICTOR, app.now() - 300);
                (mobile["method"], mobile["via"]) = (json!("secure_message"), json!("signal"));
                let desk = evidence(VICTOR, app.now() - 300);
                [one, two.verification([mobile, desk])]
            },
            "a privileged person is verified in two ways",
        ),
    ];
    for (change, what) in changes {
        let forged = signed_anew(&record, &app, change(&app, texts(&app)));
        assert_eq!(fault_of(&forged), Some(EvidenceFault::NotEnough(what)));
    }
}
