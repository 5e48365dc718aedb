//! The text of a policy, with the place of everything in it.

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::error::{Fault, Place};
use super::explain;

/// What a value begins with that has to be changed before the first deployment.
const CHANGE_ME: &str = "CHANGE ME";

/// All but the last digit of the ids that examples have.
const EXAMPLE_ID: &str = "00000000-0000-0000-0000-00000000000";

/// TOML that was read.
pub struct Document<'a> {
    text: &'a str,
    root: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    /// Reads TOML of any content.
    pub fn parse(text: &'a str) -> Result<Document<'a>, Fault> {
        let root = DeTable::parse(text).map_err(|error| fault(text, &error))?;
        Ok(Document { text, root })
    }

    /// The values that are as they were shipped, in the order of the file.
    pub fn unanswered(&self) -> Vec<Fault> {
        let mut found = Vec::new();
        for (name, value) in self.root.get_ref() {
            collect(name.get_ref().to_string(), value, &mut found);
        }
        found.sort_by_key(|(offset, _)| *offset);
        let place = |offset| Some(Place::of(self.text, offset));
        found
            .into_iter()
            .map(|(offset, what)| Fault {
                place: place(offset),
                what,
            })
            .collect()
    }

    /// As a value of this type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        T::deserialize(Deserializer::from(self.root.clone())).map_err(|error| {
            let mut fault = fault(self.text, &error);
            let path = error
                .span()
                // What the whole file lacks is in no place of it.
                .filter(|span| *span != self.root.span())
                .and_then(|span| path_to(span.start, self.root.get_ref()));
            match path {
                Some(path) => {
                    let value = self.value(&path);
                    let what = explain::value(&path, value, &fault.what).unwrap_or(fault.what);
                    fault.what = format!("{path}: {what}");
                }
                None => {
                    fault.place = None;
                    fault.what = explain::whole(&fault.what).unwrap_or(fault.what);
                }
            }
            fault
        })
    }

    /// What stands at `path`, names joined by dots.
    fn value(&self, path: &str) -> Option<&DeValue<'a>> {
        let mut names = path.split('.');
        let mut value = self.root.get_ref().get(names.next()?)?;
        for name in names {
            value = value.get_ref().as_table()?.get(name)?;
        }
        Some(value.get_ref())
    }

    /// The place of `path`, names joined by dots, or of as much of it as is there.
    pub fn place(&self, path: &str) -> Option<Place> {
        let mut table = self.root.get_ref();
        let mut found = None;
        for wanted in path.split('.') {
            let Some((name, value)) = table.iter().find(|(name, _)| name.get_ref() == wanted)
            else {
                break;
            };
            found = Some(name.span().start);
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        found.map(|offset| Place::of(self.text, offset))
    }
}

fn collect(path: String, value: &Spanned<DeValue<'_>>, found: &mut Vec<(usize, String)>) {
    match value.get_ref() {
        DeValue::String(text) => {
            if let Some(what) = unanswered(&path, text) {
                found.push((value.span().start, what));
            }
        }
        // It has no default, since a forgotten line would protect no account.
        DeValue::Array(items) if items.is_empty() && path.ends_with(".rules.break_glass") => {
            let what = format!("{path} lists no account: say \"none\" if there is none");
            found.push((value.span().start, what));
        }
        DeValue::Array(items) => {
            for item in items.iter() {
                collect(path.clone(), item, found);
            }
        }
        DeValue::Table(members) => {
            for (name, member) in members {
                collect(format!("{path}.{}", name.get_ref()), member, found);
            }
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}

fn unanswered(path: &str, text: &str) -> Option<String> {
    if says_change_me(text) {
        return Some(format!("{path} still says {CHANGE_ME}"));
    }
    let last = text.strip_prefix(EXAMPLE_ID)?;
    let is_example = last.len() == 1 && last.bytes().all(|b| b.is_ascii_hexdigit());
    is_example
        .then(|| format!("{path} holds {text}, which is the id of an example: write your own"))
}

/// Whether it begins with [`CHANGE_ME`], in capitals or not, with a space, a hyphen, an underscore or nothing between.
fn says_change_me(text: &str) -> bool {
    let mut letters = text
        .trim_start()
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-' | '_'))
        .map(|letter| letter.to_ascii_uppercase());
    let mut wanted = CHANGE_ME.chars().filter(|letter| *letter != ' ');
    wanted.all(|letter| letters.next() == Some(letter))
}

/// The names that lead to what stands at `offset`, joined by dots.
fn path_to(offset: usize, table: &DeTable<'_>) -> Option<String> {
    let within = table.iter().find_map(|(name, value)| {
        let inner = value.get_ref().as_table()?;
        let rest = path_to(offset, inner)?;
        Some(format!("{}.{rest}", name.get_ref()))
    });
    // The span of a section is its header, so what is inside comes first.
    within.or_else(|| {
        let (name, _) = table.iter().find(|(name, value)| {
            name.span().contains(&offset) || value.span().contains(&offset)
        })?;
        Some(name.get_ref().to_string())
    })
}

fn fault(text: &str, error: &Error) -> Fault {
    // Some have a second line.
    let what = error.message().trim().replace('\n', ", ");
    let explained = error
        .span()
        .and_then(|span| explain::syntax(text, span, &what));
    Fault {
        place: error.span().map(|span| Place::of(text, span.start)),
        what: explained.unwrap_or(what),
    }
}
