//! Which application permissions a call to Graph needs, from Microsoft's own data.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::routes::{Version, find, segments};

/// For each call, by [`key`], the permissions any one of which is sufficient.
static NEEDED: LazyLock<HashMap<String, HashSet<String>>> = LazyLock::new(|| {
    let mut needed: HashMap<String, HashSet<String>> = HashMap::new();
    for (call, permissions) in published().into_iter().chain(additional()) {
        needed.entry(shape(&call)).or_default().extend(permissions);
    }
    needed
});

#[derive(Deserialize)]
struct Slice {
    map: HashMap<String, Schemes>,
}

#[derive(Deserialize)]
struct Schemes {
    #[serde(rename = "Application", default)]
    application: Vec<Published>,
}

#[derive(Deserialize)]
struct Published {
    p: String,
}

#[derive(Deserialize)]
struct Additional {
    #[serde(rename = "Application")]
    application: Vec<String>,
}

fn published() -> Vec<(String, Vec<String>)> {
    let slice = include_str!("../../data/graph_permissions_slice.json");
    let map = serde_json::from_str::<Slice>(slice)
        .map(|slice| slice.map)
        .unwrap_or_default();
    let names = |schemes: Schemes| {
        schemes
            .application
            .into_iter()
            .map(|permission| permission.p)
            .collect()
    };
    map.into_iter()
        .map(|(call, schemes)| (call, names(schemes)))
        .collect()
}

fn additional() -> Vec<(String, Vec<String>)> {
    let file = include_str!("../../data/graph_permissions_additional.json");
    let map: HashMap<String, Additional> = serde_json::from_str(file).unwrap_or_default();
    map.into_iter()
        .map(|(call, additional)| (call, additional.application))
        .collect()
}

/// The application permissions any one of which lets an app make a call, in alphabetical order; none for a call that is
/// not simulated or that no app can make. The arguments are those of a [`Call`](super::Call): the verb, `v1.0` or
/// `beta`, and the path below it.
///
/// The permission may give only a part of the response: `User.ReadBasic.All` gives a person's basic properties, and
/// `transitiveMemberOf` hides what the app may not read.
pub fn allowing(method: &str, version: &str, path: &str) -> Vec<String> {
    let route = Version::named(version)
        .zip(segments(path).ok())
        .and_then(|(version, segments)| find(version, method, &segments).ok());
    let needed = route.and_then(|route| NEEDED.get(&key(route.verb, &route.template)));
    let mut names: Vec<_> = needed.into_iter().flatten().cloned().collect();
    names.sort();
    names
}

/// Identifies a call by its verb and the [`shape`] of its path.
fn key(verb: &str, template: &str) -> String {
    shape(&format!("{verb} {template}"))
}

/// A template in lower case and without the names of its parameters, which differ between Microsoft's sources.
pub(super) fn shape(template: &str) -> String {
    let segments = template.split('/');
    let blank = |segment: &str| {
        if segment.starts_with('{') {
            "{}".to_owned()
        } else {
            segment.to_lowercase()
        }
    };
    segments.map(blank).collect::<Vec<_>>().join("/")
}

/// The permissions in the token of an app.
#[derive(Clone, Debug, Default)]
pub(super) struct Permissions(pub(super) Vec<String>);

impl Permissions {
    /// Whether they allow this call.
    pub(super) fn allow(&self, verb: &str, template: &str) -> bool {
        let needed = NEEDED.get(&key(verb, template));
        needed.is_some_and(|needed| self.0.iter().any(|held| needed.contains(held)))
    }

    /// Whether they allow this call without this permission.
    pub(super) fn allow_without(&self, permission: &str, verb: &str, template: &str) -> bool {
        Permissions(
            self.0
                .iter()
                .filter(|held| *held != permission)
                .cloned()
                .collect(),
        )
        .allow(verb, template)
    }

    pub(super) fn any(&self, wanted: &[&str]) -> bool {
        self.0.iter().any(|held| wanted.contains(&held.as_str()))
    }
}

#[cfg(test)]
pub(super) fn knows(verb: &str, template: &str) -> bool {
    NEEDED.contains_key(&key(verb, template))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_entries_of_both_files_are_read() {
        assert_eq!(published().len(), 165);
        assert_eq!(additional().len(), 12);
    }

    #[test]
    fn a_permission_allows_the_calls_for_which_it_is_listed_and_no_others() {
        let phones = Permissions(vec!["UserAuthMethod-Phone.ReadWrite.All".to_owned()]);
        assert!(phones.allow("DELETE", "/users/{id}/authentication/phoneMethods/{id}"));
        assert!(!phones.allow(
            "DELETE",
            "/users/{id}/authentication/softwareOathMethods/{id}"
        ));
        assert!(!phones.allow("GET", "/users/{id}/authentication/methods"));
        assert!(!phones.allow("GET", "/no/such/path"));
    }

    #[test]
    fn the_permissions_of_a_recorded_call_are_found() {
        let methods = "/users/adele%40contoso.example/authentication/methods";
        assert_eq!(
            allowing("GET", "v1.0", methods),
            [
                "UserAuthenticationMethod.Read.All",
                "UserAuthenticationMethod.ReadWrite.All"
            ]
        );
        assert_eq!(
            allowing(
                "GET",
                "v1.0",
                "/users('o''neil@contoso.example')/ownedObjects"
            ),
            [
                "Directory.Read.All",
                "Directory.ReadWrite.All",
                "User.Read.All",
                "User.ReadWrite.All"
            ]
        );
        let one_method = format!("{methods}/3179e48a-750b-4051-897c-87b9720928f7");
        for (verb, version, path) in [
            ("DELETE", "v1.0", one_method.as_str()),
            ("GET", "v1.0", "/no/such/path"),
            ("GET", "v2.0", methods),
            ("PUT", "v1.0", methods),
        ] {
            assert!(allowing(verb, version, path).is_empty(), "{verb} {path}");
        }
    }

    #[test]
    fn two_spellings_of_a_path_in_the_data_are_one_call() {
        for permission in ["User.RevokeSessions.All", "User.ReadWrite.All"] {
            assert!(
                Permissions(vec![permission.to_owned()])
                    .allow("POST", "/users/{id}/revokeSignInSessions")
            );
        }
    }
}
