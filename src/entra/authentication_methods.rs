//! Authentication methods: list, delete, deactivate.

use std::collections::HashSet;

use reqwest::Method as Verb;
use serde::Deserialize;
use serde_json::Value;

use super::graph::Graph;
use crate::clock::Timestamp;
use crate::ids::ObjectId;
use crate::reset::ports::{DirectoryError, Fault, Listing};
use crate::reset::{Method, MethodId, MethodKind, PhoneType};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(rename = "@odata.type")]
    odata_type: Option<String>,
    id: MethodId,
    created_date_time: Option<Timestamp>,
    phone_type: Option<String>,
    phone_number: Option<String>,
    display_name: Option<String>,
    email_address: Option<String>,
    /// Of a hardware OATH token. Nothing in it may hide the token, so it is read leniently.
    device: Option<Value>,
    /// Of a passkey: which model of authenticator made it. Read leniently, too.
    aa_guid: Option<Value>,
}

/// What `@odata.type` starts with.
const TYPE_PREFIX: &str = "#microsoft.graph.";

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
        let methods = once(
            graph
                .list::<Value>(all)
                .await?
                .into_iter()
                .map(read)
                .collect(),
        );
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
    let (all, hardware) = tokio::join!(graph.list::<Value>(all), graph.list::<Value>(hardware));
    let mut methods = once(all?.into_iter().map(read).collect());
    let hardware_unknown = hardware.is_err();
    for token in hardware.into_iter().flatten().filter(works) {
        let token = Method {
            kind: MethodKind::HardwareOath,
            ..read(token)
        };
        if !methods.iter().any(|method| method.id == token.id) {
            methods.push(token);
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

/// A method of the list. One that cannot be read must not hide the others: it is left in place and named.
fn read(method: Value) -> Method {
    match serde_json::from_value::<Listed>(method.clone()) {
        Ok(listed) => listed.into_method(),
        Err(_) => Method {
            id: MethodId::unreadable(method.to_string().as_bytes()),
            kind: MethodKind::Unknown("a method that cannot be read".to_owned()),
            label: None,
            created: None,
            in_authenticator: false,
        },
    }
}

/// Microsoft Graph, "Delete" of the method's own type: there is no delete on `methods` itself.
pub async fn remove(graph: &Graph, id: ObjectId, method: &Method) -> Result<(), DirectoryError> {
    let collection =
        collection(&method.kind).ok_or(DirectoryError::Permanent(Fault::Unreadable))?;
    let url = graph.url([
        "v1.0",
        "users",
        &id.to_string(),
        "authentication",
        collection,
        method.id.as_ref(),
    ])?;
    graph.write(Verb::DELETE, url).await
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
    graph.write(Verb::POST, url).await
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
        MethodKind::Unknown(_) => return None,
    })
}

/// The kind that Graph's names say.
fn kind(graph_name: Option<&str>, phone_type: Option<&str>) -> MethodKind {
    if graph_name == type_name(&MethodKind::Phone(PhoneType::Mobile)) {
        return match phone_type {
            Some("mobile") => MethodKind::Phone(PhoneType::Mobile),
            Some("alternateMobile") => MethodKind::Phone(PhoneType::AlternateMobile),
            Some("office") => MethodKind::Phone(PhoneType::Office),
            _ => MethodKind::Unknown("phone of an unknown type".to_owned()),
        };
    }
    let known = |kind: &MethodKind| graph_name.is_some() && type_name(kind) == graph_name;
    let unknown = || MethodKind::Unknown(readable(graph_name.unwrap_or("method of no type")));
    KINDS.into_iter().find(known).unwrap_or_else(unknown)
}

impl Listed {
    fn into_method(self) -> Method {
        let name = self
            .odata_type
            .as_deref()
            .map(|odata_type| odata_type.strip_prefix(TYPE_PREFIX).unwrap_or(odata_type));
        let kind = kind(name, self.phone_type.as_deref());
        let label = match (self.phone_number, self.email_address, self.device) {
            (Some(number), ..) => ending(&number),
            (None, Some(address), _) => masked(&address),
            (None, None, Some(device)) => token_label(&device),
            (None, None, None) => self
                .display_name
                .map(|name| readable(&name))
                .filter(|name| !name.is_empty()),
        };
        Method {
            id: self.id,
            in_authenticator: kind == MethodKind::Passkey
                && is_authenticator(self.aa_guid.as_ref()),
            kind,
            label,
            created: self.created_date_time,
        }
    }
}

/// The `aaGuid` of passkeys in Microsoft Authenticator, on Android and on iOS (Microsoft Learn, "Enable passkeys in
/// Microsoft Authenticator").
const AUTHENTICATORS: [&str; 2] = [
    "de1e552d-db1d-4423-a619-566b625cdc84",
    "90a3ccdf-635c-4729-a248-9b709135078f",
];

/// Whether this `aaGuid` is Microsoft Authenticator's. One that is missing or cannot be read is that of no known model.
fn is_authenticator(aa_guid: Option<&Value>) -> bool {
    let aa_guid = aa_guid.and_then(Value::as_str).unwrap_or_default();
    AUTHENTICATORS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(aa_guid))
}

/// The last two digits, as Microsoft's own pages show a number.
fn ending(number: &str) -> Option<String> {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let last: String = digits.iter().rev().take(2).rev().collect();
    (digits.len() >= 4).then(|| format!("ending in {last}"))
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
    let parts = [Some(readable(&name)), serial];
    let parts: Vec<String> = parts
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The first letter and the domain of an address.
fn masked(address: &str) -> Option<String> {
    let (name, domain) = address.split_once('@')?;
    let first: String = name.chars().take(1).collect();
    Some(readable(&format!("{first}... at {domain}")))
}

/// A name that a person typed into a phone, made safe for a ticket and a log. With seven digits or more it may
/// hold a phone number, so then it shows none.
fn readable(name: &str) -> String {
    let digits = name.chars().filter(|c| c.is_numeric()).count();
    name.chars()
        .map(|c| {
            if digits >= 7 && c.is_numeric() {
                '#'
            } else {
                c
            }
        })
        .filter(|c| c.is_alphanumeric() || " -_.()'#".contains(*c))
        .take(64)
        .collect::<String>()
        .trim()
        .to_owned()
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
        assert_eq!(
            masked("megan@home.example").as_deref(),
            Some("m... at home.example")
        );
        assert_eq!(readable("Jane 425-555-0112"), "Jane ###-###-####");
        assert_eq!(
            readable("Jane's iPhone <b>\u{202e}\n[x](y)"),
            "Jane's iPhone bx(y)"
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
                Some("bxb"),
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
            assert_eq!(kind(type_name(&kind_of_table), None), kind_of_table);
        }
        // Beside these there are phones and unknown types.
        assert_eq!(KINDS.len() + 2, MethodKind::COUNT);
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
            let passkey = read(serde_json::json!({
                "@odata.type": "#microsoft.graph.fido2AuthenticationMethod", "id": "x", "aaGuid": aa_guid,
            }));
            assert_eq!(passkey.kind, MethodKind::Passkey);
            assert_eq!(passkey.in_authenticator, expected, "{aa_guid}");
        }
    }

    #[test]
    fn a_type_that_is_not_known_is_kept_by_its_name() {
        let listed: Listed = serde_json::from_str(
            r##"{"@odata.type":"#microsoft.graph.brainwaveAuthenticationMethod","id":"x"}"##,
        )
        .unwrap();
        assert_eq!(
            listed.into_method().kind,
            MethodKind::Unknown("brainwaveAuthenticationMethod".to_owned())
        );
    }
}
