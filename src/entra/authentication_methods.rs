//! Authentication methods: list, delete, deactivate.

use std::collections::HashSet;

use reqwest::Method as Verb;
use serde_json::Value;

use super::graph::Graph;
use crate::ids::ObjectId;
use crate::names::shown_without_numbers;
use crate::reset::ports::{DirectoryError, Fault, Listing};
use crate::reset::{Method, MethodId, MethodKind, PhoneType};

/// What `@odata.type` starts with, after a `#`.
const TYPE_PREFIX: &str = "microsoft.graph.";

/// Microsoft Graph, "List methods", which takes no query options; and hardware OATH tokens, which only the
/// beta version knows. If those cannot be had the rest is not held up, and it is said so.
pub async fn list(
    graph: &Graph,
    id: ObjectId,
    ask_for_hardware: bool,
) -> Result<Listing, DirectoryError> {
    let id = id.to_string();
    let all = graph.url(["v1.0", "users", &id, "authentication", "methods"])?;
    if !ask_for_hardware {
        let methods = once(graph.list_items(all).await?.iter().map(read).collect());
        return Ok(Listing {
            methods,
            hardware_unknown: false,
        });
    }
    let hardware = graph.url([
        "beta",
        "users",
        &id,
        "authentication",
        "hardwareOathMethods",
    ])?;
    let (all, hardware) = tokio::join!(graph.list_items(all), graph.list_items(hardware));
    let mut methods = once(all?.iter().map(read).collect());
    let hardware_unknown = hardware.is_err();
    for token in hardware.into_iter().flatten().filter(works) {
        let token = Method {
            kind: MethodKind::HardwareOath,
            ..read(&token)
        };
        // A list that shows it under a type that tells nothing means this one. Another type with its id is another method.
        match methods.iter_mut().find(|method| method.has_id_of(&token)) {
            Some(same) => *same = token,
            None => methods.push(token),
        }
    }
    Ok(Listing {
        methods,
        hardware_unknown,
    })
}

/// Whether a hardware OATH token can be used to sign in (Microsoft Graph beta, `status` of
/// `hardwareOathTokenAuthenticationMethodDevice`). One that is only assigned is as the button leaves it. A status that is
/// missing or not known hides nothing.
fn works(token: &Value) -> bool {
    let status = token.pointer("/device/status").and_then(Value::as_str);
    !matches!(status, Some("available" | "assigned" | "failedActivation"))
}

/// Each method once: pages of a list that changes may overlap.
fn once(methods: Vec<Method>) -> Vec<Method> {
    let mut seen = HashSet::new();
    methods
        .into_iter()
        .filter(|method| seen.insert((method.id.clone(), method.kind.clone())))
        .collect()
}

/// A method of the list. What decides is its type and its id, and the type of a phone. Nothing else may hide it: what is
/// not as documented there counts as absent.
fn read(method: &Value) -> Method {
    let text = |name: &str| method.get(name).and_then(Value::as_str);
    let id = text("id").and_then(|id| MethodId::try_from(id.to_owned()).ok());
    let created = text("createdDateTime").and_then(|time| time.parse().ok());
    let kind = kind(text("@odata.type"), text("phoneType"), id.as_ref());
    Method {
        in_authenticator: kind == MethodKind::Passkey && is_authenticator(text("aaGuid")),
        kind,
        label: label(method),
        created,
        id: id.unwrap_or_else(|| MethodId::unreadable(method.to_string().as_bytes())),
    }
}

/// Microsoft Graph, "Delete" of the method's own type: there is no delete on `methods` itself.
pub async fn remove(graph: &Graph, id: ObjectId, method: &Method) -> Result<(), DirectoryError> {
    let collection = collection(&method.kind)
        .filter(|_| !method.id.is_unreadable())
        .ok_or(DirectoryError::Permanent(Fault::Unreadable))?;
    let url = graph.url([
        "v1.0",
        "users",
        &id.to_string(),
        "authentication",
        collection,
        method.id.as_ref(),
    ])?;
    graph.write(Verb::DELETE, url, |_| false).await
}

/// Microsoft Graph beta, "hardwareOathAuthenticationMethod: deactivate". The token stays assigned.
pub async fn deactivate(
    graph: &Graph,
    id: ObjectId,
    method: &Method,
) -> Result<(), DirectoryError> {
    let url = graph.url([
        "beta",
        "users",
        &id.to_string(),
        "authentication",
        "hardwareOathMethods",
        method.id.as_ref(),
        "deactivate",
    ])?;
    graph.write(Verb::POST, url, |_| false).await
}

/// The collection from which a method of this kind is deleted. Nothing else can be deleted by this program.
fn collection(kind: &MethodKind) -> Option<&'static str> {
    match kind {
        MethodKind::Phone(_) => Some("phoneMethods"),
        MethodKind::MicrosoftAuthenticator => Some("microsoftAuthenticatorMethods"),
        MethodKind::SoftwareOath => Some("softwareOathMethods"),
        MethodKind::Passkey => Some("fido2Methods"),
        MethodKind::Password
        | MethodKind::HardwareOath
        | MethodKind::WindowsHello
        | MethodKind::PlatformCredential
        | MethodKind::External
        | MethodKind::Email
        | MethodKind::TemporaryAccessPass
        | MethodKind::QrCodePin
        | MethodKind::Unreadable
        | MethodKind::Unknown(_) => None,
    }
}

/// The kinds that an `@odata.type` alone tells. A phone's also depends on its `phoneType`.
const KINDS: [MethodKind; 11] = [
    MethodKind::Password,
    MethodKind::MicrosoftAuthenticator,
    MethodKind::SoftwareOath,
    MethodKind::HardwareOath,
    MethodKind::Passkey,
    MethodKind::WindowsHello,
    MethodKind::PlatformCredential,
    MethodKind::External,
    MethodKind::Email,
    MethodKind::TemporaryAccessPass,
    MethodKind::QrCodePin,
];

/// Graph's name of a kind; `None` for one that this version does not know.
fn type_name(kind: &MethodKind) -> Option<&'static str> {
    Some(match kind {
        MethodKind::Password => "passwordAuthenticationMethod",
        MethodKind::Phone(_) => "phoneAuthenticationMethod",
        MethodKind::MicrosoftAuthenticator => "microsoftAuthenticatorAuthenticationMethod",
        MethodKind::SoftwareOath => "softwareOathAuthenticationMethod",
        MethodKind::HardwareOath => "hardwareOathAuthenticationMethod",
        MethodKind::Passkey => "fido2AuthenticationMethod",
        MethodKind::WindowsHello => "windowsHelloForBusinessAuthenticationMethod",
        MethodKind::PlatformCredential => "platformCredentialAuthenticationMethod",
        MethodKind::External => "externalAuthenticationMethod",
        MethodKind::Email => "emailAuthenticationMethod",
        MethodKind::TemporaryAccessPass => "temporaryAccessPassAuthenticationMethod",
        MethodKind::QrCodePin => "qrCodePinAuthenticationMethod",
        MethodKind::Unreadable | MethodKind::Unknown(_) => return None,
    })
}

/// The ids of the three phones, which all people have in common (Microsoft Graph, "phoneAuthenticationMethod").
const PHONES: [(&str, PhoneType); 3] = [
    ("3179e48a-750b-4051-897c-87b9720928f7", PhoneType::Mobile),
    (
        "b6332ec1-7057-4abe-9331-3d72feddfe41",
        PhoneType::AlternateMobile,
    ),
    ("e37fc753-ff3b-4958-9484-eaa9425c82bc", PhoneType::Office),
];

/// The kind that Graph's names say. A phone of no known type is told by its id.
fn kind(odata_type: Option<&str>, phone_type: Option<&str>, id: Option<&MethodId>) -> MethodKind {
    let name = odata_type.map(|name| {
        let name = name.trim().trim_start_matches('#');
        match name.split_at_checked(TYPE_PREFIX.len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case(TYPE_PREFIX) => rest,
            _ => name,
        }
    });
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return MethodKind::Unreadable;
    };
    // A type in other letters is the type.
    let known =
        |kind: &MethodKind| type_name(kind).is_some_and(|known| known.eq_ignore_ascii_case(name));
    if known(&MethodKind::Phone(PhoneType::Mobile)) {
        let by_name = match phone_type {
            Some("mobile") => Some(PhoneType::Mobile),
            Some("alternateMobile") => Some(PhoneType::AlternateMobile),
            Some("office") => Some(PhoneType::Office),
            _ => None,
        };
        let by_id = || {
            let is_id = |known: &str| id.is_some_and(|id| id.as_ref().eq_ignore_ascii_case(known));
            let found = PHONES.iter().find(|(known, _)| is_id(known));
            found.map(|(_, phone)| *phone)
        };
        return by_name
            .or_else(by_id)
            .map_or(MethodKind::Unreadable, MethodKind::Phone);
    }
    let unknown =
        || shown_without_numbers(name).map_or(MethodKind::Unreadable, MethodKind::Unknown);
    KINDS.into_iter().find(known).unwrap_or_else(unknown)
}

/// Which of several it is, for people.
fn label(method: &Value) -> Option<String> {
    let text = |name: &str| method.get(name).and_then(Value::as_str);
    match (
        text("phoneNumber"),
        text("emailAddress"),
        method.get("device"),
    ) {
        (Some(number), ..) => ending(number),
        (None, Some(address), _) => masked(address),
        (None, None, Some(device)) if device.is_object() => token_label(device),
        (None, None, _) => text("displayName").and_then(shown_without_numbers),
    }
}

/// The `aaGuid` of passkeys in Microsoft Authenticator, on Android and on iOS (Microsoft Learn, "Enable passkeys in
/// Microsoft Authenticator").
const AUTHENTICATORS: [&str; 2] = [
    "de1e552d-db1d-4423-a619-566b625cdc84",
    "90a3ccdf-635c-4729-a248-9b709135078f",
];

/// Whether this `aaGuid` is Microsoft Authenticator's. One that is missing or cannot be read is that of no known model.
fn is_authenticator(aa_guid: Option<&str>) -> bool {
    aa_guid.is_some_and(|aa_guid| {
        AUTHENTICATORS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(aa_guid))
    })
}

/// The last two digits, as Microsoft's own pages show a number. Graph may mask the others.
fn ending(number: &str) -> Option<String> {
    let is_masked = |c: &char| matches!(c, 'X' | 'x' | '*' | '•' | '#');
    let digits: Vec<char> = number
        .chars()
        .filter(|c| c.is_ascii_digit() || is_masked(c))
        .collect();
    let last: String = digits.iter().rev().take(2).rev().collect();
    let shows = digits.len() >= 4 && last.chars().all(|c| c.is_ascii_digit());
    shows.then(|| format!("ending in {last}"))
}

/// The name of a hardware token, or else what it is, and the end of the serial number that is printed on it.
fn token_label(device: &Value) -> Option<String> {
    let member = |name: &str| {
        let text = device.get(name).and_then(Value::as_str).map(str::trim);
        text.filter(|text| !text.is_empty())
    };
    let kind = || [member("manufacturer"), member("model")];
    let name = match member("displayName") {
        Some(name) => name.to_owned(),
        None => kind().into_iter().flatten().collect::<Vec<_>>().join(" "),
    };
    let serial = member("serialNumber").map(|serial| {
        let digits: Vec<char> = serial.chars().filter(char::is_ascii_alphanumeric).collect();
        let start = digits.len().saturating_sub(4);
        let last: String = digits.iter().skip(start).collect();
        format!("serial number ending in {last}")
    });
    let parts = [shown_without_numbers(&name), serial];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The first letter and the domain of an address.
fn masked(address: &str) -> Option<String> {
    let (name, domain) = address.split_once('@')?;
    let first: String = name.chars().take(1).collect();
    shown_without_numbers(&format!("{first}... at {domain}"))
}

#[cfg(test)]
mod tests {
    use strum::EnumCount as _;

    use super::*;
    use crate::approval::Scope;
    use crate::reset::{Action, HardwareOath, action};

    #[test]
    fn a_label_shows_two_digits_of_a_number_and_no_markup() {
        assert_eq!(ending("+1 2065555512").as_deref(), Some("ending in 12"));
        assert_eq!(ending("12"), None);
        assert_eq!(ending("+XX XXXXXXXX12").as_deref(), Some("ending in 12"));
        assert_eq!(ending("+1 ********"), None);
        assert_eq!(
            masked("megan@home.example").as_deref(),
            Some("m... at home.example")
        );
    }

    #[test]
    fn a_hardware_token_is_shown_by_its_name_and_the_end_of_its_serial_number() {
        let label = |device: Value| token_label(&device);
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        for (device, expected) in [
            (
                r#"{"displayName": "Blue token", "serialNumber": "AOE1510001", "manufacturer": "Feitian"}"#,
                Some("Blue token, serial number ending in 0001"),
            ),
            (
                r#"{"displayName": null, "serialNumber": "GALT-11420104", "manufacturer": "Thales", "model": "OTP 110"}"#,
                Some("Thales OTP 110, serial number ending in 0104"),
            ),
            (
                r#"{"displayName": "<b>x</b>", "serialNumber": 7}"#,
                Some("bx/b"),
            ),
            (
                r#"{"serialNumber": "12"}"#,
                Some("serial number ending in 12"),
            ),
            (r#"{"status": "activated"}"#, None),
            (r#""odd""#, None),
        ] {
            assert_eq!(label(json(device)).as_deref(), expected, "{device}");
        }
    }

    #[test]
    fn a_hardware_token_is_left_out_only_if_its_status_says_that_it_does_not_work() {
        let token = |status: &str| serde_json::json!({"id": "x", "device": {"status": status}});
        for inactive in ["available", "assigned", "failedActivation"] {
            assert!(!works(&token(inactive)), "{inactive}");
        }
        for active in ["activated", "unknownFutureValue", ""] {
            assert!(works(&token(active)), "{active}");
        }
        assert!(works(&serde_json::json!({"id": "x", "device": null})));
    }

    #[test]
    fn every_kind_is_read_from_the_name_that_graph_has_for_it() {
        for kind_of_table in KINDS {
            assert_eq!(kind(type_name(&kind_of_table), None, None), kind_of_table);
        }
        // Beside these there are phones, and what is unknown or cannot be read.
        assert_eq!(KINDS.len() + 3, MethodKind::COUNT);
    }

    #[test]
    fn whatever_a_plan_may_remove_has_a_collection_to_delete_it_from() {
        let scope = Scope {
            remove_passkeys: true,
            ..Scope::default()
        };
        let phone = MethodKind::Phone(PhoneType::Mobile);
        for kind in KINDS.into_iter().chain([phone]) {
            for hardware in [HardwareOath::Report, HardwareOath::Deactivate] {
                let is_removed = action(&kind, scope, hardware) == Action::Remove;
                assert_eq!(is_removed, collection(&kind).is_some(), "{kind}");
            }
        }
    }

    #[test]
    fn the_permission_for_each_collection_that_is_deleted_from_is_in_the_documentation() {
        let docs = include_str!("../../docs/entra.md");
        for collection in KINDS.iter().filter_map(collection) {
            let call = format!("DELETE .../{collection}/{{id}}");
            assert!(docs.contains(&call), "{call}");
        }
    }

    #[test]
    fn a_passkey_in_microsoft_authenticator_is_told_by_its_aa_guid_and_an_odd_one_hides_nothing() {
        for (aa_guid, expected) in [
            (Value::from(AUTHENTICATORS[0]), true),
            (AUTHENTICATORS[1].to_uppercase().into(), true),
            ("2fc0579f-8113-47ea-b116-bb5a8db9202a".into(), false),
            ("".into(), false),
            (7.into(), false),
            (serde_json::json!({"x": []}), false),
            (Value::Null, false),
        ] {
            let passkey = read(&serde_json::json!({
                "@odata.type": "#microsoft.graph.fido2AuthenticationMethod", "id": "x", "aaGuid": aa_guid,
            }));
            assert_eq!(passkey.kind, MethodKind::Passkey);
            assert_eq!(passkey.in_authenticator, expected, "{aa_guid}");
        }
    }

    #[test]
    fn a_type_that_is_not_known_is_kept_by_its_name() {
        let listed = serde_json::json!({
            "@odata.type": "#microsoft.graph.brainwaveAuthenticationMethod", "id": "x",
        });
        assert_eq!(
            read(&listed).kind,
            MethodKind::Unknown("brainwaveAuthenticationMethod".to_owned())
        );
    }

    #[test]
    fn an_odd_property_counts_as_absent_and_the_method_is_the_same() {
        let authenticator = "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod";
        for (name, odd) in [
            ("createdDateTime", serde_json::json!("2020-01-01T00:00:00")),
            ("createdDateTime", serde_json::json!(7)),
            ("displayName", serde_json::json!(["Jane"])),
            ("phoneType", serde_json::json!(1)),
            ("device", serde_json::json!("x")),
        ] {
            let mut listed = serde_json::json!({"@odata.type": authenticator, "id": "x"});
            listed[name] = odd;
            let method = read(&listed);
            assert_eq!(method.kind, MethodKind::MicrosoftAuthenticator, "{listed}");
            assert_eq!(
                (method.id.as_ref(), method.label, method.created),
                ("x", None, None)
            );
        }
    }

    #[test]
    fn a_type_is_known_in_other_letters_and_without_its_mark() {
        for name in [
            "microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
            "#Microsoft.Graph.MicrosoftAuthenticatorAuthenticationMethod",
            "MICROSOFTAUTHENTICATORAUTHENTICATIONMETHOD",
            " #microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
        ] {
            let listed = serde_json::json!({"@odata.type": name, "id": "x"});
            assert_eq!(
                read(&listed).kind,
                MethodKind::MicrosoftAuthenticator,
                "{name}"
            );
        }
    }

    #[test]
    fn a_phone_of_no_known_type_is_told_by_its_id() {
        let phone = |phone_type: Value, id: &str| {
            let name = "#microsoft.graph.phoneAuthenticationMethod";
            read(&serde_json::json!({"@odata.type": name, "id": id, "phoneType": phone_type})).kind
        };
        let mobile = "3179E48A-750b-4051-897c-87b9720928f7";
        let office = MethodKind::Phone(PhoneType::Office);
        assert_eq!(
            phone(Value::Null, mobile),
            MethodKind::Phone(PhoneType::Mobile)
        );
        assert_eq!(phone("office".into(), mobile), office);
        assert_eq!(phone("satellite".into(), "x"), MethodKind::Unreadable);
    }
}
