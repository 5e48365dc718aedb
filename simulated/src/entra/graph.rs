//! Graph: authenticates the caller, finds the route, checks the permissions, and answers.

use super::answers::{Answer, Outcome};
use super::calls::GraphCall;
use super::pim::Seen;
use super::routes::{Action, Version, find, segments};
use super::state::{State, Token};
use super::{authentication, groups_and_roles, people, pim};

/// A request to Graph.
#[derive(Debug)]
pub(super) struct GraphRequest<'a> {
    pub(super) version: Version,
    pub(super) verb: &'a str,
    /// The path below the version.
    pub(super) path: &'a str,
    pub(super) query: &'a [(String, String)],
    pub(super) bearer: Option<&'a str>,
    pub(super) body: &'a [u8],
    /// The scheme and host that the client used.
    pub(super) base: &'a str,
}

pub(super) fn answer(state: &mut State, request: &GraphRequest) -> Answer {
    try_answer(state, request).unwrap_or_else(|error| error)
}

fn try_answer(state: &mut State, request: &GraphRequest) -> Outcome {
    let token = authenticate(state, request.bearer, request.base)?;
    let segments = segments(request.path)?;
    let route = find(request.version, request.verb, &segments)?;
    let call = GraphCall {
        version: request.version,
        route,
        segments: &segments,
        query: request.query,
        body: request.body,
        base: request.base,
        permissions: token.permissions,
        acts_on_restricted: token.acts_on_restricted,
    };
    if route.action == Action::DeleteAnyMethod {
        return authentication::delete_any(&call);
    }
    if !call.permissions.allow(route.verb, &route.template) {
        return Err(forbidden(&call));
    }
    let now = state.now();
    let (directory, licences) = (&mut state.directory, &state.licences);
    match route.action {
        Action::GetUser => people::get(directory, &call),
        Action::RevokeSessions => people::revoke_sessions(directory, &call, now),
        Action::GetManager => people::manager(directory, &call),
        Action::CheckMemberGroups => groups_and_roles::check_member_groups(directory, &call),
        Action::Memberships => groups_and_roles::memberships(directory, &call),
        Action::OwnedObjects => groups_and_roles::owned_objects(directory, &call),
        Action::RoleAssignments => groups_and_roles::role_assignments(directory, &call),
        Action::Groups => groups_and_roles::groups(directory, &call),
        Action::GetGroup => groups_and_roles::group(directory, &call),
        Action::RoleSchedules => pim::role_assignments(directory, &call, licences, Seen::Begun),
        Action::RoleEligibilities => {
            pim::role_eligibilities(directory, &call, licences, Seen::Begun)
        }
        Action::GroupEligibilities => {
            pim::group_eligibilities(directory, &call, licences, Seen::Begun)
        }
        Action::PlannedRoleSchedules => {
            pim::role_assignments(directory, &call, licences, Seen::All)
        }
        Action::PlannedRoleEligibilities => {
            pim::role_eligibilities(directory, &call, licences, Seen::All)
        }
        Action::PlannedGroupEligibilities => {
            pim::group_eligibilities(directory, &call, licences, Seen::All)
        }
        Action::ListMethods => authentication::list(directory, &call),
        Action::GetAnyMethod => authentication::get(directory, &call, None),
        Action::DeleteAnyMethod => authentication::delete_any(&call),
        Action::ListMethodsOf(kind) => authentication::list_of(directory, &call, kind),
        Action::GetMethodOf(kind) => authentication::get(directory, &call, Some(kind)),
        Action::DeleteMethodOf(kind) => authentication::delete(
            directory,
            &call,
            kind,
            state.default_refusal,
            state.deletion_lag,
        ),
        Action::DeactivateToken => authentication::deactivate_token(directory, &call),
        Action::GetPreferences => authentication::preferences(directory, &call),
        Action::SetPreferences => authentication::set_preferences(directory, &call),
    }
}

/// Errors are those that clients report, for example in
/// <https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/8457>.
pub(super) fn authenticate(
    state: &State,
    bearer: Option<&str>,
    base: &str,
) -> Result<Token, Answer> {
    let challenge = |message: &str| {
        let uri = format!("{base}/{}/oauth2/v2.0/authorize", state.tenant);
        let value = format!(
            "Bearer realm=\"\", authorization_uri=\"{uri}\", \
             client_id=\"00000003-0000-0000-c000-000000000000\""
        );
        Answer::error(401, "InvalidAuthenticationToken", message).with("www-authenticate", value)
    };
    let bearer = bearer.map(str::trim);
    let Some(jwt) = bearer.filter(|jwt| !jwt.is_empty()) else {
        return Err(challenge("Access token is empty."));
    };
    if !jwt.contains('.') {
        let text = "IDX14100: JWT is not well formed, there are no dots (.).\nThe token needs to be in JWS or JWE Compact \
                    Serialization Format. (JWS): 'EncodedHeader.EncodedPayload.EncodedSignature'. (JWE): \
                    'EncodedProtectedHeader.EncodedEncryptedKey.EncodedInitializationVector.EncodedCiphertext.EncodedAuthenticationTag'.";
        return Err(challenge(text));
    }
    match state.tokens.get(jwt) {
        None => Err(challenge("Access token validation failure.")),
        Some(token) if token.expires <= state.now() => Err(challenge(
            "Lifetime validation failed, the token is expired.",
        )),
        Some(token) => Ok(token.clone()),
    }
}

/// Two services behind Graph have different errors for a missing permission
/// (<https://github.com/microsoftgraph/msgraph-sdk-go/issues/441>).
fn forbidden(call: &GraphCall) -> Answer {
    if call.route.is_about_methods() {
        Answer::error(403, "accessDenied", "Request Authorization failed")
    } else {
        Answer::insufficient_privileges()
    }
}

/// The error for a fault with this status.
pub(super) fn failure(status: u16) -> Answer {
    let (code, message) = match status {
        400 => ("badRequest", "The request is not valid."),
        401 => (
            "InvalidAuthenticationToken",
            "Access token validation failure.",
        ),
        403 => ("accessDenied", "Request Authorization failed"),
        404 => ("resourceNotFound", "The resource was not found."),
        409 => (
            "conflict",
            "The request conflicts with the state of the resource.",
        ),
        423 => ("locked", "The resource is locked."),
        429 => ("TooManyRequests", "Too Many Requests"),
        502 => ("BadGateway", "Bad gateway."),
        503 => (
            "ServiceUnavailable",
            "The service is temporarily unavailable.",
        ),
        504 => ("GatewayTimeout", "The service did not answer in time."),
        _ => ("generalException", "An error occurred."),
    };
    Answer::error(status, code, message)
}
