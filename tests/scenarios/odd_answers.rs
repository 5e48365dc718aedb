//! Graph answers with 200, and the answer is not as documented, or leaves something out. Nothing of it is taken for
//! harmless: the reset waits, or its end names what is left.

use serde_json::{Value, json};
use simulated::entra::{Fault, Method};

use crate::documented::documented;
use crate::log;
use crate::test_app::{ALEX, Document, JANE, MEGAN, Overrides, TestApp};

const JANES_ID: &str = "a1000000-0000-4000-8000-00000000000b";
const ALEXS_ID: &str = "a1000000-0000-4000-8000-000000000002";
const ROSA: &str = "rosa.member@contoso.example";
const BOARD: &str = "c1000000-0000-4000-8000-0000000000b0";

/// An answer to this question, each time, with this change.
fn answer(path: &str, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
    Fault::on("GET", path).times(u32::MAX).edit(change)
}

/// Changes every object of a list.
fn each(change: impl Fn(&mut Value)) -> impl Fn(&mut Value) {
    move |page| {
        page["value"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .for_each(&change)
    }
}

async fn after(fault: Fault, target: &str) -> crate::test_app::Reply {
    let app = TestApp::new().await;
    app.tenant.fail(fault);
    let reply = app.reset(app.draft().target(target)).await;
    if reply.state() == "waiting" {
        app.assert_nothing_happened();
    }
    reply
}

/// Jane is in a group with hidden membership, which the policy calls privileged.
async fn board_is_privileged(permissions: &'static [&'static str]) -> TestApp {
    let tenant = |tenant: Document| {
        let group = json!({
            "id": BOARD, "displayName": "Board", "visibility": "HiddenMembership", "members": [JANES_ID],
        });
        let tenant = tenant.push("groups", group);
        permissions.iter().fold(tenant, |tenant, name| {
            tenant.push("apps.0.permissions", *name)
        })
    };
    let policy =
        |policy: Document| policy.add("tenants.contoso.rules.privileged_groups", json!([BOARD]));
    TestApp::build(policy, tenant, Overrides::default()).await
}

#[tokio::test]
async fn a_privileged_group_that_hides_its_members_from_the_app_makes_no_person_standard() {
    log::start();
    let app = board_is_privileged(&[]).await;
    for target in [JANE, ALEX] {
        let reply = app.reset(app.draft().target(target)).await;
        reply.assert_waiting("misconfigured");
        documented(&reply);
        app.assert_nothing_happened();
    }
    assert!(!log::lines_with("Member.Read.Hidden").is_empty());

    let app = board_is_privileged(&["Member.Read.Hidden"]).await;
    let jane = app.reset(app.draft()).await;
    jane.assert_refused(403, "privileged_group");
    let alex = app.reset(app.draft().target(ALEX)).await;
    alex.assert_completed();
}

#[tokio::test]
async fn consent_to_see_hidden_members_counts_from_the_next_token_on() {
    let app = board_is_privileged(&[]).await;
    let reply = app.reset(app.draft().target(ALEX)).await;
    reply.assert_waiting("misconfigured");
    let old: Vec<&str> = crate::permissions::BUTTON
        .into_iter()
        .chain(["Member.Read.Hidden"])
        .collect();
    app.tenant.grant(&old);
    app.wait(std::time::Duration::from_secs(180)).await;
    assert_eq!(app.decisions(), ["allowed", "Completed"]);
}

#[tokio::test]
async fn one_odd_property_does_not_hide_an_authentication_method() {
    for (property, odd) in [
        ("createdDateTime", json!("2020-01-01T00:00:00")),
        ("createdDateTime", json!("0001-01-01")),
        ("createdDateTime", json!("")),
        ("createdDateTime", json!(0)),
        ("displayName", json!(7)),
        ("displayName", json!({})),
        ("phoneNumber", json!(4_255_550_112_u64)),
        ("emailAddress", json!([])),
        ("device", json!("none")),
    ] {
        let change = each(move |method| method[property] = odd.clone());
        let app = TestApp::new().await;
        app.tenant.fail(answer("authentication/methods", change));
        let reply = app.reset(app.draft()).await;
        reply.assert_completed();
        let left = app.has(JANE);
        let button = ["phone", "microsoftAuthenticator", "softwareOath"];
        let removable = left
            .iter()
            .any(|kind| button.iter().any(|name| kind.starts_with(name)));
        assert!(!removable, "{property}: {left:?}");
    }
}

#[tokio::test]
async fn a_method_that_cannot_be_read_is_left_and_the_reset_is_never_called_complete() {
    let authenticator = |method: &Value| {
        method["@odata.type"] == "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"
    };
    let phone = |method: &Value| method["phoneType"] == "mobile";
    type Wanted = fn(&Value) -> bool;
    type Odd = fn(&mut Value);
    let odd: [(&str, Wanted, Odd); 8] = [
        ("no type", authenticator, |method| {
            method.as_object_mut().unwrap().remove("@odata.type");
        }),
        ("the type is null", authenticator, |method| {
            method["@odata.type"] = Value::Null
        }),
        ("the type is no text", authenticator, |method| {
            method["@odata.type"] = json!(1)
        }),
        ("the type is empty", authenticator, |method| {
            method["@odata.type"] = json!("")
        }),
        ("the id is null", authenticator, |method| {
            method["id"] = Value::Null
        }),
        ("the id is empty", authenticator, |method| {
            method["id"] = json!("")
        }),
        ("it is no object", authenticator, |method| {
            *method = json!("authenticator")
        }),
        ("a phone of an unknown type and id", phone, |method| {
            method["phoneType"] = json!("satellite");
            method["id"] = json!("5a7e1117-0000-4000-8000-000000000000");
        }),
    ];
    for (what, wanted, change) in odd {
        let change = each(move |method| {
            if wanted(method) {
                change(method);
            }
        });
        let reply = after(answer("authentication/methods", change), JANE).await;
        reply.assert_needs_human();
        assert_ne!(reply.json["can_register"], "yes", "{what}: {reply:?}");
    }
}

#[tokio::test]
async fn a_method_without_a_type_is_left_and_named() {
    let change = each(|method| {
        if method["displayName"] == "Jane's iPhone" {
            method.as_object_mut().unwrap().remove("@odata.type");
        }
    });
    let reply = after(answer("authentication/methods", change), JANE).await;
    documented(&reply);
    assert!(reply.warnings().contains(&"unknown_type_left"), "{reply:?}");
    let kept = reply.methods("kept");
    assert!(
        kept.contains(&"Method that cannot be read".to_owned()),
        "{kept:?}"
    );
    assert!(reply.note().contains("NOT complete"), "{}", reply.note());
}

#[tokio::test]
async fn a_phone_whose_type_is_missing_is_told_by_its_id_which_all_people_have_in_common() {
    let change = each(|method| {
        method.as_object_mut().unwrap().remove("phoneType");
    });
    let app = TestApp::new().await;
    app.tenant.fail(answer("authentication/methods", change));
    app.reset(app.draft().target(ALEX)).await.assert_completed();
    assert!(app.has(ALEX).is_empty(), "{:?}", app.has(ALEX));
}

#[tokio::test]
async fn a_method_that_only_a_later_list_cannot_show_is_not_called_removed_for_good() {
    let app = TestApp::new().await;
    app.tenant.set_deletion_lag(1);
    let change = each(|method| {
        if method["phoneType"] == "mobile" {
            method["id"] = Value::Null;
        }
    });
    // The plan is made on the first list.
    app.tenant
        .fail(answer("authentication/methods", change).skip(1));
    let reply = app.reset(app.draft().target(ALEX)).await;
    reply.assert_needs_human();
}

/// How Jane's reset ends if Graph takes a deletion and does not do it, and lists the method in another spelling later.
async fn listed_differently(collection: &str, change: impl Fn(&mut Value) + Send + Sync + 'static) {
    let app = TestApp::new().await;
    let not_done = Fault::on("DELETE", collection)
        .times(u32::MAX)
        .body(204, "");
    app.tenant.fail(not_done);
    // The plan is made on the first list.
    let change = answer("authentication/methods", each(change)).skip(1);
    app.tenant.fail(change);
    let reply = app.reset(app.draft()).await;
    assert_eq!(reply.state(), "running", "{reply:?}");
    assert_eq!(reply.methods("appeared"), [""; 0], "{reply:?}");
    app.wait(std::time::Duration::from_secs(3 * 60 * 60)).await;
    let end = app.decisions().pop();
    assert_eq!(end.as_deref(), Some("NeedsHuman"));
}

#[tokio::test]
async fn a_method_that_a_later_list_writes_differently_is_the_same_and_not_called_removed() {
    listed_differently("softwareOathMethods", |method| {
        let id = method["id"].as_str().unwrap().to_owned();
        method["id"] = json!(id.to_uppercase());
    })
    .await;
    listed_differently("phoneMethods", |method| {
        if method["phoneType"] == "mobile" {
            let at = method["createdDateTime"].as_str().unwrap();
            let second = at.split(['.', 'Z']).next().unwrap();
            method["createdDateTime"] = json!(format!("{second}.7654321Z"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_hardware_token_with_the_id_of_another_method_is_deactivated_all_the_same() {
    const TOKEN: &str = "5a7e1117-0000-4000-8000-000000000001";
    for (kind, also) in [
        (Some("softwareOathAuthenticationMethod"), true),
        (Some("microsoftAuthenticatorAuthenticationMethod"), true),
        (Some("hardwareOathAuthenticationMethod"), false),
        (Some("hardwareOathTokenAuthenticationMethod"), false),
        (None, false),
    ] {
        let app = TestApp::with_policy(|policy| {
            policy.add("tenants.contoso.rules.hardware_oath", "deactivate")
        })
        .await;
        let same_id = each(|token| token["id"] = json!(TOKEN));
        app.tenant.fail(answer("hardwareOathMethods", same_id));
        let listed = move |page: &mut Value| {
            let kind = kind.map(|kind| format!("#microsoft.graph.{kind}"));
            let method = json!({"@odata.type": kind, "id": TOKEN});
            page["value"].as_array_mut().unwrap().push(method);
        };
        app.tenant.fail(answer("authentication/methods", listed));
        let reply = app.reset(app.draft().target(MEGAN)).await;
        let writes = app.writes().into_iter();
        let about_it = writes.filter(|write| write.contains(TOKEN));
        let (deleted, deactivated): (Vec<_>, Vec<_>) =
            about_it.partition(|write| write.starts_with("DELETE"));
        let asked = (deactivated.len(), !deleted.is_empty());
        assert_eq!(asked, (1, also), "{kind:?}: {reply:?}");
        assert_eq!(reply.methods("appeared"), [""; 0], "{kind:?}: {reply:?}");
    }
}

#[tokio::test]
async fn a_membership_is_not_ordinary_because_a_property_is_missing_or_null() {
    // Rosa is in a role-assignable group. Graph gives null for ordinary groups, so null alone says nothing.
    for odd in [Value::Null, json!(false), json!("yes")] {
        let change = each(move |object| object["isAssignableToRole"] = odd.clone());
        let reply = after(answer("transitiveMemberOf", change), ROSA).await;
        reply.assert_refused(403, "privileged_role_assignable_group");
    }
    for (property, target) in [
        ("isAssignableToRole", ALEX),
        ("@odata.type", ALEX),
        ("id", ALEX),
        ("displayName", ALEX),
    ] {
        let change = each(move |object| {
            object.as_object_mut().unwrap().remove(property);
        });
        let reply = after(answer("transitiveMemberOf", change), target).await;
        reply.assert_waiting("misconfigured");
    }
    for name in ["#microsoft.graph.Group", "#Microsoft.Graph.GROUP"] {
        let change = each(move |object| object["@odata.type"] = json!(name));
        let reply = after(answer("transitiveMemberOf", change), ROSA).await;
        reply.assert_refused(403, "privileged_role_assignable_group");
    }
    let no_object = each(|object| *object = json!([]));
    let reply = after(answer("transitiveMemberOf", no_object), ALEX).await;
    reply.assert_waiting("misconfigured");
}

#[tokio::test]
async fn an_owned_group_counts_by_the_list_of_role_assignable_groups_too() {
    let change = each(|object| object["isAssignableToRole"] = Value::Null);
    let reply = after(answer("ownedObjects", change), "owen.owner@contoso.example").await;
    reply.assert_refused(403, "privileged_group_owner");
}

#[tokio::test]
async fn a_role_whose_scope_or_template_is_missing_is_not_a_standard_one() {
    // Alex is a Reports Reader for the whole tenant, which is standard.
    for odd in [None, Some(Value::Null), Some(json!("")), Some(json!(1))] {
        let change = each(move |assignment| match odd.clone() {
            None => drop(
                assignment
                    .as_object_mut()
                    .unwrap()
                    .remove("directoryScopeId"),
            ),
            Some(odd) => assignment["directoryScopeId"] = odd,
        });
        let reply = after(answer("directory/roleAssignments?", change), ALEX).await;
        assert!(
            reply.code() == "privileged_role" || reply.code() == "misconfigured",
            "{reply:?}"
        );
    }
    for odd in [Value::Null, json!(""), json!(5)] {
        let change = each(move |object| {
            if object["@odata.type"] == "#microsoft.graph.directoryRole" {
                object["roleTemplateId"] = odd.clone();
            }
        });
        let reply = after(answer("transitiveMemberOf", change), ALEX).await;
        assert!(
            reply.code() == "privileged_role" || reply.code() == "misconfigured",
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn a_list_that_is_not_whole_is_no_list() {
    type Odd = fn(&mut Value);
    let odd: [(&str, Odd); 12] = [
        ("no value", |page| {
            page.as_object_mut().unwrap().remove("value");
        }),
        ("value is null", |page| page["value"] = Value::Null),
        ("value is an object", |page| page["value"] = json!({})),
        ("value is text", |page| page["value"] = json!("")),
        ("the next link is empty", |page| {
            page["@odata.nextLink"] = json!("")
        }),
        ("the next link is a number", |page| {
            page["@odata.nextLink"] = json!(1)
        }),
        ("the next link is a list", |page| {
            page["@odata.nextLink"] = json!([])
        }),
        ("the next link is elsewhere", |page| {
            page["@odata.nextLink"] = json!("https://graph.example/v1.0/next");
        }),
        ("an array for the page", |page| *page = json!([[], null])),
        ("an error beside the value", |page| {
            *page = json!({"value": [], "error": {"code": "UnknownError", "message": "m"}});
        }),
        ("only an error", |page| {
            *page = json!({"error": {"code": "", "message": "m"}})
        }),
        ("null", |page| *page = Value::Null),
    ];
    for path in [
        "transitiveMemberOf",
        "ownedObjects",
        "directory/roleAssignments?",
        "directory/roleEligibilityScheduleInstances",
        "/groups?",
        "authentication/methods",
    ] {
        for (what, change) in odd {
            let reply = after(answer(path, change), JANE).await;
            assert_eq!(reply.state(), "waiting", "{path}, {what}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_read_that_is_answered_without_a_body_or_in_part_is_no_answer() {
    let page = r#"{"value": []}"#;
    for (status, body) in [(200, ""), (204, ""), (202, page), (203, page), (206, page)] {
        for path in ["transitiveMemberOf", "authentication/methods"] {
            let fault = Fault::on("GET", path).times(u32::MAX).body(status, body);
            let reply = after(fault, JANE).await;
            assert_eq!(reply.state(), "waiting", "{path}, {status}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_person_whose_properties_are_missing_is_not_taken_for_an_enabled_and_free_one() {
    for (property, odd) in [
        ("accountEnabled", None),
        ("accountEnabled", Some(Value::Null)),
        ("accountEnabled", Some(json!("true"))),
        ("isManagementRestricted", None),
        ("isManagementRestricted", Some(json!("false"))),
        ("userPrincipalName", Some(json!(""))),
        ("id", Some(json!(""))),
    ] {
        let change = move |person: &mut Value| match odd.clone() {
            None => drop(person.as_object_mut().unwrap().remove(property)),
            Some(odd) => person[property] = odd,
        };
        let reply = after(answer(&format!("/users/{ALEXS_ID}?"), change), ALEXS_ID).await;
        assert_eq!(reply.state(), "waiting", "{property}: {reply:?}");
    }
}

/// A person with these properties, and one phone.
async fn reset_of(more: Value) -> (TestApp, crate::test_app::Reply) {
    let mut person = json!({
        "id": "a1000000-0000-4000-8000-0000000000e1",
        "userPrincipalName": "robin@contoso.example",
        "displayName": "Robin",
        "methods": [{"type": "phone", "phoneType": "mobile", "phoneNumber": "+1 4255550199"}],
    });
    person
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let target = person["userPrincipalName"].as_str().unwrap().to_owned();
    let app = TestApp::with_tenant(|tenant| tenant.push("users", person)).await;
    let reply = app.reset(app.draft().target(&target)).await;
    (app, reply)
}

#[tokio::test]
async fn an_internal_guest_is_signed_out_like_a_member() {
    let (app, reply) = reset_of(json!({"userType": "Guest"})).await;
    documented(&reply);
    assert_eq!(reply.json["sessions"], "revoked");
    assert!(app.tenant.sessions_revoked("robin@contoso.example"));
    assert!(!reply.warnings().contains(&"guest"), "{reply:?}");
}

#[tokio::test]
async fn an_external_member_is_warned_of_and_not_called_signed_out() {
    for external in [
        json!({"userPrincipalName": "jordan_fabrikam.example#EXT#2@contoso.example"}),
        json!({"creationType": "Invitation"}),
        json!({"externalUserState": "PendingAcceptance"}),
        json!({"federatedIdentities": ["ExternalAzureAD"]}),
        json!({"federatedIdentities": ["google.com"], "userType": "Guest"}),
    ] {
        let (_app, reply) = reset_of(external).await;
        assert_eq!(reply.json["sessions"], "not_for_guests", "{reply:?}");
        assert!(reply.warnings().contains(&"guest"), "{reply:?}");
    }
}

#[tokio::test]
async fn a_name_that_graph_gives_brings_no_markup_and_no_line_into_a_sentence() {
    let tenant = |tenant: Document| {
        let group = json!({
            "id": BOARD, "displayName": "Board\r\n[CODE]<a href='https://evil.example'>\u{202e}x</a>[/CODE]",
            "isAssignableToRole": true, "members": [JANES_ID],
        });
        tenant.push("groups", group)
    };
    let app = TestApp::with_tenant(tenant).await;
    let reply = app.reset(app.draft()).await;
    reply.assert_refused(403, "privileged_role_assignable_group");
    let detail = reply.detail();
    let odd = |c: char| c.is_control() || "<>[]\u{202e}".contains(c);
    assert!(
        detail.contains("Board") && !detail.contains(odd),
        "{detail}"
    );
}

#[tokio::test]
async fn a_masked_number_shows_its_last_digits_and_goes() {
    let app = TestApp::new().await;
    let masked = Method::phone(simulated::entra::PhoneType::Mobile, "+XX XXXXXXXX12");
    app.tenant.register(ALEX, masked);
    let reply = app.reset(app.draft().target(ALEX)).await;
    reply.assert_completed();
    assert!(reply.note().contains("ending in 12"), "{}", reply.note());
}
