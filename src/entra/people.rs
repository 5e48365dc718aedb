//! Users: who is meant, and their sessions.

use std::collections::BTreeSet;

use reqwest::{Method, Url};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::graph::Graph;
use crate::approval::{ContactEnds, LastDigits};
use crate::ids::{ObjectId, PersonRef, Upn};
use crate::names::shown;
use crate::reset::ports::{DirectoryError, Fault};
use crate::reset::{Manager, PasswordChange, Person};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: ObjectId,
    user_principal_name: String,
    display_name: Option<String>,
    account_enabled: Option<bool>,
    /// Null is false (Microsoft Graph, "user": `isManagementRestricted`). That it is missing is no answer.
    #[serde(deserialize_with = "given")]
    is_management_restricted: Option<bool>,
    creation_type: Option<Value>,
    external_user_state: Option<Value>,
    identities: Option<Value>,
    /// Null where the account has none. That it is missing is no answer: two accounts may be one person.
    #[serde(deserialize_with = "given")]
    employee_id: Option<String>,
    on_premises_sync_enabled: Option<Value>,
    #[serde(default, deserialize_with = "as_it_is")]
    last_password_change_date_time: Option<Value>,
    #[serde(default, deserialize_with = "ends")]
    mobile_phone: Option<LastDigits>,
    /// A list, of which the first is used.
    #[serde(default, deserialize_with = "ends")]
    business_phones: Option<LastDigits>,
}

/// What a number ends in. Of the number itself nothing stays.
fn ends<'de, D: Deserializer<'de>>(input: D) -> Result<Option<LastDigits>, D::Error> {
    let value = Value::deserialize(input)?;
    Ok(first_number(&value).and_then(LastDigits::of))
}

/// A number, or the first of a list. What is odd is none.
pub fn first_number(value: &Value) -> Option<&str> {
    let first = value.as_array().map_or(Some(value), |list| list.first());
    first.and_then(Value::as_str)
}

/// A member that may be null and must be there.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(input)
}

/// A member of any type, which may be null. `None` if it is missing.
fn as_it_is<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(input).map(Some)
}

/// Properties outside the default set have to be asked for.
const SELECT: &str = "id,userPrincipalName,displayName,accountEnabled,isManagementRestricted,\
                      creationType,externalUserState,identities,employeeId,onPremisesSyncEnabled,\
                      lastPasswordChangeDateTime,mobilePhone,businessPhones";

/// The address of a user, and of what is below it. A name that starts with `$` cannot be a path segment and goes into a
/// key predicate, where a quote is doubled.
pub fn url(graph: &Graph, who: &PersonRef, below: &[&str]) -> Result<Url, DirectoryError> {
    let name = who.to_string();
    let key = format!("users('{}')", name.replace('\'', "''"));
    let user: &[&str] = match name.starts_with('$') {
        true => &["v1.0", &key],
        false => &["v1.0", "users", &name],
    };
    graph.url(user.iter().chain(below).copied())
}

/// Microsoft Graph, "Get user".
pub async fn find(graph: &Graph, who: &PersonRef) -> Result<Person, DirectoryError> {
    let mut url = url(graph, who, &[])?;
    url.query_pairs_mut().append_pair("$select", SELECT);
    let user: User = graph.get(url).await?;
    let same = match who {
        PersonRef::Id(id) => *id == user.id,
        PersonRef::Upn(upn) => upn.is_same(&user.user_principal_name),
    };
    // A name is what the policy's approvers are compared with, and what notes repeat.
    if !same || Upn::try_from(user.user_principal_name.clone()).is_err() {
        return Err(DirectoryError::Permanent(Fault::Unreadable));
    }
    Ok(Person {
        id: user.id,
        external: user.is_external(),
        // Only what certainly is kept elsewhere is out of the person's own hands.
        synced: user.on_premises_sync_enabled == Some(Value::Bool(true)),
        password: password(user.last_password_change_date_time.as_ref()),
        upn: user.user_principal_name,
        display_name: user.display_name.as_deref().and_then(shown),
        // Null means that the app may only read the basic profile.
        enabled: user
            .account_enabled
            .ok_or(DirectoryError::Permanent(Fault::NotAllowed))?,
        management_restricted: user.is_management_restricted.unwrap_or(false),
        employee_id: user.employee_id,
        contacts: ContactEnds {
            business_phone: user.business_phones,
            mobile_phone: user.mobile_phone,
        },
    })
}

/// Accounts whose password Entra does not know may have null (Microsoft Graph, "user": `lastPasswordChangeDateTime`).
fn password(given: Option<&Value>) -> PasswordChange {
    match given {
        Some(Value::Null) => PasswordChange::NoTime,
        Some(Value::String(time)) => time
            .parse()
            .map_or(PasswordChange::Unreadable, PasswordChange::At),
        _ => PasswordChange::Unreadable,
    }
}

impl User {
    /// Whether they sign in elsewhere, so that their sessions and MFA are there: they were invited or signed themselves up,
    /// or have an identity of another issuer. `userType` does not say: cross-tenant synchronisation makes external
    /// members, and people of the tenant may be guests (Microsoft Learn, "Properties of a B2B collaboration user").
    fn is_external(&self) -> bool {
        fn text(value: &Option<Value>) -> Option<&str> {
            let text = value.as_ref().and_then(Value::as_str);
            text.filter(|text| !text.is_empty())
        }
        let is_federated = |identity: &Value| {
            let kind = identity.get("signInType").and_then(Value::as_str);
            kind.is_some_and(|kind| kind.eq_ignore_ascii_case("federated"))
        };
        let mut identities = self.identities.iter().filter_map(Value::as_array).flatten();
        self.user_principal_name
            .to_ascii_uppercase()
            .contains("#EXT#")
            || matches!(
                text(&self.creation_type),
                Some("Invitation" | "SelfServiceSignUp")
            )
            || text(&self.external_user_state).is_some()
            || identities.any(is_federated)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManagedBy {
    id: ObjectId,
    display_name: Option<String>,
}

/// Microsoft Graph, "List manager".
pub async fn manager(graph: &Graph, who: &PersonRef) -> Result<Option<Manager>, DirectoryError> {
    let mut url = url(graph, who, &["manager"])?;
    url.query_pairs_mut()
        .append_pair("$select", "id,displayName");
    match graph.get::<ManagedBy>(url).await {
        Ok(found) => Ok(Some(Manager {
            id: found.id,
            name: found.display_name.as_deref().and_then(shown),
        })),
        Err(DirectoryError::Permanent(Fault::NotFound)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Microsoft Graph, "directoryObject: checkMemberGroups": of these groups, at most 20, those that the person is in, also
/// through other groups.
pub async fn member_of(
    graph: &Graph,
    id: ObjectId,
    groups: &[ObjectId],
) -> Result<BTreeSet<ObjectId>, DirectoryError> {
    let url = graph.url(["v1.0", "users", &id.to_string(), "checkMemberGroups"])?;
    let found: Vec<ObjectId> = graph.ask(url, &json!({ "groupIds": groups })).await?;
    Ok(found.into_iter().collect())
}

/// Microsoft Graph, "user: revokeSignInSessions". The documentation and the service have disagreed about which 2xx it is,
/// and about the body.
pub async fn revoke_sessions(graph: &Graph, id: ObjectId) -> Result<(), DirectoryError> {
    let url = graph.url(["v1.0", "users", &id.to_string(), "revokeSignInSessions"])?;
    graph.write(Method::POST, url, is_revoked).await
}

/// `{"@odata.context": "…#Edm.Boolean", "value": true}`.
fn is_revoked(answer: &Map<String, Value>) -> bool {
    match answer.get("value") {
        Some(value) => *value == Value::Bool(true),
        None => answer.contains_key("@odata.context"),
    }
}
