//! `/users/{id}`: reading a person, and revoking their sessions.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answers::{Answer, Outcome};
use super::calls::{GraphCall, no_such_property};
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
    let person = call.person(directory)?;
    let selected = call.selected();
    let basic = selected.iter().flatten().all(|name| DEFAULT.contains(name));
    if !basic
        && !call.permissions.allow_without(
            "User.ReadBasic.All",
            call.route.verb,
            &call.route.template,
        )
    {
        return Err(Answer::insufficient_privileges());
    }
    let context = match &selected {
        None => "users/$entity".to_owned(),
        Some(names) => format!("users({})/$entity", names.join(",")),
    };
    let context = ("@odata.context".to_owned(), json!(call.context(&context)));
    show(person, &directory.domain, selected, [context])
}

/// `GET /users/{id}/manager`, which is a directoryObject (<https://learn.microsoft.com/graph/api/user-list-manager>)
pub(super) fn manager(directory: &Directory, call: &GraphCall) -> Outcome {
    call.allow_options(&["$select"])?;
    let id = call.person(directory)?.profile.manager;
    let found = id.and_then(|id| directory.find(&id.to_string()));
    let manager = found.ok_or_else(|| Answer::no_such_resource("manager"))?;
    let selected = call.selected();
    let context = match &selected {
        None => "directoryObjects/$entity".to_owned(),
        Some(names) => format!("directoryObjects({})/$entity", names.join(",")),
    };
    let annotations = [
        ("@odata.context", json!(call.context(&context))),
        ("@odata.type", json!("#microsoft.graph.user")),
    ];
    let annotations = annotations.map(|(name, value)| (name.to_owned(), value));
    show(manager, &directory.domain, selected, annotations)
}

/// A person with the selected properties, or those that come unasked.
fn show(
    person: &Person,
    domain: &str,
    selected: Option<Vec<&str>>,
    annotations: impl IntoIterator<Item = (String, Value)>,
) -> Outcome {
    let mut all = properties(person, domain);
    let names = selected.unwrap_or_else(|| DEFAULT.to_vec());
    let mut answer = Map::from_iter(annotations);
    for name in names {
        let Some(value) = all.remove(name) else {
            return Err(no_such_property(name, "user"));
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
    let created = profile.created_date_time.as_deref().unwrap_or(CREATED);
    let all = json!({
        "id": profile.id,
        "userPrincipalName": profile.user_principal_name,
        "displayName": profile.display_name,
        "businessPhones": profile.business_phones,
        "givenName": null,
        "jobTitle": profile.job_title,
        "mail": person.mail(),
        "mobilePhone": profile.mobile_phone,
        "officeLocation": null,
        "preferredLanguage": null,
        "surname": null,
        "accountEnabled": profile.account_enabled,
        "companyName": profile.company_name,
        "createdDateTime": created,
        "department": profile.department,
        "employeeId": profile.employee_id,
        "lastPasswordChangeDateTime": profile.last_password_change_date_time.as_deref().unwrap_or(created),
        "userType": profile.user_type,
        "creationType": or_default(&profile.creation_type, "Invitation"),
        "externalUserState": or_default(&profile.external_user_state, "Accepted"),
        "identities": identities(person, domain),
        "onPremisesSyncEnabled": profile.on_premises_sync_enabled,
        "isManagementRestricted": profile.is_management_restricted,
        "signInSessionsValidFromDateTime": person.sessions_revoked.map_or_else(
            || created.to_owned(),
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
