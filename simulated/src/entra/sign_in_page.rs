//! The pages of the login: where a person signs in, of an error that stays there, after signing out, and the one that
//! posts an answer to the app. Only the last has a script.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answers::{Answer, LoginError};
use super::directory::Person;
use super::state::State;
use super::way_back::origin;

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f2f2f2;color:#1b1b1b}\
main{max-width:28rem;margin:2rem auto;padding:1.5rem;background:#fff}\
ul{list-style:none;padding:0}li{margin:.5rem 0}\
button{font:inherit;padding:.5rem .75rem;min-height:2.75rem}li button{width:100%;text-align:left}\
small{display:block}input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin:.25rem 0 .5rem}";

/// Posts the form of the page.
const SUBMIT: &str = "document.forms[0].submit()";

/// No list is longer; other people type their names.
const LISTED: usize = 50;

/// Everyone in the tenant, one button each. The person whom the request hints at comes first and has the focus; those
/// who have a role in an app come next.
pub(super) fn sign_in(
    login: &State,
    tenant: &str,
    query: &str,
    hint: Option<&str>,
    origin: &str,
) -> Answer {
    let hinted = hint.and_then(|hint| login.directory.find(hint));
    let mut others: Vec<&Person> = login
        .directory
        .people
        .iter()
        .filter(|person| hinted.is_none_or(|hinted| hinted.profile.id != person.profile.id))
        .collect();
    others.sort_by_key(|person| !has_role(login, person));
    let mut list = String::new();
    for (at, person) in hinted.into_iter().chain(others).take(LISTED).enumerate() {
        let focus = if at == 0 { " autofocus" } else { "" };
        let profile = &person.profile;
        let _ = write!(
            list,
            "<li><button name=\"user\" value=\"{}\"{focus}>Sign in as {}<small>{}</small></button></li>",
            profile.id,
            escaped(&profile.display_name),
            escaped(&profile.user_principal_name)
        );
    }
    let action = escaped(&format!("/{tenant}/login?{query}"));
    let body = format!(
        "<h1>Sign in</h1><p>This is a simulated tenant, {}. It asks for no password.</p>\
         <form method=\"post\" action=\"{action}\"><ul>{list}</ul>\
         <button name=\"cancel\" value=\"true\">Cancel</button></form>\
         <h2>Use another account</h2><form method=\"post\" action=\"{action}\">\
         <label for=\"user\">User principal name</label>\
         <input id=\"user\" name=\"user\" autocomplete=\"username\" value=\"{}\" required>\
         <button>Next</button></form>",
        escaped(&login.domain),
        escaped(hint.unwrap_or_default())
    );
    // A browser applies form-action to the redirect that answers the form, too.
    page(
        "Sign in to your account",
        &body,
        &format!("'self' {origin}"),
        None,
    )
}

fn has_role(login: &State, person: &Person) -> bool {
    let principals = login.directory.principals_of(person.profile.id);
    let mut registrations = login.apps.iter().filter_map(|app| app.sign_in.as_ref());
    registrations.any(|registration| !registration.roles_of(&principals).is_empty())
}

/// A form that the browser posts to the app at once, and that a person posts where scripts are off.
pub(super) fn form_post(action: &str, fields: &[(&'static str, String)]) -> Answer {
    let mut inputs = String::new();
    for (name, value) in fields {
        let value = escaped(value);
        let _ = write!(
            inputs,
            "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">"
        );
    }
    let body = format!(
        "<form method=\"post\" action=\"{}\">{inputs}<noscript><p>Scripts are off. Continue to the app.</p>\
         <button>Continue</button></noscript></form>",
        escaped(action)
    );
    page("Working...", &body, &origin(action), Some(SUBMIT))
}

/// The page after signing out, if the app does not say where to go then.
pub(super) fn signed_out() -> Answer {
    let body = "<h1>You signed out of your account</h1><p>It's a good idea to close all browser windows.</p>";
    page("Sign out", body, "'none'", None)
}

/// An error that stays at the login. The page of an error has status 200, as Entra's has.
pub(super) fn error(error: &LoginError, correlation: &str) -> Answer {
    let body = format!(
        "<h1>Sign in</h1><p>Sorry, but we’re having trouble signing you in.</p><p>{}</p>",
        escaped(&error.description(correlation)).replace("\r\n", "<br>")
    );
    page("Sign in to your account", &body, "'none'", None)
}

fn page(title: &str, body: &str, form_action: &str, script: Option<&str>) -> Answer {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    let (element, source) = match script {
        None => (String::new(), String::new()),
        Some(script) => (
            format!("<script>{script}</script>"),
            format!("script-src 'sha256-{}'; ", hash(script)),
        ),
    };
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style></head>\
         <body><main>{body}</main>{element}</body></html>"
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; {source}form-action {form_action}; base-uri 'none'; \
         frame-ancestors 'none'",
        hash(STYLE)
    );
    Answer::html(html)
        .with("content-security-policy", policy)
        .with("cross-origin-opener-policy", "same-origin")
        .with("x-frame-options", "DENY")
        .with("x-content-type-options", "nosniff")
        .with("referrer-policy", "strict-origin-when-cross-origin")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
