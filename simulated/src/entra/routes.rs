//! The routes of the simulated Graph.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;

use super::answers::{Answer, NOT_SIMULATED};
use super::kinds::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    Beta,
}

impl Version {
    pub(super) fn name(self) -> &'static str {
        match self {
            Version::V1 => "v1.0",
            Version::Beta => "beta",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Version::V1, Version::Beta]
            .into_iter()
            .find(|version| version.name() == name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    GetUser,
    GetManager,
    CheckMemberGroups,
    Memberships,
    OwnedObjects,
    Groups,
    GetGroup,
    RoleAssignments,
    RoleSchedules,
    RoleEligibilities,
    GroupEligibilities,
    PlannedRoleSchedules,
    PlannedRoleEligibilities,
    PlannedGroupEligibilities,
    RevokeSessions,
    ListMethods,
    GetAnyMethod,
    DeleteAnyMethod,
    ListMethodsOf(Kind),
    GetMethodOf(Kind),
    DeleteMethodOf(Kind),
    DeactivateToken,
    GetPreferences,
    SetPreferences,
}

#[derive(Debug)]
pub(super) struct Route {
    pub(super) verb: &'static str,
    pub(super) template: String,
    beta_only: bool,
    pub(super) action: Action,
}

impl Route {
    pub(super) fn versions(&self) -> &'static [Version] {
        if self.beta_only {
            &[Version::Beta]
        } else {
            &[Version::V1, Version::Beta]
        }
    }

    /// Whether the service for authentication methods answers it, which has errors of its own.
    pub(super) fn is_about_methods(&self) -> bool {
        self.template.contains("/authentication/")
    }

    /// How many segments of a path match, from its start.
    fn matching_segments(&self, segments: &[String]) -> usize {
        let pairs = self.template.split('/').skip(1).zip(segments);
        pairs
            .take_while(|(wanted, given)| {
                wanted.starts_with('{') || wanted.eq_ignore_ascii_case(given)
            })
            .count()
    }

    fn matches(&self, segments: &[String]) -> bool {
        let length = self.template.split('/').skip(1).count();
        length == segments.len() && self.matching_segments(segments) == length
    }
}

pub(super) static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut routes = Vec::new();
    let mut add = |verb, template: &str, beta_only, action| {
        routes.push(Route {
            verb,
            template: template.to_owned(),
            beta_only,
            action,
        });
    };
    let methods = "/users/{id}/authentication/methods";
    let preferences = "/users/{id}/authentication/signInPreferences";
    let eligibilities = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances";
    add("GET", "/users/{id}", false, Action::GetUser);
    add("GET", "/users/{id}/manager", false, Action::GetManager);
    add(
        "POST",
        "/users/{id}/checkMemberGroups",
        false,
        Action::CheckMemberGroups,
    );
    add(
        "GET",
        "/users/{id}/transitiveMemberOf",
        false,
        Action::Memberships,
    );
    add(
        "GET",
        "/users/{id}/ownedObjects",
        false,
        Action::OwnedObjects,
    );
    add(
        "POST",
        "/users/{id}/revokeSignInSessions",
        false,
        Action::RevokeSessions,
    );
    add(
        "GET",
        "/roleManagement/directory/roleAssignments",
        false,
        Action::RoleAssignments,
    );
    add("GET", "/groups", false, Action::Groups);
    add("GET", "/groups/{id}", false, Action::GetGroup);
    add(
        "GET",
        "/roleManagement/directory/roleAssignmentScheduleInstances",
        false,
        Action::RoleSchedules,
    );
    add(
        "GET",
        "/roleManagement/directory/roleEligibilityScheduleInstances",
        false,
        Action::RoleEligibilities,
    );
    add("GET", eligibilities, false, Action::GroupEligibilities);
    for (path, action) in [
        (
            "/roleManagement/directory/roleAssignmentSchedules",
            Action::PlannedRoleSchedules,
        ),
        (
            "/roleManagement/directory/roleEligibilitySchedules",
            Action::PlannedRoleEligibilities,
        ),
        (
            "/identityGovernance/privilegedAccess/group/eligibilitySchedules",
            Action::PlannedGroupEligibilities,
        ),
    ] {
        add("GET", path, false, action);
    }
    add("GET", methods, false, Action::ListMethods);
    add(
        "GET",
        &format!("{methods}/{{id}}"),
        false,
        Action::GetAnyMethod,
    );
    add(
        "DELETE",
        &format!("{methods}/{{id}}"),
        false,
        Action::DeleteAnyMethod,
    );
    add("GET", preferences, true, Action::GetPreferences);
    add("PATCH", preferences, true, Action::SetPreferences);
    for kind in Kind::ADDRESSABLE {
        let collection = format!("/users/{{id}}/authentication/{}", kind.collection());
        let one = match kind {
            Kind::QrCodePin => collection.clone(),
            _ => format!("{collection}/{{id}}"),
        };
        if kind != Kind::QrCodePin {
            add(
                "GET",
                &collection,
                kind.beta_only(),
                Action::ListMethodsOf(kind),
            );
        }
        add("GET", &one, kind.beta_only(), Action::GetMethodOf(kind));
        if kind != Kind::Password {
            add(
                "DELETE",
                &one,
                kind.beta_only(),
                Action::DeleteMethodOf(kind),
            );
        }
        if kind == Kind::HardwareOath {
            add(
                "POST",
                &format!("{one}/deactivate"),
                true,
                Action::DeactivateToken,
            );
        }
    }
    routes
});

/// Finds the route of a path, or gives Graph's error for a path or a verb that it does not have.
pub(super) fn find(
    version: Version,
    verb: &str,
    segments: &[String],
) -> Result<&'static Route, Answer> {
    let served = || {
        ROUTES
            .iter()
            .filter(|route| route.versions().contains(&version))
    };
    let mut matching = served().filter(|route| route.matches(segments)).peekable();
    if matching.peek().is_none() {
        let known = served()
            .map(|route| route.matching_segments(segments))
            .max()
            .unwrap_or_default();
        let unknown = segments
            .get(known)
            .or(segments.last())
            .map(String::as_str)
            .unwrap_or_default();
        return Err(Answer::error(
            400,
            "BadRequest",
            format!("Resource not found for the segment '{unknown}'.{NOT_SIMULATED}"),
        ));
    }
    let text = "Specified HTTP method is not allowed for the request target.";
    matching
        .find(|route| route.verb == verb)
        .ok_or_else(|| Answer::error(405, "Request_BadRequest", text))
}

/// The decoded segments of a path below the version. `users('name')` is two segments, `users` and `name`.
pub(super) fn segments(path: &str) -> Result<Vec<String>, Answer> {
    let mut segments: Vec<String> = Vec::new();
    for raw in path.split('/').filter(|raw| !raw.is_empty()) {
        let Ok(segment) = percent_decode_str(raw).decode_utf8() else {
            return Err(Answer::error(
                400,
                "BadRequest",
                "Bad Request - Error in query syntax.",
            ));
        };
        let keyed = segment
            .strip_suffix("')")
            .and_then(|rest| rest.split_once("('"));
        match keyed {
            Some((collection, key)) => {
                segments.extend([collection.to_owned(), key.replace("''", "'")])
            }
            // Graph mistakes a name that begins with a dollar sign for a query option: see the tip on
            // https://learn.microsoft.com/graph/api/user-get
            None if segment.starts_with('$') => {
                let text = "The request URI is not valid. Since the segment 'users' refers to a \
                            collection, this must be the last segment in the request URI or it \
                            must be followed by an function or action that can be bound to it \
                            otherwise all intermediate segments must refer to a single resource.";
                return Err(Answer::error(400, "BadRequest", text));
            }
            None => segments.push(segment.into_owned()),
        }
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::entra::permissions::{Permissions, knows, shape};

    fn sdk() -> HashSet<(String, String, String)> {
        let mut paths = HashSet::new();
        for line in include_str!("../../data/graph_sdk_paths.tsv")
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            let columns: Vec<_> = line.split('\t').collect();
            for verb in columns[1].split(',') {
                paths.insert((columns[0].to_owned(), verb.to_owned(), shape(columns[2])));
            }
        }
        paths
    }

    #[test]
    fn every_route_is_in_the_sdk_or_the_permissions_data_of_microsoft() {
        let sdk = sdk();
        for route in ROUTES.iter() {
            for version in route.versions() {
                let call = (
                    version.name().to_owned(),
                    route.verb.to_owned(),
                    shape(&route.template),
                );
                let known = sdk.contains(&call) || knows(route.verb, &route.template);
                assert!(
                    known,
                    "Microsoft has no {} {} {}",
                    call.0, route.verb, route.template
                );
            }
        }
    }

    #[test]
    fn every_route_about_methods_is_in_the_sdk_of_its_version() {
        let sdk = sdk();
        for route in ROUTES
            .iter()
            .filter(|route| route.is_about_methods() && route.action != Action::DeleteAnyMethod)
        {
            for version in route.versions() {
                let call = (
                    version.name().to_owned(),
                    route.verb.to_owned(),
                    shape(&route.template),
                );
                assert!(sdk.contains(&call), "the SDK has no {call:?}");
            }
        }
    }

    #[test]
    fn every_route_can_be_allowed_except_the_one_that_no_app_can_call() {
        let everything = "Directory.Read.All User.ReadWrite.All \
                          UserAuthenticationMethod.ReadWrite.All RoleManagement.Read.Directory \
                          UserAuthenticationMethod.Read.All \
                          PrivilegedEligibilitySchedule.Read.AzureADGroup \
                          UserAuthMethod-Password.Read.All";
        let everything = Permissions(everything.split_whitespace().map(str::to_owned).collect());
        for route in ROUTES.iter() {
            let allowed = everything.allow(route.verb, &route.template);
            assert_eq!(
                allowed,
                route.action != Action::DeleteAnyMethod,
                "{} {}",
                route.verb,
                route.template
            );
        }
    }

    #[test]
    fn a_key_in_brackets_and_a_key_in_a_segment_are_the_same_path() {
        assert_eq!(
            segments("/users('o''neil@x.y')/ownedObjects").unwrap(),
            ["users", "o'neil@x.y", "ownedObjects"]
        );
        assert_eq!(
            segments("/users/a%23EXT%23%40x.y").unwrap(),
            ["users", "a#EXT#@x.y"]
        );
        assert_eq!(
            segments("/users(%27%24a@x.y%27)").unwrap(),
            ["users", "$a@x.y"]
        );
        assert!(segments("/users/%24a@x.y").is_err());
    }
}
