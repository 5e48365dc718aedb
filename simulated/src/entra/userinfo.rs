//! `GET` and `POST /oidc/userinfo`: what an id_token says about a person, for the access token that came with it
//! (<https://learn.microsoft.com/entra/identity-platform/userinfo>).

use serde_json::{Map, json};

use super::answers::{Answer, Outcome};
use super::graph::authenticate;
use super::id_token::pairwise;
use super::state::State;

pub(super) fn answer(state: &State, bearer: Option<&str>, base: &str) -> Answer {
    claims(state, bearer, base).unwrap_or_else(|error| error)
}

fn claims(state: &State, bearer: Option<&str>, base: &str) -> Outcome {
    let Some(sign_in) = authenticate(state, bearer, base)?.sign_in else {
        return Err(Answer::insufficient_privileges());
    };
    let id = sign_in.person.to_string();
    let person = state.directory.find(&id);
    let person = person.ok_or_else(|| Answer::no_such_resource(&id))?;
    let asks = |name| sign_in.scope.split(' ').any(|scope| scope == name);
    let mut claims = Map::from_iter([(
        "sub".to_owned(),
        json!(pairwise(sign_in.client_id, sign_in.person)),
    )]);
    if asks("profile") {
        let picture = format!("{base}/v1.0/me/photo/$value");
        claims.insert("name".to_owned(), json!(person.profile.display_name));
        claims.insert("picture".to_owned(), json!(picture));
    }
    if let Some(mail) = person.mail().filter(|_| asks("email")) {
        claims.insert("email".to_owned(), json!(mail));
    }
    Ok(Answer::json(200, json!(claims)))
}
