//! Users: who is meant, and their sessions.

use reqwest::Method;
use serde::Deserialize;

use super::graph::Graph;
use crate::ids::{ObjectId, PersonRef};
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

/// The longest display name that is shown.
const LONGEST_NAME: usize = 64;

/// A display name as it may be shown and kept: one line, without what cannot be seen or turns the direction of text,
/// and cut off where it is too long. Many directories let people change their own.
fn shown(name: &str) -> Option<String> {
    let one_line = |c: char| if c.is_whitespace() { ' ' } else { c };
    let visible: String = name
        .chars()
        .map(one_line)
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .collect();
    let name = visible
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let mut short: String = name.chars().take(LONGEST_NAME).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    (!short.is_empty()).then_some(short)
}

/// Marks of direction, and characters without a shape. The two joiners, U+200C and U+200D, some languages need.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Microsoft Graph, "user: revokeSignInSessions". Any 2xx will do: the documentation and the service have
/// disagreed about which.
pub async fn revoke_sessions(graph: &Graph, id: ObjectId) -> Result<(), DirectoryError> {
    let url = graph.url(["v1.0", "users", &id.to_string(), "revokeSignInSessions"])?;
    graph.write(Method::POST, url).await
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_display_name_is_one_short_line_without_what_cannot_be_seen() {
        for (name, expected) in [
            ("Jane Doe", Some("Jane Doe")),
            ("  Jane\n\tDoe\u{2028} ", Some("Jane Doe")),
            ("Jane \u{202e}eoD\u{2066}\u{200b}\u{0}", Some("Jane eoD")),
            ("<b>Zoë</b> O'Neil 李", Some("<b>Zoë</b> O'Neil 李")),
            ("\u{202e}\u{200b} \n", None),
            ("", None),
        ] {
            assert_eq!(shown(name).as_deref(), expected, "{name:?}");
        }
        let long = shown(&"ä".repeat(300)).unwrap();
        assert_eq!(long.chars().count(), 65);
        assert!(long.ends_with('…'));
    }
}
