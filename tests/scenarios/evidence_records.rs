//! What an auditor gets of a reset: a record that is verified when all keys have changed, and in which each change is
//! found.

mod forgeries;
mod signed_anew;

use std::sync::Arc;
use std::time::Duration;

use reregister_mfa::approval::{KeptFault, LastDigits, PublicJwk};
use reregister_mfa::evidence_record::{
    CanRegisterNow, EvidenceFault, EvidenceRecord, Trail, TrailFault, Verified, verify,
};
use reregister_mfa::reset::Event;
use reregister_mfa::reset::ports::Wake;
use serde_json::{Value, json};
use simulated::entra::OldKey;

use crate::desk::{self, Browser, same, with_desk_and};
use crate::memory::MemoryEvidence;
use crate::passkeys;
use crate::test_app::{ADA, ADELE, Document, GRACE, JANE, Overrides, SAM, TestApp, VERA, VICTOR};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The product with a desk and a bucket.
async fn with_bucket() -> (TestApp, Arc<MemoryEvidence>) {
    with_bucket_and(same).await
}

async fn with_bucket_and(
    change: impl FnOnce(Document) -> Document,
) -> (TestApp, Arc<MemoryEvidence>) {
    let evidence = Arc::new(MemoryEvidence::default());
    let overrides = Overrides {
        evidence: Some(evidence.clone()),
        ..Overrides::default()
    };
    (with_desk_and(change, overrides).await, evidence)
}

/// The only record.
fn kept(evidence: &MemoryEvidence) -> String {
    let documents = evidence.documents();
    assert_eq!(documents.len(), 1, "{:?}", documents.keys());
    documents.into_values().next().unwrap()
}

/// The audit trail, as it is exported from the log.
fn trail_lines(app: &TestApp) -> String {
    let lines = app.trail.events().into_iter();
    let lines = lines.map(|event| serde_json::to_string(&event).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

async fn reset_at_desk(app: &TestApp) {
    let case = Browser::of(app, VERA).await.verify(JANE).await;
    let done = Browser::of(app, SAM).await.approve(&case).await;
    assert_eq!(done.state(), "completed", "{}", done.json);
    app.work().await;
}

async fn reset_on_two_tokens(app: &TestApp) {
    let first = app.draft().target(GRACE);
    let done = app
        .reset_on_two(first, app.second_draft().target(GRACE))
        .await;
    assert_eq!(done.state(), "completed", "{}", done.json);
}

/// A record of a reset at the desk, and what the audit trail says of it.
async fn record_of_desk() -> (String, Trail) {
    let (app, evidence) = with_bucket().await;
    reset_at_desk(&app).await;
    (kept(&evidence), Trail::read(&trail_lines(&app)))
}

async fn record_of_tokens() -> (String, Trail) {
    let (app, evidence) = with_bucket().await;
    reset_on_two_tokens(&app).await;
    (kept(&evidence), Trail::read(&trail_lines(&app)))
}

fn verified(record: &str) -> Verified {
    verify(record.as_bytes()).unwrap_or_else(|fault| panic!("{fault}: {record}"))
}

/// Where a fixture of the command's tests is written, if it is.
fn write_fixture(name: &str, text: &str) {
    if let Ok(folder) = std::env::var("EVIDENCE_FIXTURES") {
        std::fs::write(std::path::Path::new(&folder).join(name), text).unwrap();
    }
}

#[tokio::test]
async fn a_reset_at_the_desk_is_proven_after_entra_has_changed_all_its_keys() {
    let (app, evidence) = with_bucket().await;
    reset_at_desk(&app).await;
    let (name, record) = evidence.documents().into_iter().next().unwrap();
    let iss = verified(&record).record.approvals.approvals[0]
        .id
        .iss
        .to_string();
    let (login, _) = iss
        .rsplit_once("/v2.0")
        .unwrap()
        .0
        .rsplit_once('/')
        .unwrap();
    let published = app.tenant.key_set(login);
    app.tenant.rotate_keys(OldKey::Leaves);
    app.clock.pass(400 * DAY);

    let verified = verified(&record);
    let reset = verified.record.request.reset;
    assert!(name.starts_with("evidence/20"), "{name}");
    assert!(name.ends_with(&format!("/{reset}.json")), "{name}");
    let [approval] = &verified.approvals[..] else {
        panic!("{:?}", verified.approvals);
    };
    assert!(approval.by_sign_in && !approval.by_one_person);
    assert_eq!(verified.record.judged.target_name, JANE);
    let lines = trail_lines(&app);
    assert_eq!(Trail::read(&lines).confirm(&verified), Ok(()));
    let decisions = app.decisions();
    assert_eq!(decisions.last().unwrap(), "evidence kept");
    write_fixture("desk.json", &record);
    write_fixture("desk.trail.jsonl", &lines);
    write_fixture("desk.jwks.json", &published.to_string());
}

#[tokio::test]
async fn a_reset_on_two_tokens_is_proven_after_their_issuers_have_changed_all_their_keys() {
    let (app, evidence) = with_bucket().await;
    reset_on_two_tokens(&app).await;
    app.withdraw_keys();
    app.clock.pass(400 * DAY);
    let record = kept(&evidence);
    let verified = verified(&record);
    assert_eq!(verified.approvals.len(), 2);
    assert!(verified.approvals.iter().all(|one| !one.by_sign_in));
    assert_ne!(verified.record.judged.tier, "standard");
    let lines = trail_lines(&app);
    assert_eq!(Trail::read(&lines).confirm(&verified), Ok(()));
    write_fixture("tokens.json", &record);
    write_fixture("tokens.trail.jsonl", &lines);
    write_fixture(
        "tokens.jwks.json",
        &app.service_desk_issuer.jwks().to_string(),
    );
}

#[tokio::test]
async fn a_record_of_the_desk_has_the_names_that_entra_signed_and_the_end_of_the_number_that_was_called()
 {
    let (app, evidence) = with_bucket().await;
    let vera = Browser::of(&app, VERA).await;
    let mut verification = desk::browser::verification(JANE);
    verification["verification"]["evidence"] = json!([{"method": "phone_call", "via": "desk"}]);
    vera.post("/desk/people", &json!({"person": desk::JANE_ID}))
        .await;
    let contact = json!({"person": desk::JANE_ID, "contact": "business_phone"});
    let shown = vera.post("/desk/contacts", &contact).await;
    let number = shown.json["number"].as_str().unwrap();
    let draft = vera.post("/desk/drafts", &verification).await;
    let signed = vera.sign(&draft.json).await;
    let case = signed.json["case"].as_str().unwrap();
    let done = Browser::of(&app, SAM).await.approve(case).await;
    assert_eq!(done.state(), "completed", "{}", done.json);
    app.work().await;

    let record = kept(&evidence);
    let approval = verified(&record).approvals.remove(0);
    assert_eq!(approval.target, JANE);
    assert_eq!(approval.contacts.business_phone, LastDigits::of(number));
    assert!(approval.contacts.business_phone.is_some(), "{number}");
    let [by_vera] = &approval.verifications[..] else {
        panic!("{approval:?}");
    };
    assert_eq!(by_vera.verifier.at_entra[1], VERA);
    assert_eq!(approval.approver.at_entra, ["Sam Approver", SAM]);
    write_fixture("call.json", &record);
}

#[tokio::test]
async fn the_audit_trail_says_which_sign_in_signed_each_draft_of_the_desk() {
    let (app, evidence) = with_bucket().await;
    reset_at_desk(&app).await;
    let verified = verified(&kept(&evidence));
    let lines = trail_lines(&app);
    let of_signatures = |change: fn(&str) -> Option<String>| {
        let changed = lines.lines().filter_map(|line| match line {
            line if line.contains(r#""audit":"signed""#) => change(line),
            line => Some(line.to_owned()),
        });
        Trail::read(&changed.collect::<Vec<_>>().join("\n"))
    };
    let without = of_signatures(|line| (!line.contains("verification")).then(|| line.to_owned()));
    assert_eq!(without.confirm(&verified), Err(TrailFault::NotSigned));
    let by_another = of_signatures(|line| {
        let (before, digest) = line.split_once(r#""token_sha256":""#)?;
        Some(format!(
            r#"{before}"token_sha256":"{}{}"#,
            "0".repeat(64),
            &digest[64..]
        ))
    });
    let fault = Err(TrailFault::OtherSignature);
    assert_eq!(by_another.confirm(&verified), fault);
    assert_eq!(Trail::read(&lines).confirm(&verified), Ok(()));
}

#[tokio::test]
async fn a_record_calls_two_accounts_with_one_employee_id_one_person() {
    let evidence = Arc::new(MemoryEvidence::default());
    let overrides = Overrides {
        evidence: Some(evidence.clone()),
        ..Overrides::default()
    };
    let vera_is_ada = |users| {
        desk::tenant(users)
            .add("users.13.employeeId", "4711")
            .add("users.16.employeeId", "4711")
    };
    let app = desk::build(same, vera_is_ada, overrides).await;
    app.reset(app.draft().approver(ADA))
        .await
        .assert_completed();
    app.work().await;
    let record = kept(&evidence);
    let verified = verified(&record);
    assert!(verified.approvals[0].by_one_person, "{record}");
}

#[tokio::test]
async fn a_caller_who_waits_for_a_reset_does_not_wait_for_its_evidence() {
    let (app, evidence) = with_bucket().await;
    let approval = app.approve(app.draft().scope("mfa:reregister passkeys:remove"));
    let done = app.send_alone(app.jira(&approval)).await;
    assert_eq!(done.state(), "completed", "{}", done.json);
    assert_eq!(evidence.tries(), 0);
    app.work().await;
    assert_eq!(evidence.documents().len(), 1);
}

#[tokio::test]
async fn without_a_bucket_nothing_is_kept_and_the_table_holds_what_it_held() {
    let app = with_desk_and(same, Overrides::default()).await;
    reset_at_desk(&app).await;
    assert!(
        !app.decisions()
            .iter()
            .any(|one| one.starts_with("evidence"))
    );
    app.store.look("reset#", |body| {
        let record: Value = serde_json::from_str(body).unwrap();
        assert!(record["stage"]["claimed"]["claim"].get("kept").is_none());
        assert!(record["duties"].get("evidence").is_none());
    });
}

#[tokio::test]
async fn a_refused_request_has_no_evidence_record() {
    let (app, evidence) = with_bucket().await;
    let refused = app.reset(app.draft().target(GRACE)).await;
    assert_eq!(refused.status, 403, "{}", refused.json);
    app.wait(Duration::from_secs(60)).await;
    assert_eq!(evidence.tries(), 0);
}

#[tokio::test]
async fn what_a_process_that_died_after_the_end_has_not_written_the_next_one_writes() {
    let (mut app, evidence) = with_bucket().await;
    let approval = app.approve(app.draft().scope("mfa:reregister passkeys:remove"));
    let done = app.send_alone(app.jira(&approval)).await;
    assert_eq!(done.state(), "completed", "{}", done.json);
    // The wake of the end is lost with the process. That of the acceptance is left.
    app.lose_messages_before(Duration::from_secs(2));
    app.redeploy(same).await;
    app.wait(Duration::from_secs(5 * 60)).await;
    verified(&kept(&evidence));
}

#[tokio::test]
async fn a_record_that_cannot_be_kept_is_retried_for_days_while_the_rest_is_notified() {
    let (app, evidence) = with_bucket().await;
    evidence.set_down(true);
    reset_at_desk(&app).await;
    app.wait(2 * DAY).await;
    assert!(evidence.tries() > 100, "{}", evidence.tries());
    let tries = evidence.tries();
    app.wait(Duration::from_secs(60 * 60)).await;
    assert!(
        evidence.tries() - tries <= 5,
        "{}",
        evidence.tries() - tries
    );
    assert_eq!(app.security_inbox.subjects().len(), 1);
    assert_eq!(app.decisions().last().unwrap(), "Completed");

    evidence.set_down(false);
    app.wait(Duration::from_secs(16 * 60)).await;
    assert_eq!(
        Trail::read(&trail_lines(&app)).confirm(&verified(&kept(&evidence))),
        Ok(())
    );
    assert_eq!(app.queue_length(), 0);
}

#[tokio::test]
async fn a_record_that_is_given_up_after_three_days_is_named_in_the_audit_trail() {
    let (app, evidence) = with_bucket().await;
    evidence.set_down(true);
    reset_at_desk(&app).await;
    app.wait(3 * DAY + Duration::from_secs(60 * 60)).await;
    assert_eq!(app.decisions().last().unwrap(), "evidence lost");
    assert_eq!(app.queue_length(), 0);
    assert!(evidence.documents().is_empty());
}

#[tokio::test]
async fn a_record_that_is_there_already_is_not_written_over_and_the_trail_says_what_was_to_be_there()
 {
    let (app, evidence) = with_bucket().await;
    reset_at_desk(&app).await;
    let record = kept(&evidence);
    // As if the answer had been lost.
    app.store.edit("reset#", |body| {
        body.replace(r#""evidence":"done""#, r#""evidence":"owed""#)
    });
    let id = verified(&record).record.request.reset;
    app.app.wake(Wake::Reset(id), None).await.unwrap();
    assert_eq!(evidence.tries(), 2);
    assert_eq!(kept(&evidence), record);
    let digests: Vec<_> = app
        .trail
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Evidence {
                sha256, was_there, ..
            } => Some((sha256, was_there)),
            _ => None,
        })
        .collect();
    let ours = verified(&record).sha256;
    assert_eq!(digests, [(ours.clone(), false), (ours, true)]);
}

#[tokio::test]
async fn a_reset_by_a_passkey_verifies_when_its_line_has_left_the_policy() {
    let olga = passkeys::phone("olga-phone");
    let (app, evidence) = with_bucket_and(|policy| passkeys::with_passkey(policy, &olga)).await;
    let mut call = simulated::approval::evidence(VERA, app.now() - 300);
    call["reference"] = "CALL-17".into();
    let mut by_victor = simulated::approval::evidence(VICTOR, app.now() - 600);
    by_victor["contact_source"] = "colleague".into();
    let draft = passkeys::draft(&app, JANE).verification([call, by_victor]);
    app.reset_on_call(&olga.approve(&draft))
        .await
        .assert_completed();
    app.work().await;
    let record = kept(&evidence);
    let passkey = verified(&record).approvals.remove(0).passkey.unwrap();
    assert!(passkey.stays_on_device);
    write_fixture("passkey.json", &record);
    // Its name in the record is the one that the token has, and no other key is beside it.
    type Change = fn(&mut Vec<PublicJwk>);
    let changes: [Change; 2] = [
        |keys| keys[0].kid = "ada-phone".to_owned(),
        |keys| keys.push(keys[0].clone()),
    ];
    for change in changes {
        let mut other = verified(&record).record;
        change(&mut other.approvals.approvals[0].kept.keys);
        let fault = KeptFault::OtherKeys;
        assert_eq!(
            verify(other.text().unwrap().as_bytes()).unwrap_err(),
            EvidenceFault::Approval { nth: 1, fault }
        );
    }
    // Another page, or another passkey, is another signature.
    for (is, other) in [
        ("mfa.contoso.example", "www.contoso.example"),
        ("ES256", "RS256"),
    ] {
        assert!(record.contains(is));
        assert!(
            verify(record.replace(is, other).as_bytes()).is_err(),
            "{other}"
        );
    }
}

#[tokio::test]
async fn no_number_code_or_bearer_is_in_a_record() {
    let (app, evidence) = with_bucket().await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    let bearer = sam.bearer.clone();
    let draft = sam.draft_approval(&case).await.json;
    let code = sam
        .code(SAM, draft["nonce"].as_str().unwrap())
        .await
        .unwrap();
    sam.redeem(&draft, &code).await;
    app.work().await;
    let record = kept(&evidence);
    assert!(!record.contains(&bearer) && !record.contains(&code));
    let users: Value = serde_json::from_str(include_str!("../../examples/users.json")).unwrap();
    for text in texts(&users) {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if text.starts_with('+') {
            assert!(
                !record.contains(&text) && !record.contains(&digits),
                "{text}"
            );
        }
    }
}

/// Every text in a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn what_only_the_archive_says_is_confirmed_or_denied_by_the_audit_trail() {
    let (desk, trail) = record_of_desk().await;
    let record = verified(&desk).record;
    type Forgery = fn(&mut EvidenceRecord);
    let forgeries: [Forgery; 4] = [
        |one| one.judged.display_name = Some("John Doe".to_owned()),
        |one| one.request.address = None,
        |one| one.done.can_register = CanRegisterNow::No,
        |one| one.judged.policy_sha256 = reregister_mfa::ids::Digest::of(b"another"),
    ];
    for forge in forgeries {
        let mut forged = record.clone();
        forge(&mut forged);
        let text = forged.text().unwrap();
        let verified = verified(&text);
        assert_eq!(
            trail.confirm(&verified),
            Err(TrailFault::OtherRecord),
            "{text}"
        );
    }
    let (other, _) = record_of_tokens().await;
    assert_eq!(
        trail.confirm(&verified(&other)),
        Err(TrailFault::NoEvidence)
    );
}

#[tokio::test]
async fn a_document_of_another_version_is_no_record() {
    let (desk, _) = record_of_desk().await;
    let later = desk.replace("reregister-mfa-evidence/1", "reregister-mfa-evidence/2");
    let fault = verify(later.as_bytes()).unwrap_err();
    assert_eq!(fault, EvidenceFault::Unreadable("format".to_owned()));
}

#[tokio::test]
async fn a_table_writer_who_changes_the_kept_key_is_found_by_the_audit_trail() {
    let (app, evidence) = with_bucket().await;
    let approval = app.approve(app.draft().target(ADELE));
    let done = app.send_alone(app.jira(&approval)).await;
    assert_eq!(done.state(), "completed", "{}", done.json);
    app.store.edit("reset#", |body| {
        body.replace("\"use\":\"sig\"", "\"use\":\"sig\",\"x5c\":[\"AA\"]")
    });
    app.work().await;
    let record = kept(&evidence);
    let trail = Trail::read(&trail_lines(&app));
    assert_eq!(
        trail.confirm(&verified(&record)),
        Err(TrailFault::OtherApprovals)
    );
}
