//! `/users/{id}/authentication`: the methods, and the rules for deleting them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Answer, Outcome, no_http_resource};
use super::calls::GraphCall;
use super::directory::{Directory, Person};
use super::kinds::{DefaultMethod, DefaultRefusal, Kind, PhoneType};
use super::methods::Method;
use super::routes::Version;

/// `GET …/methods`, which "does not support optional query parameters"
/// (<https://learn.microsoft.com/graph/api/authentication-list-methods>).
pub(super) fn list(directory: &mut Directory, call: &GraphCall) -> Outcome {
    call.allow_options(&[])?;
    let shown = call.person_mut(directory)?.list();
    let visible = shown
        .iter()
        .filter(|method| call.version == Version::Beta || method.kind.in_v1());
    let value: Vec<_> = visible.map(Method::typed_entity).collect();
    let context = call.context(&format!("users('{}')/authentication/methods", call.user()));
    Ok(Answer::json(
        200,
        json!({"@odata.context": context, "value": value}),
    ))
}

/// `GET …/phoneMethods` and the same for other types.
pub(super) fn list_of(directory: &mut Directory, call: &GraphCall, kind: Kind) -> Outcome {
    call.allow_options(&[])?;
    let shown = call.person_mut(directory)?.list();
    let value: Vec<_> = shown
        .iter()
        .filter(|method| method.kind == kind)
        .map(Method::entity)
        .collect();
    let context = call.context(&format!(
        "users('{}')/authentication/{}",
        call.user(),
        kind.collection()
    ));
    Ok(Answer::json(
        200,
        json!({"@odata.context": context, "value": value}),
    ))
}

/// `GET …/methods/{id}`, `GET …/phoneMethods/{id}` and the same for other types.
pub(super) fn get(directory: &mut Directory, call: &GraphCall, kind: Option<Kind>) -> Outcome {
    call.allow_options(&[])?;
    let person = call.person_mut(directory)?;
    let registered = [vec![Method::password()], person.methods.clone()].concat();
    let matches = |method: &&Method| match kind {
        Some(Kind::QrCodePin) => method.kind == Kind::QrCodePin,
        Some(kind) => method.kind == kind && method.id.eq_ignore_ascii_case(call.method()),
        None => method.id.eq_ignore_ascii_case(call.method()),
    };
    let found = registered
        .iter()
        .filter(|method| call.version == Version::Beta || method.kind.in_v1())
        .find(matches)
        .ok_or_else(no_such_method)?;
    let mut entity = found.typed_entity();
    if let Value::Object(entity) = &mut entity {
        let collection = kind.map_or_else(|| "methods".to_owned(), Kind::collection);
        let context = call.context(&format!(
            "users('{}')/authentication/{collection}/$entity",
            call.user()
        ));
        entity.insert("@odata.context".to_owned(), json!(context));
    }
    Ok(Answer::json(200, entity))
}

/// `DELETE …/phoneMethods/{id}` and the same for other types.
pub(super) fn delete(
    directory: &mut Directory,
    call: &GraphCall,
    kind: Kind,
    refusal: DefaultRefusal,
    lag: u32,
) -> Outcome {
    let person = call.person_to_change(directory)?;
    let wanted = |method: &&Method| {
        method.kind == kind
            && (kind == Kind::QrCodePin || method.id.eq_ignore_ascii_case(call.method()))
    };
    let method = person
        .methods
        .iter()
        .find(wanted)
        .ok_or_else(no_such_method)?;
    let id = method.id.clone();
    if is_needed_default(person, &id) {
        return Err(Answer::bad_method_request(refusal.text(&id)));
    }
    // A person cannot have an alternate mobile without a mobile:
    // https://learn.microsoft.com/graph/api/phoneauthenticationmethod-delete
    let alternate_left = person
        .methods
        .iter()
        .any(|method| method.phone_type() == Some(PhoneType::AlternateMobile));
    if method.phone_type() == Some(PhoneType::Mobile) && alternate_left {
        let text =
            "Cannot delete mobile phone number without first deleting alternate mobile number";
        return Err(Answer::bad_method_request(text));
    }
    person.delete(&id, lag);
    Ok(Answer::no_content())
}

/// Whether it is the default while another method is registered that could be the default. Deleted methods that lists
/// still show do not count.
fn is_needed_default(person: &Person, id: &str) -> bool {
    let others = person
        .methods
        .iter()
        .any(|method| method.id != id && method.can_be_default());
    person
        .default_method()
        .is_some_and(|default| default.id == id)
        && others
}

/// `DELETE …/methods/{id}`. Graph has no such call, although it has the GET. The error is that of the service behind
/// Graph.
pub(super) fn delete_any(call: &GraphCall) -> Outcome {
    let body = no_http_resource(call.user(), call.method());
    Err(Answer::json(404, body))
}

/// `POST …/hardwareOathMethods/{id}/deactivate`: the token stays assigned
/// (<https://learn.microsoft.com/graph/api/hardwareoathauthenticationmethod-deactivate>).
pub(super) fn deactivate_token(directory: &mut Directory, call: &GraphCall) -> Outcome {
    let person = call.person_to_change(directory)?;
    let wanted = |method: &&mut Method| {
        method.kind == Kind::HardwareOath && method.id.eq_ignore_ascii_case(call.method())
    };
    person
        .methods
        .iter_mut()
        .find(wanted)
        .ok_or_else(no_such_method)?
        .deactivate();
    Ok(Answer::no_content())
}

/// `GET …/signInPreferences` (<https://learn.microsoft.com/graph/api/authentication-get>)
pub(super) fn preferences(directory: &mut Directory, call: &GraphCall) -> Outcome {
    call.allow_options(&[])?;
    let person = call.person_mut(directory)?;
    Ok(Answer::json(
        200,
        json!({
            "@odata.context": call.context(&format!("users('{}')/authentication/signInPreferences", call.user())),
            "isSystemPreferredAuthenticationMethodEnabled": true,
            "userPreferredMethodForSecondaryAuthentication": person.default,
        }),
    ))
}

/// `PATCH …/signInPreferences` (<https://learn.microsoft.com/graph/api/authentication-update>). The default must be a
/// registered method.
pub(super) fn set_preferences(directory: &mut Directory, call: &GraphCall) -> Outcome {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Change {
        user_preferred_method_for_secondary_authentication: Option<DefaultMethod>,
    }
    let person = call.person_to_change(directory)?;
    let change: Change = serde_json::from_slice(call.body)
        .map_err(|_| Answer::bad_method_request("The request body is not valid."))?;
    if let Some(default) = change.user_preferred_method_for_secondary_authentication {
        if !person.methods.iter().any(|method| method.serves(default)) {
            return Err(Answer::bad_method_request(
                "The preferred method is not registered for the user.",
            ));
        }
        person.default = Some(default);
    }
    Ok(Answer::no_content())
}

/// No source shows this body. The status is that of deleting a method twice.
fn no_such_method() -> Answer {
    Answer::error(
        404,
        "resourceNotFound",
        "The requested authentication method was not found.",
    )
}
