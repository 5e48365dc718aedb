//! Whom one approval is not enough for, what two must be like, and whom none resets. docs/outcomes.md has this as
//! a table.

use serde_json::json;
use simulated::approval::Draft;
use simulated::senders::jira::{Issue, Status};
use simulated::senders::jira_automation::web_request;
use simulated::senders::on_call;

use crate::house::{ADA, AUTOMATION_SECRET, FIELD, House, JANE, OLGA, SAM, VERA, VICTOR};

/// Refused on one approval, before any write, with this code; let through on two proper ones, by the privileged
/// credential.
async fn wants_two(target: &str, code: &str) {
    let house = House::new().await;
    let one = house.reset(house.draft().target(target)).await;
    assert_eq!((one.status, one.code()), (403, code), "{target}: {one:?}");
    house.nothing_happened();

    let two = house
        .reset_on_two(
            house.draft().target(target),
            house.second_draft().target(target),
        )
        .await;
    assert_eq!(
        (two.status, &two.json["state"]),
        (200, &json!("completed")),
        "{target}: {two:?}"
    );
    assert_eq!(two.json["privileged"], true);
}

#[tokio::test]
async fn a_global_administrator_wants_two() {
    wants_two("grace.admin@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_who_holds_a_role_through_a_group_wants_two() {
    wants_two("nestor.wilke@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_in_a_custom_role_wants_two() {
    wants_two("carla.custom@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_with_a_role_at_one_administrative_unit_wants_two() {
    wants_two("uma.unit@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_who_was_assigned_a_role_for_a_time_in_pim_wants_two() {
    wants_two("petra.assigned@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_who_has_activated_a_role_in_pim_wants_two() {
    wants_two("paul.activated@contoso.example", "privileged_role").await;
}

#[tokio::test]
async fn somebody_who_may_activate_a_role_wants_two() {
    wants_two("lidia.holloway@contoso.example", "privileged_eligible_role").await;
}

#[tokio::test]
async fn a_member_of_a_role_assignable_group_without_a_role_wants_two() {
    wants_two(
        "rosa.member@contoso.example",
        "privileged_role_assignable_group",
    )
    .await;
}

#[tokio::test]
async fn an_owner_of_a_role_assignable_group_wants_two() {
    wants_two("owen.owner@contoso.example", "privileged_group_owner").await;
}

#[tokio::test]
async fn somebody_who_may_become_a_member_of_a_role_assignable_group_wants_two() {
    wants_two(
        "gabriel.member@contoso.example",
        "privileged_eligible_group",
    )
    .await;
}

#[tokio::test]
async fn somebody_who_may_become_an_owner_of_a_role_assignable_group_wants_two() {
    wants_two("oscar.owner@contoso.example", "privileged_eligible_group").await;
}

#[tokio::test]
async fn somebody_whose_group_may_become_part_of_a_role_assignable_group_wants_two() {
    wants_two("greta.nested@contoso.example", "privileged_eligible_group").await;
}

#[tokio::test]
async fn somebody_who_may_become_part_of_a_group_that_may_become_part_of_another_wants_two() {
    // Jane may join IT contractors, who may join Identity operators, who hold a role.
    let house = House::with_tenant(|users| {
        let chain = "\"groupEligibilities\": [{\
            \"groupId\": \"c1000000-0000-4000-8000-000000000005\",\
            \"principalId\": \"a1000000-0000-4000-8000-00000000000b\",\
            \"accessId\": \"member\"},";
        users.replace("\"groupEligibilities\": [", chain)
    })
    .await;
    let reply = house.reset(house.draft()).await;
    assert_eq!(
        (reply.status, reply.code()),
        (403, "privileged_eligible_group"),
        "{reply:?}"
    );
    house.nothing_happened();
}

#[tokio::test]
async fn somebody_who_may_become_a_member_of_a_group_that_the_policy_calls_privileged_wants_two() {
    let contractors = "c1000000-0000-4000-8000-000000000005";
    let tenant = |users: String| {
        let eligible = format!(
            "\"groupEligibilities\": [{{\"groupId\": \"{contractors}\", \
             \"principalId\": \"a1000000-0000-4000-8000-000000000001\", \"accessId\": \"member\"}}, "
        );
        // Nobody else is eligible for anything, so only the policy makes that group matter.
        let (before, rest) = users.split_once("\"groupEligibilities\": [").unwrap();
        let (_, after) = rest.split_once(']').unwrap();
        format!("{before}{}]{after}", eligible.trim_end_matches(", "))
    };
    let adele = "adele.vance@contoso.example";
    let house = House::with_tenant(tenant).await;
    assert_eq!(house.reset(house.draft().target(adele)).await.status, 200);

    let policy = |policy: String| {
        policy.replace(
            "break_glass =",
            &format!("privileged_groups = [\"{contractors}\"]\nbreak_glass ="),
        )
    };
    let house = House::with(policy, tenant).await;
    let reply = house.reset(house.draft().target(adele)).await;
    assert_eq!(
        (reply.status, reply.code()),
        (403, "privileged_eligible_group"),
        "{reply:?}"
    );
    house.nothing_happened();
}

#[tokio::test]
async fn somebody_in_a_restricted_management_unit_wants_two_and_a_credential_with_a_role_there() {
    let isaiah = "isaiah.langer@contoso.example";
    wants_two(isaiah, "privileged_restricted_unit").await;

    let house = House::with_policy(|policy| policy.replace("restricted_units = true", "")).await;
    let reply = house
        .reset_on_two(
            house.draft().target(isaiah),
            house.second_draft().target(isaiah),
        )
        .await;
    assert_eq!((reply.status, reply.code()), (403, "restricted_unit"));
    house.nothing_happened();
}

#[tokio::test]
async fn whoever_approves_or_owns_a_key_wants_two() {
    let house = House::new().await;
    for target in [SAM, OLGA] {
        let reply = house
            .reset(house.draft().target(target).approver(ADA))
            .await;
        assert_eq!(
            (reply.status, reply.code()),
            (403, "privileged_approver"),
            "{target}"
        );
    }
    house.nothing_happened();
}

#[tokio::test]
async fn a_member_of_a_group_that_the_policy_calls_privileged_wants_two() {
    let house = House::with_policy(|policy| {
        policy.replace(
            "break_glass =",
            "privileged_groups = [\"c1000000-0000-4000-8000-000000000001\"]\nbreak_glass =",
        )
    })
    .await;
    let reply = house
        .reset(house.draft().target("alex.wilber@contoso.example"))
        .await;
    assert_eq!((reply.status, reply.code()), (403, "privileged_group"));
    house.nothing_happened();
}

#[tokio::test]
async fn a_holder_of_reports_reader_alone_is_standard() {
    let house = House::new().await;
    let reply = house
        .reset(house.draft().target("alex.wilber@contoso.example"))
        .await;
    assert_eq!(
        (reply.status, &reply.json["state"]),
        (200, &json!("completed")),
        "{reply:?}"
    );
    assert_eq!(reply.json["privileged"], false);
}

#[tokio::test]
async fn a_break_glass_account_is_refused_on_two_and_graph_is_told_nothing_about_it() {
    let house = House::new().await;
    let account = "breakglass1@contoso.example";
    for reply in [
        house.reset(house.draft().target(account)).await,
        house
            .reset_on_two(
                house.draft().target(account),
                house.second_draft().target(account),
            )
            .await,
    ] {
        assert_eq!((reply.status, reply.code()), (403, "break_glass"));
    }
    house.nothing_happened();
    let calls = house.tenant.calls();
    let about: Vec<_> = calls
        .iter()
        .filter(|call| call.path.contains("00000000000a/"))
        .collect();
    assert!(about.is_empty(), "{about:?}");
}

#[tokio::test]
async fn a_disabled_or_deleted_account_is_refused() {
    let house = House::new().await;
    for (target, code) in [
        ("henrietta.mueller@contoso.example", "target_disabled"),
        ("nobody@contoso.example", "target_not_found"),
    ] {
        let reply = house.reset(house.draft().target(target)).await;
        assert_eq!((reply.status, reply.code()), (422, code));
    }
    house.nothing_happened();
}

#[tokio::test]
async fn nobody_approves_or_verifies_themselves_under_whatever_spelling() {
    let jane = "A1000000-0000-4000-8000-00000000000B";
    let house = House::new().await;
    let reply = house.reset(house.draft().target(jane).approver(JANE)).await;
    assert_eq!((reply.status, reply.code()), (403, "approver_is_target"));
    let reply = house
        .reset(house.draft().target(jane).verified(JANE, house.now()))
        .await;
    assert_eq!((reply.status, reply.code()), (403, "verifier_is_target"));
    house.nothing_happened();
}

#[tokio::test]
async fn an_approver_or_verifier_who_has_left_counts_for_nothing() {
    let house = House::new().await;
    let gone = "henrietta.mueller@contoso.example";
    for (draft, code) in [
        (house.draft().approver(gone), "approver_disabled"),
        (
            house.draft().approver("nobody@contoso.example"),
            "approver_not_found",
        ),
        (
            house.draft().verified(gone, house.now()),
            "verifier_disabled",
        ),
        (
            house
                .draft()
                .verified("nobody@contoso.example", house.now()),
            "verifier_not_found",
        ),
    ] {
        let reply = house.reset(draft).await;
        assert_eq!((reply.status, reply.code()), (422, code));
    }
    house.nothing_happened();
}

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
    assert_eq!((reply.status, reply.code()), (403, "privileged_role"));
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

#[tokio::test]
async fn a_tenant_without_pim_is_believed_only_if_the_policy_says_so() {
    let unlicensed = |users: String| users.replace("\"licences\": [\"AAD_PREMIUM_P2\"],", "");
    let house = House::with_tenant(unlicensed).await;
    let reply = house.reset(house.draft()).await;
    assert_eq!((reply.status, reply.code()), (503, "misconfigured"));
    house.nothing_happened();

    let house = House::with(
        |policy| policy.replace("break_glass =", "pim = \"unlicensed\"\nbreak_glass ="),
        unlicensed,
    )
    .await;
    assert_eq!(house.reset(house.draft()).await.json["state"], "completed");
    let reply = house
        .reset(house.draft().target("rosa.member@contoso.example"))
        .await;
    assert_eq!(reply.code(), "privileged_role_assignable_group");
}

#[tokio::test]
async fn who_may_become_part_of_a_group_is_asked_once_in_five_minutes() {
    let house = House::new().await;
    house
        .reset(
            house
                .draft()
                .target(VERA)
                .approver(SAM)
                .verified(VICTOR, house.now()),
        )
        .await;
    let asked = |house: &House| {
        house
            .tenant
            .calls()
            .iter()
            .filter(|call| call.path.contains("privilegedAccess") && call.query.contains("groupId"))
            .count()
    };
    let first = asked(&house);
    assert!(first > 0);
    house.reset(house.draft()).await;
    assert_eq!(asked(&house), first);
    house.clock.pass(std::time::Duration::from_secs(301));
    house.reset(house.draft()).await;
    assert_eq!(asked(&house), 2 * first);
}
