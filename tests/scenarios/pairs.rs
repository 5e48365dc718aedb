//! What two approvals for a privileged person must be like. docs/outcomes.md has this as a table.

use serde_json::json;
use simulated::approval::Draft;
use simulated::senders::jira::{Issue, Status};
use simulated::senders::jira_automation::web_request;
use simulated::senders::on_call;

use crate::house::{ADA, AUTOMATION_SECRET, FIELD, House, JANE, VICTOR};

const GRACE: &str = "grace.admin@contoso.example";

/// Two approvals for Grace that are not enough together.
async fn two_are_refused(
    first: impl Fn(&House, Draft) -> Draft,
    second: impl Fn(&House, Draft) -> Draft,
    status: u16,
    code: &str,
) {
    let house = House::new().await;
    let reply = house
        .reset_on_two(
            first(&house, house.draft().target(GRACE)),
            second(&house, house.second_draft().target(GRACE)),
        )
        .await;
    assert_eq!((reply.status, reply.code()), (status, code), "{reply:?}");
    house.nothing_happened();
}

#[tokio::test]
async fn two_approvals_by_one_human_under_two_spellings_are_one() {
    two_are_refused(
        |_, draft| draft,
        |_, draft| draft.approver("A1000000-0000-4000-8000-00000000000C"),
        403,
        "approvals_one_approver",
    )
    .await;
}

#[tokio::test]
async fn two_approvals_out_of_one_trust_domain_are_one() {
    let house = House::new().await;
    let both = format!(
        "{}\n{}",
        house.approve(house.draft().target(GRACE)),
        house.approve(house.second_draft().target(GRACE))
    );
    let reply = house.send(house.jira(&both)).await;
    assert_eq!((reply.status, reply.code()), (403, "approvals_one_domain"));
    house.nothing_happened();
}

#[tokio::test]
async fn two_approvals_over_one_method_are_one() {
    two_are_refused(
        |_, draft| draft,
        |house, draft| draft.verified(VICTOR, house.now()),
        403,
        "evidence_one_method",
    )
    .await;
}

#[tokio::test]
async fn a_call_to_the_phone_that_was_stolen_is_no_second_method() {
    let slack = |house: &House| {
        json!({"method": "secure_message", "via": "slack", "contact_source": "company_directory",
               "verified_by": VICTOR, "verified_at": house.now() - 60})
    };
    two_are_refused(
        |house, draft| draft.reason("stolen").verification([slack(house)]),
        |house, draft| {
            let mut call = house.call();
            call["via"] = json!("mobile");
            draft.reason("stolen").verification([slack(house), call])
        },
        403,
        "evidence_one_method",
    )
    .await;
}

#[tokio::test]
async fn a_text_message_verifies_nobody_who_is_privileged() {
    two_are_refused(
        |house, draft| {
            let mut sms = house.call();
            sms["method"] = json!("secure_message");
            sms["via"] = json!("sms");
            draft.reason("replaced").verification([sms])
        },
        |_, draft| draft.reason("replaced"),
        403,
        "evidence_sms",
    )
    .await;
}

#[tokio::test]
async fn an_approver_who_verified_has_only_approved_their_own_work() {
    two_are_refused(
        |house, draft| draft.verified(ADA, house.now() - 60),
        |_, draft| draft,
        403,
        "approver_verified",
    )
    .await;
}

#[tokio::test]
async fn of_two_approvals_one_that_has_expired_leaves_one() {
    two_are_refused(
        |house, draft| draft.issued_at(house.now() - 900).expires_at(house.now()),
        |_, draft| draft,
        403,
        "privileged_role",
    )
    .await;
}

#[tokio::test]
async fn two_approvals_for_different_tickets_targets_scopes_or_reasons_are_no_pair() {
    two_are_refused(
        |_, draft| draft,
        |_, draft| draft.ticket("HELP-43"),
        422,
        "other_ticket",
    )
    .await;
    two_are_refused(
        |_, draft| draft,
        |_, draft| draft.target(JANE),
        422,
        "approvals_disagree",
    )
    .await;
    two_are_refused(
        |_, draft| draft,
        |_, draft| draft.scope("mfa:reregister passkeys:remove"),
        422,
        "approvals_disagree",
    )
    .await;
    two_are_refused(
        |_, draft| draft,
        |_, draft| draft.reason("broken"),
        422,
        "approvals_disagree",
    )
    .await;
}

#[tokio::test]
async fn one_approval_presented_twice_is_one() {
    let house = House::new().await;
    let approval = house.approve(house.draft().target(GRACE));
    let reply = house
        .send(house.jira(&format!("{approval}\n{approval}")))
        .await;
    assert_eq!((reply.status, reply.code()), (403, "privileged_role"));
    house.nothing_happened();
}

#[tokio::test]
async fn jira_automation_may_ask_for_standard_people_only() {
    let house = House::new().await;
    let both = format!(
        "{}\n{}",
        house.approve(house.draft().target(GRACE)),
        house.security.approve(&house.second_draft().target(GRACE))
    );
    let issue = Issue::new("HELP-42", Status::new("10042", "Approved")).field(FIELD, both.as_str());
    let request = web_request(
        "/webhooks/jira-automation",
        &issue,
        "X-Reregister-Secret",
        AUTOMATION_SECRET,
    );
    let reply = house.send(request).await;
    assert_eq!((reply.status, reply.code()), (403, "source_standard_only"));
    house.nothing_happened();
}

#[tokio::test]
async fn a_source_and_an_issuer_are_for_privileged_people_only_if_the_policy_says_so() {
    for (change, code) in [
        (
            "privileged = true\napproved = [\"10042\"]",
            "source_standard_only",
        ),
        (
            "domain = \"security\"\nprivileged = true",
            "issuer_standard_only",
        ),
    ] {
        let house = House::with_policy(|policy| {
            assert!(policy.contains(change));
            policy.replace(change, &change.replace("privileged = true", ""))
        })
        .await;
        let reply = house
            .reset_on_two(
                house.draft().target(GRACE),
                house.second_draft().target(GRACE),
            )
            .await;
        assert_eq!((reply.status, reply.code()), (403, code));
        house.nothing_happened();
    }
}

#[tokio::test]
async fn without_a_privileged_credential_two_approvals_do_not_help() {
    let house = House::with_policy(|policy| {
        let (before, rest) = policy.split_once("[tenants.contoso.privileged]").unwrap();
        let (_, after) = rest.split_once("[tenants.contoso.rules]").unwrap();
        format!("{before}[tenants.contoso.rules]{after}")
    })
    .await;
    let reply = house
        .reset_on_two(
            house.draft().target(GRACE),
            house.second_draft().target(GRACE),
        )
        .await;
    assert_eq!(
        (reply.status, reply.code()),
        (403, "no_privileged_credential")
    );
    assert!(reply.note().contains("by hand"), "{reply:?}");
    house.nothing_happened();
}

#[tokio::test]
async fn on_call_two_engineers_with_keys_of_their_own_reset_a_privileged_person() {
    let house = House::new().await;
    let first = house.approve_on_call(house.on_call_draft().target(GRACE));
    let second = house
        .on_call_draft()
        .target(GRACE)
        .approver(ADA)
        .verification([house.seen()]);
    let second = house.sign_on_call("ada-2026", &second);
    let preview = house
        .send(on_call::post("/resets/preview", &first, Some(&second)))
        .await;
    assert_eq!(
        (preview.status, &preview.json["privileged"]),
        (200, &json!(true)),
        "{preview:?}"
    );
    let reply = house
        .send(on_call::post("/resets", &first, Some(&second)))
        .await;
    assert_eq!(reply.json["state"], "completed", "{reply:?}");
}

#[tokio::test]
async fn both_approvals_are_used_up_together() {
    let house = House::new().await;
    let first = house.approve(house.draft().target(GRACE));
    let second = house.security.approve(&house.second_draft().target(GRACE));
    let both = format!("{first}\n{second}");
    assert_eq!(
        house.send(house.jira(&both)).await.json["state"],
        "completed"
    );
    house.tenant.forget_calls();
    for again in [first.as_str(), second.as_str(), both.as_str()] {
        let reply = house.send(house.jira(again)).await;
        assert_eq!((reply.status, &reply.json["replayed"]), (200, &json!(true)));
    }
    assert_eq!(house.tenant.calls().len(), 0);
}
