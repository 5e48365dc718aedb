//! The product at work while its calls are recorded.

use std::time::Duration;

use serde_json::{Value, json};
use simulated::entra::{DefaultMethod, DefaultRefusal, Fault, Kind, Method, PhoneType};

use super::recorder::Traffic;
use crate::desk::{Browser, JANE_ID, same, with_desk};
use crate::test_app::{
    ADELE, Document, GRACE, JANE, MEGAN, Overrides, SAM, TestApp, VERA, without_cool_down,
};

const HOUR: Duration = Duration::from_secs(60 * 60);
const EVERYTHING: &str = "mfa:reregister passkeys:remove";

/// The product, which reaches its tenant through the recorder's door. Methods of types that Graph does not have, which
/// the users file has for other tests, are left out.
async fn start(traffic: &Traffic, change: impl FnOnce(&mut Value)) -> TestApp {
    let policy = |policy: Document| {
        without_cool_down(policy).add("tenants.contoso.rules.hardware_oath", "deactivate")
    };
    let tenant = |tenant: Document| {
        let mut file: Value = serde_json::from_str(&tenant.to_json()).unwrap();
        for user in file["users"].as_array_mut().unwrap() {
            if let Some(methods) = user["methods"].as_array_mut() {
                methods.retain(|method| method["type"] != "unknown");
            }
        }
        change(&mut file);
        Document::from_json(&file.to_string())
    };
    let app = TestApp::build(policy, tenant, Overrides::default()).await;
    behind_door(traffic, app).await
}

/// The same product, which reaches its tenant through the recorder's door.
async fn behind_door(traffic: &Traffic, mut app: TestApp) -> TestApp {
    let door = traffic.door(&app.tenant).await;
    // A token is for the host that is asked, so both are behind the door.
    app.redeploy(|policy| {
        policy
            .set("tenants.contoso.entra.login", door.as_str())
            .set("tenants.contoso.entra.graph", door.as_str())
    })
    .await;
    app
}

/// Two approvals for this person, with every removal that there is.
async fn reset(app: &TestApp, target: &str) {
    let first = app.draft().target(target).scope(EVERYTHING);
    let second = app.second_draft().target(target).scope(EVERYTHING);
    app.reset_on_two(first, second).await;
    app.wait(HOUR).await;
}

/// One method of every type, with every property that the tenant has for it.
pub fn methods_of_every_kind() -> Vec<Method> {
    let created = "2026-01-05T08:15:30Z";
    let of = |kind, mut fields: Value| {
        fields["createdDateTime"] = json!(created);
        Method::of(kind, fields)
    };
    vec![
        Method::phone(PhoneType::Mobile, "+1 4255550131"),
        Method::phone(PhoneType::AlternateMobile, "+1 4255550132"),
        Method::phone(PhoneType::Office, "+1 4255550133"),
        Method::authenticator("A phone"),
        Method::software_oath(),
        Method::hardware_oath("AOE1510009"),
        of(
            Kind::Fido2,
            json!({"displayName": "A key", "model": "A model", "aaGuid": "2fc0579f-8113-47ea-b116-bb5a8db9202a"}),
        ),
        of(
            Kind::WindowsHelloForBusiness,
            json!({"displayName": "A laptop"}),
        ),
        of(
            Kind::PlatformCredential,
            json!({"displayName": "A Mac", "keyStrength": "weak"}),
        ),
        of(
            Kind::External,
            json!({"displayName": "A provider", "configurationId": "e1000000-0000-4000-8000-000000000001"}),
        ),
        of(Kind::Email, json!({"emailAddress": "jane@home.example"})),
        of(
            Kind::TemporaryAccessPass,
            json!({"startDateTime": created, "isUsable": false, "methodUsabilityReason": "Expired"}),
        ),
        of(Kind::QrCodePin, json!({})),
    ]
}

/// Each person of the users file is previewed and reset, by sign-in name and by id; one has every type of method.
pub async fn each_person_is_reset(traffic: &Traffic) {
    let file: Value = serde_json::from_str(include_str!("../../../examples/users.json")).unwrap();
    for user in file["users"].as_array().unwrap() {
        let app = start(traffic, |_| ()).await;
        for method in methods_of_every_kind() {
            app.tenant.register(JANE, method);
        }
        let (name, id) = (&user["userPrincipalName"], &user["id"]);
        let preview = app.on_call_draft().target(id.as_str().unwrap());
        app.preview(&app.approve_on_call(preview)).await;
        reset(&app, name.as_str().unwrap()).await;
    }
}

/// People are looked up, verified and approved at the desk, also while Graph gets in the way.
pub async fn people_use_the_desk(traffic: &Traffic) {
    let app = behind_door(traffic, with_desk(same).await).await;
    let vera = Browser::of(&app, VERA).await;
    for contact in ["business_phone", "mobile_phone"] {
        let asked = json!({"person": JANE_ID, "contact": contact});
        let shown = vera.post("/desk/contacts", &asked).await;
        assert_eq!(shown.status, 200, "{}", shown.json);
    }
    let find = async |who: &str| vera.post("/desk/people", &json!({"person": who})).await;
    // With a manager and without one, and no person.
    for who in [JANE, ADELE, MEGAN, SAM, "nobody@contoso.example"] {
        find(who).await;
    }
    let statuses = [400, 401, 403, 404, 429, 500, 502, 503, 504];
    for status in statuses {
        app.tenant.fail(Fault::on("GET", "manager").status(status));
        find(JANE).await;
    }
    let case = vera.verify(JANE).await;
    let sam = Browser::of(&app, SAM).await;
    for status in statuses {
        let fault = Fault::on("POST", "checkMemberGroups");
        app.tenant.fail(fault.status(status));
        sam.get(&format!("/desk/cases/{case}")).await;
    }
    app.tenant.mend();
    let done = sam.approve(&case).await;
    assert_eq!(done.state(), "completed", "{}", done.json);
}

/// Errors of every sort, for reads and for writes.
pub async fn graph_gets_in_the_way(traffic: &Traffic) {
    for (verb, path) in [
        ("GET", "/users/"),
        ("GET", "transitiveMemberOf"),
        ("GET", "roleAssignments"),
        ("GET", "authentication/methods"),
        ("DELETE", "phoneMethods"),
        ("DELETE", "fido2Methods"),
        ("POST", "revokeSignInSessions"),
    ] {
        let app = start(traffic, |_| ()).await;
        for status in [400, 401, 403, 404, 409, 423, 502, 503, 504] {
            app.tenant.fail(Fault::on(verb, path).status(status));
        }
        app.tenant.fail(Fault::on(verb, path).throttle(Some(2)));
        app.tenant.fail(Fault::on(verb, path).throttle(None));
        for ticket in 0..12 {
            for method in [
                Method::phone(PhoneType::Mobile, "+1 4255550131"),
                Method::fido2("A key"),
            ] {
                app.tenant.register(ADELE, method);
            }
            let draft = app.on_call_draft().target(ADELE);
            let draft = draft.scope(EVERYTHING).ticket(&format!("HELP-{ticket}"));
            app.reset_on_call(&app.approve_on_call(draft)).await;
            app.wait(HOUR).await;
        }
    }

    let app = start(traffic, |_| ()).await;
    app.tenant.expire_tokens();
    app.tenant.set_deletion_lag(2);
    app.tenant.set_default(ADELE, DefaultMethod::Sms);
    app.tenant
        .set_default_refusal(DefaultRefusal::OthersConfigured);
    reset(&app, ADELE).await;
    app.tenant.lose_licences();
    reset(&app, GRACE).await;
    app.tenant.grant(&["User.Read.All"]);
    app.tenant.expire_tokens();
    reset(&app, MEGAN).await;
    app.tenant.remove_user(JANE);
    reset(&app, JANE).await;
}

/// A person in more groups, and a tenant with more groups that can hold a role, than fit on a page.
pub async fn lists_have_many_pages(traffic: &Traffic) {
    let app = start(traffic, |file| {
        let jane = "a1000000-0000-4000-8000-00000000000b";
        let groups = file["groups"].as_array_mut().unwrap();
        for number in 0..1100 {
            groups.push(json!({
                "id": format!("c2000000-0000-4000-8000-00000000{number:04}"),
                "displayName": format!("Group {number}"),
                "members": [jane],
            }));
        }
        for number in 0..110 {
            groups.push(json!({
                "id": format!("c3000000-0000-4000-8000-00000000{number:04}"),
                "displayName": format!("Role group {number}"),
                "isAssignableToRole": true,
            }));
        }
    })
    .await;
    reset(&app, JANE).await;
}
