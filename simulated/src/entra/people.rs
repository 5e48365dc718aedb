//! `/users/{id}`: reading a person, and revoking their sessions.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answers::{Answer, Outcome};
use super::calls::GraphCall;
use super::directory::{CREATED, Directory, Person};

/// The properties that a response has without `$select`, and the only ones that `User.ReadBasic.All` may read
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
pub(super) fn get(directory: &Directory, call: &GraphCall) -> Outcome {
    call.allow_options(&["$select"])?;
    let mut all = properties(call.person(directory)?, &directory.domain);
    let selected = call.selected();
    let (names, context) = match &selected {
        None => (DEFAULT.to_vec(), "users/$entity".to_owned()),
        Some(names) => (names.clone(), format!("users({})/$entity", names.join(","))),
    };
    let basic = names.iter().all(|name| DEFAULT.contains(name));
    if !basic
        && !call.permissions.allow_without(
            "User.ReadBasic.All",
            call.route.verb,
            &call.route.template,
        )
    {
        return Err(Answer::insufficient_privileges());
    }
    let mut answer = Map::from_iter([("@odata.context".to_owned(), json!(call.context(&context)))]);
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

/// <https://learn.microsoft.com/graph/api/resources/objectidentity>
fn identities(person: &Person, domain: &str) -> Value {
    let mut issuers: Vec<&str> = person
        .profile
        .federated_identities
        .iter()
        .map(String::as_str)
        .collect();
    if person.has_external_name() && issuers.is_empty() {
        issuers.push("ExternalAzureAD");
    }
    let federated = issuers.into_iter().map(
        |issuer| json!({"signInType": "federated", "issuer": issuer, "issuerAssignedId": null}),
    );
    let own = json!({
        "signInType": "userPrincipalName",
        "issuer": domain,
        "issuerAssignedId": person.profile.user_principal_name,
    });
    federated.chain([own]).collect()
}

fn properties(person: &Person, domain: &str) -> Map<String, Value> {
    let profile = &person.profile;
    let external = person.has_external_name();
    let or_default = |given: &Option<String>, default: &str| {
        given
            .clone()
            .or_else(|| external.then(|| default.to_owned()))
    };
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
        "creationType": or_default(&profile.creation_type, "Invitation"),
        "externalUserState": or_default(&profile.external_user_state, "Accepted"),
        "identities": identities(person, domain),
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

/// `POST /users/{id}/revokeSignInSessions`, which "doesn't revoke sign-in sessions for external users", and reports
/// success for them too (<https://learn.microsoft.com/graph/api/user-revokesigninsessions>).
pub(super) fn revoke_sessions(
    directory: &mut Directory,
    call: &GraphCall,
    now: Timestamp,
) -> Outcome {
    let person = call.person_to_change(directory)?;
    if !person.is_external() {
        person.sessions_revoked = Some(now);
    }
    Ok(Answer::json(
        200,
        json!({"@odata.context": call.context("Edm.Boolean"), "value": true}),
    ))
}
