//! Users: who is meant, and their sessions.

use reqwest::Method;
use serde::Deserialize;

use super::graph::Graph;
use crate::ids::{ObjectId, PersonRef};
use crate::names::shown;
use crate::reset::Person;
use crate::reset::ports::{DirectoryError, Fault};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: ObjectId,
    user_principal_name: String,
    display_name: Option<String>,
    account_enabled: Option<bool>,
    user_type: Option<String>,
    is_management_restricted: Option<bool>,
}

/// Properties outside the default set have to be asked for.
const SELECT: &str =
    "id,userPrincipalName,displayName,accountEnabled,userType,isManagementRestricted";

/// Microsoft Graph, "Get user". A name that starts with `$` cannot be a path segment and goes into a key
/// predicate, where a quote is doubled.
pub async fn find(graph: &Graph, who: &PersonRef) -> Result<Person, DirectoryError> {
    let name = who.to_string();
    let mut url = if name.starts_with('$') {
        graph.url(["v1.0", &format!("users('{}')", name.replace('\'', "''"))])?
    } else {
        graph.url(["v1.0", "users", &name])?
    };
    url.query_pairs_mut().append_pair("$select", SELECT);
    let user: User = graph.get(url).await?;
    let same = match who {
        PersonRef::Id(id) => *id == user.id,
        PersonRef::Upn(upn) => upn.as_ref().eq_ignore_ascii_case(&user.user_principal_name),
    };
    if !same {
        return Err(DirectoryError::Permanent(Fault::Unreadable));
    }
    Ok(Person {
        id: user.id,
        upn: user.user_principal_name,
        display_name: user.display_name.and_then(|name| shown(&name)),
        // Null means that the app may only read the basic profile.
        enabled: user
            .account_enabled
            .ok_or(DirectoryError::Permanent(Fault::NotAllowed))?,
        guest: user.user_type.as_deref() == Some("Guest"),
        management_restricted: user.is_management_restricted.unwrap_or(false),
    })
}

/// Microsoft Graph, "user: revokeSignInSessions". Any 2xx will do: the documentation and the service have
/// disagreed about which.
pub async fn revoke_sessions(graph: &Graph, id: ObjectId) -> Result<(), DirectoryError> {
    let url = graph.url(["v1.0", "users", &id.to_string(), "revokeSignInSessions"])?;
    graph.write(Method::POST, url).await
}
