//! A call to Graph as its handlers see it, with the query options that several of them have.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answers::{Answer, NOT_SIMULATED, Outcome};
use super::directory::{Directory, Person};
use super::permissions::Permissions;
use super::routes::{Route, Version};

/// A call whose token is valid and whose route is known.
#[derive(Debug)]
pub(super) struct GraphCall<'a> {
    pub(super) version: Version,
    pub(super) route: &'static Route,
    pub(super) segments: &'a [String],
    pub(super) query: &'a [(String, String)],
    pub(super) body: &'a [u8],
    /// The scheme and host that the client used.
    pub(super) base: &'a str,
    pub(super) permissions: Permissions,
    /// Whether the app may change people in restricted management units.
    pub(super) acts_on_restricted: bool,
}

/// A type of Graph, with those of its properties that are simulated.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: &'static str,
    pub(super) properties: &'static [&'static str],
    /// Properties of one list alone.
    pub(super) more: &'static [&'static str],
}

impl Type {
    fn has(&self, name: &str) -> bool {
        self.properties.contains(&name) || self.more.contains(&name)
    }
}

impl GraphCall<'_> {
    /// The user in the path: an object id or a user principal name.
    pub(super) fn user(&self) -> &str {
        self.segments.get(1).map(String::as_str).unwrap_or_default()
    }

    /// The id of the authentication method in the path.
    pub(super) fn method(&self) -> &str {
        self.segments.get(4).map(String::as_str).unwrap_or_default()
    }

    pub(super) fn person<'d>(&self, directory: &'d Directory) -> Result<&'d Person, Answer> {
        let person = directory.find(self.user());
        person.ok_or_else(|| Answer::no_such_resource(self.user()))
    }

    pub(super) fn person_mut<'d>(
        &self,
        directory: &'d mut Directory,
    ) -> Result<&'d mut Person, Answer> {
        let person = directory.find_mut(self.user());
        person.ok_or_else(|| Answer::no_such_resource(self.user()))
    }

    /// The person in the path, if the app may change them. Permissions do not reach into restricted management
    /// units; only a role that is scoped to them does
    /// (<https://learn.microsoft.com/entra/identity/role-based-access-control/admin-units-restricted-management>).
    pub(super) fn person_to_change<'d>(
        &self,
        directory: &'d mut Directory,
    ) -> Result<&'d mut Person, Answer> {
        let person = self.person_mut(directory)?;
        if person.profile.is_management_restricted == Some(true) && !self.acts_on_restricted {
            return Err(Answer::insufficient_privileges());
        }
        Ok(person)
    }

    /// The address of a part of the schema.
    pub(super) fn context(&self, what: &str) -> String {
        format!("{}/{}/$metadata#{what}", self.base, self.version.name())
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Refuses all query options but these, so that the product cannot rely on an option that has no effect here.
    pub(super) fn allow_options(&self, options: &[&str]) -> Result<(), Answer> {
        match self.query.iter().find(|(key, _)| {
            options
                .iter()
                .all(|option| !key.eq_ignore_ascii_case(option))
        }) {
            None => Ok(()),
            Some((key, _)) => {
                let text = format!(
                    "The query specified in the URI is not valid. Query option '{key}' is not allowed.{NOT_SIMULATED}"
                );
                Err(Answer::error(400, "BadRequest", text))
            }
        }
    }

    /// The properties in `$select`, all of which the type must have.
    fn selected_of(&self, of: &Type) -> Result<Option<Vec<&str>>, Answer> {
        let selected = self.selected();
        match selected.iter().flatten().find(|name| !of.has(name)) {
            None => Ok(selected),
            Some(name) => Err(no_such_property(name, of.name)),
        }
    }

    /// The properties in `$select`.
    pub(super) fn selected(&self) -> Option<Vec<&str>> {
        let list = self
            .option("$select")
            .filter(|list| !list.trim().is_empty())?;
        Some(list.split(',').map(str::trim).collect())
    }

    /// The name and the id of a `$filter` of the form `name eq 'id'`. The name must be one of these.
    pub(super) fn filter(&self, names: &[&str]) -> Result<Option<(String, Uuid)>, Answer> {
        let Some(filter) = self.option("$filter") else {
            return Ok(None);
        };
        let error = || unsupported(filter);
        let mut words = filter.split_whitespace();
        let (Some(name), Some("eq"), Some(value), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(error());
        };
        let id = value
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
            .and_then(|id| id.parse().ok());
        match (names.contains(&name), id) {
            (true, Some(id)) => Ok(Some((name.to_owned(), id))),
            _ => Err(error()),
        }
    }

    /// Whether there is a `$filter`, which must be this one.
    pub(super) fn filter_is(&self, clause: &str) -> Result<bool, Answer> {
        match self.option("$filter") {
            None => Ok(false),
            Some(filter) if filter.split_whitespace().eq(clause.split(' ')) => Ok(true),
            Some(filter) => Err(unsupported(filter)),
        }
    }

    /// One page of a collection, of 100 objects or as many as `$top` says, at most 999, with a link to the next page
    /// (<https://learn.microsoft.com/graph/paging>).
    pub(super) fn page(&self, context: &str, of: &Type, all: Vec<Value>) -> Outcome {
        let selected = self.selected_of(of)?;
        let top = match self.option("$top") {
            None => 100,
            Some(top) => match top.parse::<usize>() {
                Ok(top @ 1..=999) => top,
                _ => {
                    let text = format!(
                        "Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive."
                    );
                    return Err(Answer::error(400, "Request_UnsupportedQuery", text));
                }
            },
        };
        let start = match self.option("$skiptoken") {
            None => 0,
            Some(token) => read_skip_token(token).ok_or_else(|| {
                Answer::error(
                    400,
                    "Directory_ExpiredPageToken",
                    "The specified page token value has expired.",
                )
            })?,
        };
        let next = start + top;
        let more = next < all.len();
        let context = match &selected {
            Some(names) => self.context(&format!("{context}({})", names.join(","))),
            None => self.context(context),
        };
        let page: Vec<_> = all
            .into_iter()
            .skip(start)
            .take(top)
            .map(|item| select(item, selected.as_deref()))
            .collect();
        let mut answer = Map::from_iter([
            ("@odata.context".to_owned(), json!(context)),
            ("value".to_owned(), json!(page)),
        ]);
        if more {
            answer.insert("@odata.nextLink".to_owned(), json!(self.link_to(next)));
        }
        Ok(Answer::json(200, Value::Object(answer)))
    }

    /// One object, with the selected properties.
    pub(super) fn entity(&self, set: &str, of: &Type, object: Value) -> Outcome {
        let selected = self.selected_of(of)?;
        let context = match &selected {
            Some(names) => self.context(&format!("{set}({})/$entity", names.join(","))),
            None => self.context(&format!("{set}/$entity")),
        };
        let mut answer = Map::from_iter([("@odata.context".to_owned(), json!(context))]);
        if let Value::Object(fields) = select(object, selected.as_deref()) {
            answer.extend(fields);
        }
        Ok(Answer::json(200, Value::Object(answer)))
    }

    fn link_to(&self, next: usize) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let path: Vec<_> = self
            .segments
            .iter()
            .map(|segment| encode(segment))
            .collect();
        let kept = self
            .query
            .iter()
            .filter(|(key, _)| !key.eq_ignore_ascii_case("$skiptoken"));
        let mut query: Vec<_> = kept
            .map(|(key, value)| format!("{key}={}", encode(value)))
            .collect();
        query.push(format!("$skiptoken={}", skip_token(next)));
        format!(
            "{}/{}/{}?{}",
            self.base,
            self.version.name(),
            path.join("/"),
            query.join("&")
        )
    }
}

/// Graph has the property, too, if it is only not simulated.
pub(super) fn no_such_property(name: &str, of: &str) -> Answer {
    let text = format!(
        "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
         'microsoft.graph.{of}'.{NOT_SIMULATED}"
    );
    Answer::error(400, "BadRequest", text)
}

fn unsupported(filter: &str) -> Answer {
    let text = format!("Invalid or unsupported query filter clause: {filter}{NOT_SIMULATED}");
    Answer::error(400, "Request_UnsupportedQuery", text)
}

fn skip_token(next: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("RFNwdAIAAQ:{next}"))
}

fn read_skip_token(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    std::str::from_utf8(&bytes)
        .ok()?
        .strip_prefix("RFNwdAIAAQ:")?
        .parse()
        .ok()
}

/// Keeps the selected properties and the annotations of an object.
fn select(item: Value, selected: Option<&[&str]>) -> Value {
    match (item, selected) {
        (Value::Object(item), Some(names)) => {
            let keep = |name: &String| name.starts_with('@') || names.contains(&name.as_str());
            Value::Object(item.into_iter().filter(|(name, _)| keep(name)).collect())
        }
        (item, _) => item,
    }
}
