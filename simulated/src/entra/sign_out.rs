//! `GET` and `POST /{tenant}/oauth2/v2.0/logout`
//! (<https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc#send-a-sign-out-request>).

use super::answers::LoginError;
use super::authorize_request::has_registered;
use super::state::State;
use super::way_back::{ResponseMode, WayBack};

/// Ends the session of a cookie, and says where the browser goes: to a redirect URI that an app has registered, or
/// nowhere.
pub(super) fn sign_out(
    login: &mut State,
    tenant: &str,
    parameters: &[(String, String)],
    cookie: Option<&str>,
) -> Result<Option<String>, LoginError> {
    if !State::is_shared(tenant) {
        login.check_tenant(tenant)?;
    }
    let sessions = &mut login.sign_ins.sessions;
    sessions.retain(|session| Some(session.cookie.as_str()) != cookie);
    let parameter = |wanted: &str| {
        let found = parameters.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    let mut registrations = login.apps.iter().filter_map(|app| app.sign_in.as_ref());
    let uri = parameter("post_logout_redirect_uri").filter(|uri| {
        registrations.any(|app| {
            has_registered(&app.redirect_uris, uri) || has_registered(&app.spa_redirect_uris, uri)
        })
    });
    Ok(uri.map(|uri| match parameter("state") {
        None => uri.to_owned(),
        Some(state) => {
            let fields = vec![("state", state.to_owned())];
            WayBack::new(uri, ResponseMode::Query, fields).location()
        }
    }))
}
