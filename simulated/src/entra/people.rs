//! `/users/{id}`: one person, and the end of their sessions.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answers::{Answer, Outcome};
use super::asks::Ask;
use super::directory::{Directory, Person};

/// When everything in this tenant was created.
pub(super) const CREATED: &str = "2024-03-01T08:00:00Z";

/// What an answer has unless `$select` says otherwise, and all that `User.ReadBasic.All` may read of it
/// (<https://learn.microsoft.com/graph/api/user-get>).
const DEFAULT: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// `GET /users/{id}`
pub(super) fn get(directory: &Directory, ask: &Ask) -> Outcome {
    ask.takes_only(&["$select"])?;
    let person = directory
        .find(ask.user())
        .ok_or_else(|| Answer::no_such_resource(ask.user()))?;
    let mut all = properties(person);
    let selected = ask.selected();
    let (names, context) = match &selected {
        None => (DEFAULT.to_vec(), "users/$entity".to_owned()),
        Some(names) => (names.clone(), format!("users({})/$entity", names.join(","))),
    };
    let basic = names.iter().all(|name| DEFAULT.contains(name));
    if !basic
        && !ask
            .permissions
            .allow_beyond("User.ReadBasic.All", ask.route.verb, &ask.route.template)
    {
        return Err(Answer::error(
            403,
            "Authorization_RequestDenied",
            super::graph::INSUFFICIENT,
        ));
    }
    let mut answer = Map::from_iter([("@odata.context".to_owned(), json!(ask.context(&context)))]);
    for name in names {
        let Some(value) = all.remove(name) else {
            let text = format!(
                "Parsing OData Select and Expand failed: Could not find a property named \
                 '{name}' on type 'microsoft.graph.user'."
            );
            return Err(Answer::error(400, "BadRequest", text));
        };
        answer.insert(name.to_owned(), value);
    }
    Ok(Answer::json(200, Value::Object(answer)))
}

fn properties(person: &Person) -> Map<String, Value> {
    let profile = &person.profile;
    let external = person.is_external();
    let all = json!({
        "id": profile.id,
        "userPrincipalName": profile.user_principal_name,
        "displayName": profile.display_name,
        "businessPhones": [],
        "givenName": null,
        "jobTitle": null,
        "mail": (!external).then_some(&profile.user_principal_name),
        "mobilePhone": null,
        "officeLocation": null,
        "preferredLanguage": null,
        "surname": null,
        "accountEnabled": profile.account_enabled,
        "createdDateTime": CREATED,
        "userType": profile.user_type,
        "externalUserState": external.then_some("Accepted"),
        "onPremisesSyncEnabled": profile.on_premises_sync_enabled,
        "isManagementRestricted": profile.is_management_restricted,
        "signInSessionsValidFromDateTime": person.sessions_revoked.map_or_else(
            || CREATED.to_owned(),
            |revoked| revoked.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        ),
    });
    match all {
        Value::Object(all) => all,
        _ => Map::new(),
    }
}

/// `POST /users/{id}/revokeSignInSessions`; it "doesn't revoke sign-in sessions for external users", whom
/// it accepts all the same (<https://learn.microsoft.com/graph/api/user-revokesigninsessions>).
pub(super) fn revoke_sessions(directory: &mut Directory, ask: &Ask) -> Outcome {
    let person = directory
        .find_mut(ask.user())
        .ok_or_else(|| Answer::no_such_resource(ask.user()))?;
    may_change(person, ask)?;
    if !person.is_external() {
        person.sessions_revoked = Some(Timestamp::now());
    }
    Ok(Answer::json(
        200,
        json!({"@odata.context": ask.context("Edm.Boolean"), "value": true}),
    ))
}

/// Permissions do not reach into restricted management units; only a role that is scoped to them does
/// (<https://learn.microsoft.com/entra/identity/role-based-access-control/admin-units-restricted-management>).
pub(super) fn may_change(person: &Person, ask: &Ask) -> Result<(), Answer> {
    if person.profile.is_management_restricted == Some(true) && !ask.acts_on_restricted {
        return Err(Answer::error(
            403,
            "Authorization_RequestDenied",
            super::graph::INSUFFICIENT,
        ));
    }
    Ok(())
}
