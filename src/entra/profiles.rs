//! What the directory says of a person to those who have to recognise them (Microsoft Graph, "Get user", "List manager").

use async_trait::async_trait;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::directory::Entra;
use super::people;
use crate::clock::Timestamp;
use crate::desk::{People, Profile};
use crate::ids::{ObjectId, PersonRef};
use crate::names::shown;
use crate::reset::ports::{DirectoryError, Fault};

/// Nothing but the id decides, so nothing else that is odd hides a person: it counts as absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: ObjectId,
    #[serde(default, deserialize_with = "unless_odd")]
    department: Option<String>,
    #[serde(default, deserialize_with = "unless_odd")]
    job_title: Option<String>,
    #[serde(default, deserialize_with = "unless_odd")]
    created_date_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "unless_odd")]
    last_password_change_date_time: Option<Timestamp>,
    /// A list, of which the first is used.
    #[serde(default, deserialize_with = "number")]
    business_phones: Option<SecretString>,
    #[serde(default, deserialize_with = "number")]
    mobile_phone: Option<SecretString>,
}

fn unless_odd<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    input: D,
) -> Result<Option<T>, D::Error> {
    Ok(T::deserialize(Value::deserialize(input)?).ok())
}

fn number<'de, D: Deserializer<'de>>(input: D) -> Result<Option<SecretString>, D::Error> {
    let value = Value::deserialize(input)?;
    let number = people::first_number(&value).filter(|number| !number.trim().is_empty());
    Ok(number.map(SecretString::from))
}

const SELECT: &str =
    "id,department,jobTitle,createdDateTime,lastPasswordChangeDateTime,businessPhones,mobilePhone";

#[async_trait]
impl People for Entra {
    async fn profile(&self, who: &PersonRef) -> Result<Profile, DirectoryError> {
        let graph = self.graph();
        let person = people::find(graph, who).await;
        let person = person.map_err(|error| match (who, error) {
            // Graph takes some names for a part of the question: they are no person's. An id is none of them.
            (PersonRef::Upn(_), DirectoryError::Permanent(Fault::Refused)) => {
                DirectoryError::Permanent(Fault::NotFound)
            }
            (_, error) => error,
        })?;
        let id = person.id.to_string();
        let mut url = graph.url(["v1.0", "users", &id])?;
        url.query_pairs_mut().append_pair("$select", SELECT);
        let who = PersonRef::Id(person.id);
        let (user, manager) = tokio::join!(graph.get::<User>(url), people::manager(graph, &who));
        let (user, manager) = (user?, manager?);
        if user.id != person.id {
            return Err(DirectoryError::Permanent(Fault::Unreadable));
        }
        let text = |text: Option<String>| text.as_deref().and_then(shown);
        Ok(Profile {
            id: person.id,
            user_name: person.upn,
            name: person.display_name,
            job_title: text(user.job_title),
            department: text(user.department),
            manager,
            enabled: person.enabled,
            external: person.external,
            created_at: user.created_date_time,
            password_changed_at: user.last_password_change_date_time,
            business_phone: user.business_phones,
            mobile_phone: user.mobile_phone,
        })
    }
}
