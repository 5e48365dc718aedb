//! An approver who has a passkey goes from a case at the desk to the on-call page, where the passkey signs.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulated::approval::Draft;
use simulated::passkey::Passkey;

use super::{Browser, same, with_desk};
use crate::passkeys::{phone, with_passkey};
use crate::test_app::{ADA, Document, GRACE, JANE, OLGA, SAM, VERA};

/// Sam's phone signs, on call and in Jira, where references to the desk count, too.
fn with_sams(policy: Document, passkey: &Passkey) -> Document {
    with_passkey(policy, passkey)
        .set(
            &format!("issuers.passkeys.key.{}.owner", passkey.kid()),
            SAM,
        )
        .push("sources.jira.issuers", "desk")
        .add("desk.privileged", true)
}

async fn case_of(approver: &Browser<'_>, case: &str) -> Value {
    approver.get(&format!("/desk/cases/{case}")).await.json
}

/// What the link fills in.
fn filled_in(shown: &Value) -> BTreeMap<String, String> {
    let link = shown["with_passkey"].as_str();
    let link = link.unwrap_or_else(|| panic!("{shown}"));
    let (page, filled_in) = link.split_once('#').unwrap();
    assert_eq!(
        page, "https://mfa.contoso.example/",
        "nothing of it goes to a server"
    );
    let pairs = reqwest::Url::parse(&format!("https://any.example/?{filled_in}")).unwrap();
    pairs.query_pairs().into_owned().collect()
}

/// What the form makes of it.
fn as_the_form(draft: Draft, filled: &BTreeMap<String, String>) -> Draft {
    let evidence = |words: [&str; 3]| {
        let mut evidence = json!({
            "verified_by": filled["verifier"],
            "verified_at": filled["verified_at"].parse::<i64>().unwrap(),
        });
        for (name, word) in ["method", "via", "contact_source"].into_iter().zip(words) {
            if !word.is_empty() {
                evidence[name] = json!(word);
            }
        }
        evidence
    };
    let first = ["how", "via", "contact"].map(|name| filled[name].as_str());
    let others = filled["also"].split_whitespace().map(|one| {
        let words: Vec<_> = one.split('/').collect();
        words.try_into().unwrap()
    });
    let verification: Vec<Value> = [first].into_iter().chain(others).map(evidence).collect();
    draft
        .approver(&filled["approver"])
        .target(&filled["target"])
        .ticket(&filled["ticket"])
        .scope(&filled["scope"])
        .reason(&filled["reason"])
        .verification(verification)
}

#[tokio::test]
async fn an_approver_signs_with_a_passkey_what_was_verified_at_the_desk() {
    let sams = phone("sam-phone");
    let app = with_desk(|policy| with_sams(policy, &sams)).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let filled = filled_in(&case_of(&Browser::of(&app, SAM).await, &case).await);
    let of = |name: &str| filled[name].as_str();
    assert_eq!(
        (of("passkey"), of("for"), of("target")),
        ("sam-phone", "on_call", JANE)
    );
    let token = sams.approve(&as_the_form(app.on_call_draft(), &filled));
    let done = app.reset_on_call(&token).await;
    done.assert_completed();
    assert_eq!(done.json["ticket"], "HELP-42");
}

#[tokio::test]
async fn a_privileged_person_is_reset_by_a_sign_in_and_a_passkey_in_one_ticket() {
    let sams = phone("sam-phone");
    let app = with_desk(|policy| with_sams(policy, &sams)).await;
    let vera = Browser::of(&app, VERA).await;
    let mut body = super::browser::verification(GRACE);
    body["verification"]["evidence"] = json!([{"method": "video_call"}, {"method": "in_person"}]);
    let draft = vera.draft(&body).await.json;
    let case = vera.sign(&draft).await.json["case"]
        .as_str()
        .unwrap()
        .to_owned();

    let ada = Browser::of(&app, ADA).await;
    let body = json!({"approval": {"case": case, "for_ticket": true}});
    let draft = ada.post("/desk/drafts", &body).await.json;
    let reference = ada.sign(&draft).await.json["reference"]
        .as_str()
        .unwrap()
        .to_owned();
    let alone = app.send(app.jira(&reference)).await;
    alone.assert_refused(403, "privileged_role");

    let filled = filled_in(&case_of(&Browser::of(&app, SAM).await, &case).await);
    assert_eq!(filled["for"], "ticket");
    assert_eq!(
        (&*filled["how"], &*filled["also"]),
        ("video_call", "in_person//")
    );
    let token = sams.approve(&as_the_form(app.draft(), &filled));
    let done = app.send(app.jira(&format!("{reference}\n{token}"))).await;
    done.assert_completed();
}

#[tokio::test]
async fn the_link_is_for_approvers_with_a_passkey_of_their_own_while_the_case_is_open() {
    let sams = phone("sam-phone");
    let app = with_desk(|policy| with_sams(policy, &sams)).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    for without in [VERA, ADA] {
        let shown = case_of(&Browser::of(&app, without).await, &case).await;
        assert_eq!(shown.get("with_passkey"), None, "{without}");
    }
    let sam = Browser::of(&app, SAM).await;
    assert!(case_of(&sam, &case).await["with_passkey"].is_string());
    let no = json!({"reason": "not her"});
    sam.post(&format!("/desk/cases/{case}/rejection"), &no)
        .await;
    assert_eq!(case_of(&sam, &case).await.get("with_passkey"), None);

    // A passkey of another person, and a policy without passkeys.
    let olgas = with_desk(|policy| {
        with_sams(policy, &sams).set("issuers.passkeys.key.sam-phone.owner", OLGA)
    })
    .await;
    for app in [olgas, with_desk(same).await] {
        let case = Browser::of(&app, VERA).await.verify(JANE).await;
        let shown = case_of(&Browser::of(&app, SAM).await, &case).await;
        assert_eq!(shown.get("with_passkey"), None, "{shown}");
    }
}

#[tokio::test]
async fn a_passkey_that_signs_another_verifier_or_person_than_the_link_says_is_judged_by_what_it_signs()
 {
    let sams = phone("sam-phone");
    let app = with_desk(|policy| with_sams(policy, &sams)).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    let filled = filled_in(&case_of(&Browser::of(&app, SAM).await, &case).await);
    let form = |change: (&str, &str)| {
        let mut changed = filled.clone();
        changed.insert(change.0.to_owned(), change.1.to_owned());
        sams.approve(&as_the_form(app.on_call_draft(), &changed))
    };
    for (change, code) in [
        (("target", SAM), "approver_is_target"),
        (("verifier", JANE), "verifier_is_target"),
        (("approver", ADA), "not_the_keys_owner"),
    ] {
        let refused = app.reset_on_call(&form(change)).await;
        assert_eq!(refused.code(), code, "{change:?}: {}", refused.json);
    }
    assert!(app.writes().is_empty());
}

#[tokio::test]
async fn what_the_desk_would_refuse_is_not_led_to_the_passkey() {
    let sams = phone("sam-phone");
    let app = with_desk(|policy| with_sams(policy, &sams)).await;
    let case = Browser::of(&app, VERA).await.verify(JANE).await;
    app.tenant.set_enabled(JANE, false);
    let shown = case_of(&Browser::of(&app, SAM).await, &case).await;
    assert!(shown["obstacle"].is_string(), "{shown}");
    assert_eq!(shown.get("with_passkey"), None);
}
