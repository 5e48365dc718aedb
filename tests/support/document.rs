//! A TOML or JSON document, such as policy.toml, that a test changes by path before the program reads it.
//!
//! A path is the names of members and the numbers of list items, joined by dots: `tenants.contoso.rules.approvers.0`.
//! A change that would change nothing panics: a test must not pass because its change missed.

#![allow(dead_code, reason = "not every user of this file makes every change")]

use serde_json::{Map, Value};

#[derive(Debug, Clone)]
pub struct Document(Value);

impl Document {
    pub fn from_toml(text: &str) -> Document {
        Document(toml::from_str(text).unwrap())
    }

    pub fn from_json(text: &str) -> Document {
        Document(serde_json::from_str(text).unwrap())
    }

    /// Replaces a value that is there.
    #[must_use]
    pub fn set(mut self, path: &str, value: impl Into<Value>) -> Document {
        let value = value.into();
        let old = self.find(path);
        assert_ne!(*old, value, "{path} has this value already");
        *old = value;
        self
    }

    /// Adds a member that is not there, and the objects on the way to it.
    #[must_use]
    pub fn add(mut self, path: &str, value: impl Into<Value>) -> Document {
        let (parents, name) = path.rsplit_once('.').unwrap_or(("", path));
        let mut parent = &mut self.0;
        for name in parents.split('.').filter(|name| !name.is_empty()) {
            if let Value::Array(items) = parent {
                let at: usize = name.parse().unwrap();
                parent = &mut items[at];
                continue;
            }
            let members = parent.as_object_mut();
            let members = members.unwrap_or_else(|| panic!("{path}: {name} is in no object"));
            parent = members
                .entry(name)
                .or_insert_with(|| Value::Object(Map::new()));
        }
        let members = parent.as_object_mut();
        let members = members.unwrap_or_else(|| panic!("{path} is in no object"));
        let old = members.insert(name.to_owned(), value.into());
        assert_eq!(old, None, "{path} is there already");
        self
    }

    /// Adds an item at the end of a list that is there.
    #[must_use]
    pub fn push(mut self, path: &str, item: impl Into<Value>) -> Document {
        let list = self.find(path).as_array_mut();
        list.unwrap_or_else(|| panic!("{path} is no list"))
            .push(item.into());
        self
    }

    /// Removes a value that is there.
    #[must_use]
    pub fn remove(mut self, path: &str) -> Document {
        self.find(path);
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        match self.find(parent) {
            Value::Object(members) => drop(members.remove(name)),
            Value::Array(items) => drop(items.remove(name.parse().unwrap())),
            _ => unreachable!("{path} was found in it"),
        }
        self
    }

    pub fn to_toml(&self) -> String {
        toml::to_string(&self.0).unwrap()
    }

    pub fn to_json(&self) -> String {
        self.0.to_string()
    }

    fn find(&mut self, path: &str) -> &mut Value {
        let names = path.split('.').filter(|name| !name.is_empty());
        names.fold(&mut self.0, |value, name| {
            let found = match value {
                Value::Object(members) => members.get_mut(name),
                Value::Array(items) => name.parse().ok().and_then(|at: usize| items.get_mut(at)),
                _ => None,
            };
            found.unwrap_or_else(|| panic!("there is no {path}"))
        })
    }
}
