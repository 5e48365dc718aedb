//! Registered authentication methods, in the JSON of the users file and of Graph.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::kinds::{DefaultMethod, Kind, PhoneType};

/// The id of the password method, which is the same for all people.
pub const PASSWORD_ID: &str = "28c10230-6103-485e-b985-444c60001490";

const EMAIL_ID: &str = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f";

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Method {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) odata_type: String,
    pub(super) fields: Map<String, Value>,
}

impl Method {
    /// A method with Graph's defaults for fields that are not given.
    fn new(kind: Kind, given: Value) -> Self {
        let mut fields = Map::from_iter([("createdDateTime".to_owned(), Value::Null)]);
        for (name, default) in kind.fields() {
            fields.insert(
                (*name).to_owned(),
                serde_json::from_str(default).unwrap_or_default(),
            );
        }
        if let Value::Object(given) = given {
            fields.extend(given);
        }
        let mut method = Method {
            kind,
            id: String::new(),
            odata_type: format!("#microsoft.graph.{}AuthenticationMethod", kind.name()),
            fields,
        };
        method.id = match (kind, method.phone_type()) {
            (Kind::Password, _) => PASSWORD_ID.to_owned(),
            (Kind::Email, _) => EMAIL_ID.to_owned(),
            (_, Some(phone)) => phone.id().to_owned(),
            _ => Uuid::new_v4().to_string(),
        };
        method
    }

    pub(super) fn password() -> Self {
        Method::new(Kind::Password, json!({}))
    }

    pub fn phone(kind: PhoneType, number: &str) -> Self {
        Method::new(
            Kind::Phone,
            json!({"phoneType": kind.name(), "phoneNumber": number}),
        )
    }

    /// The Microsoft Authenticator app on a device of this name.
    pub fn authenticator(device: &str) -> Self {
        Method::new(
            Kind::MicrosoftAuthenticator,
            json!({"displayName": device, "phoneAppVersion": "6.8.20"}),
        )
    }

    /// A third-party app that shows one-time codes.
    pub fn software_oath() -> Self {
        Method::new(Kind::SoftwareOath, json!({}))
    }

    /// A token that shows one-time codes.
    pub fn hardware_oath(serial: &str) -> Self {
        Method::new(
            Kind::HardwareOath,
            json!({"device": {"serialNumber": serial, "status": "activated"}}),
        )
    }

    /// A passkey.
    pub fn fido2(model: &str) -> Self {
        Method::new(Kind::Fido2, json!({"displayName": model, "model": model}))
    }

    /// Windows Hello for Business on a device of this name.
    pub fn windows_hello(device: &str) -> Self {
        Method::new(
            Kind::WindowsHelloForBusiness,
            json!({"displayName": device}),
        )
    }

    /// A method of any kind, with these fields and Graph's defaults for the others.
    pub fn of(kind: Kind, fields: Value) -> Self {
        Method::new(kind, fields)
    }

    /// A method of a type that Graph does not have yet, for example `#microsoft.graph.telepathyAuthenticationMethod`.
    pub fn unknown(odata_type: &str) -> Self {
        Method {
            odata_type: odata_type.to_owned(),
            ..Method::new(Kind::Unknown, json!({}))
        }
    }

    /// Random, except for the kinds that have the same id for all people.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn phone_type(&self) -> Option<PhoneType> {
        let name = self
            .fields
            .get("phoneType")
            .filter(|_| self.kind == Kind::Phone)?;
        PhoneType::ALL.into_iter().find(|kind| name == kind.name())
    }

    /// Whether it is what this default asks for.
    pub(super) fn serves(&self, default: DefaultMethod) -> bool {
        match default {
            DefaultMethod::Push => self.kind == Kind::MicrosoftAuthenticator,
            DefaultMethod::Oath => self.kind == Kind::SoftwareOath || self.is_active_token(),
            DefaultMethod::VoiceMobile | DefaultMethod::Sms => {
                self.phone_type() == Some(PhoneType::Mobile)
            }
            DefaultMethod::VoiceAlternateMobile => {
                self.phone_type() == Some(PhoneType::AlternateMobile)
            }
            DefaultMethod::VoiceOffice => self.phone_type() == Some(PhoneType::Office),
        }
    }

    /// Whether it can be a person's default.
    pub(super) fn can_be_default(&self) -> bool {
        matches!(
            self.kind,
            Kind::Phone | Kind::MicrosoftAuthenticator | Kind::SoftwareOath
        ) || self.is_active_token()
    }

    fn is_active_token(&self) -> bool {
        self.kind == Kind::HardwareOath && self.token_status() != Some("assigned")
    }

    fn token_status(&self) -> Option<&str> {
        self.fields.get("device")?.get("status")?.as_str()
    }

    /// Deactivates a hardware token, which stays assigned to the person.
    pub(super) fn deactivate(&mut self) {
        if let Some(Value::Object(device)) = self.fields.get_mut("device") {
            device.insert("status".to_owned(), json!("assigned"));
        }
    }

    /// Graph's JSON of the method in a collection of one type. Of a hardware token, the device has every field that its
    /// schema has, also those that the users file leaves out
    /// (<https://learn.microsoft.com/graph/api/resources/hardwareoathtokenauthenticationmethoddevice>).
    pub(super) fn entity(&self) -> Map<String, Value> {
        let mut entity = self.fields.clone();
        if let Some(Value::Object(device)) = entity.get_mut("device") {
            for (name, default) in [
                ("id", json!(self.id)),
                ("displayName", Value::Null),
                ("serialNumber", Value::Null),
                ("manufacturer", Value::Null),
                ("model", Value::Null),
                ("secretKey", Value::Null),
                ("timeIntervalInSeconds", json!(30)),
                ("status", json!("activated")),
                ("lastUsedDateTime", Value::Null),
                ("hashFunction", json!("hmacsha1")),
            ] {
                device.entry(name).or_insert(default);
            }
        }
        entity.insert("id".to_owned(), json!(self.id));
        entity
    }

    /// Graph's JSON of the method in a collection of several types.
    pub(super) fn typed_entity(&self) -> Value {
        let mut entity = self.entity();
        entity.insert("@odata.type".to_owned(), json!(self.odata_type));
        Value::Object(entity)
    }

    pub(super) fn view(&self) -> MethodView {
        MethodView {
            id: self.id.clone(),
            kind: self
                .odata_type
                .trim_start_matches("#microsoft.graph.")
                .to_owned(),
            phone_type: self.phone_type().map(|kind| kind.name().to_owned()),
        }
    }
}

impl TryFrom<Map<String, Value>> for Method {
    type Error = String;

    fn try_from(mut given: Map<String, Value>) -> Result<Self, String> {
        let mut text = |name: &str| {
            given
                .remove(name)
                .and_then(|value| value.as_str().map(str::to_owned))
        };
        let name = text("type").ok_or("a method needs a type")?;
        let (id, odata_type) = (text("id"), text("odataType"));
        let kind = Kind::ADDRESSABLE
            .into_iter()
            .chain([Kind::Unknown])
            .find(|kind| kind.name() == name && *kind != Kind::Password)
            .ok_or_else(|| format!("no method has the type {name}"))?;
        let known = |field: &str| {
            field == "createdDateTime" || kind.fields().iter().any(|(name, _)| *name == field)
        };
        if let Some(field) = given.keys().find(|field| !known(field)) {
            return Err(format!("a method of the type {name} has no {field}"));
        }
        let mut method = Method::new(kind, Value::Object(given));
        match (kind, odata_type) {
            (Kind::Unknown, Some(odata_type)) => method.odata_type = odata_type,
            (Kind::Unknown, None) => return Err("an unknown method needs an odataType".to_owned()),
            (_, Some(_)) => return Err(format!("the odataType of {name} is known")),
            (_, None) => {}
        }
        if kind == Kind::Phone && method.phone_type().is_none() {
            return Err("a phoneType is mobile, alternateMobile or office".to_owned());
        }
        if let Some(id) = id {
            method.id = id;
        }
        Ok(method)
    }
}

/// A registered method as a test sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodView {
    pub id: String,
    /// Graph's type without the prefix, for example `phoneAuthenticationMethod`.
    pub kind: String,
    /// `mobile`, `alternateMobile` or `office`, if it is a phone.
    pub phone_type: Option<String>,
}
