//! What a deployer has to do about an error of the TOML reader, whose own words only say what it expected.

use std::ops::Range;

use toml::de::DeValue;
use uuid::Uuid;

/// Settings that hold a length of time.
const LENGTHS_OF_TIME: [&str; 4] = ["answer_within", "cool_down", "fresh_password", "tolerance"];

/// A section that is missing, which has no place in the file.
pub fn whole(what: &str) -> Option<String> {
    let (_, rest) = what.split_once("missing field `")?;
    let (section, _) = rest.split_once('`')?;
    Some(match section {
        "on_call" => {
            "the section [on_call] is missing: add it. With issuers = [] it closes POST /resets"
                .to_owned()
        }
        "tenants" | "issuers" => format!("there is no section [{section}.NAME]: add one"),
        _ => format!("the section [{section}] is missing: add it"),
    })
}

/// What stands at `path` and is not what has to be there.
pub fn value(path: &str, found: Option<&DeValue<'_>>, what: &str) -> Option<String> {
    let name = path.rsplit('.').next().unwrap_or(path);
    if LENGTHS_OF_TIME.contains(&name) && !what.contains("negative") {
        return Some("this is no length of time: write one such as \"15s\" or \"60m\"".to_owned());
    }
    if path.contains(".key.") && what.contains("unknown field") {
        return kid_with_a_dot(path);
    }
    if path.ends_with(".rules.break_glass")
        && let Some(DeValue::Array(accounts)) = found
    {
        let mut texts = accounts
            .iter()
            .filter_map(|account| account.get_ref().as_str());
        let wrong = texts.find(|text| Uuid::try_parse(text).is_err())?;
        return Some(format!(
            "{wrong} is not an object id. Print it with: az ad user show --id {wrong} --query id"
        ));
    }
    if what.contains("expected a sequence") {
        let example = found.and_then(DeValue::as_str).unwrap_or("...");
        return Some(format!("this must be a list, such as [\"{example}\"]"));
    }
    if what.starts_with("wanted exactly 1 element")
        && let Some(DeValue::Table(members)) = found
    {
        let names: Vec<String> = members
            .keys()
            .map(|name| name.get_ref().to_string())
            .collect();
        return Some(match names.as_slice() {
            [] => "this is empty, and must have one value".to_owned(),
            names => format!(
                "{} exclude each other: keep one of them",
                names.join(" and ")
            ),
        });
    }
    None
}

/// `key.olga.2026.owner`, in which TOML takes the dot of the kid for the next name.
fn kid_with_a_dot(path: &str) -> Option<String> {
    let (_, kid) = path.split_once(".key.")?;
    // A passkey's public key has members of its own.
    (kid.contains('.') && !kid.contains(".public_key"))
        .then(|| format!("a kid with a dot must be in quotes: key.\"{kid}\".owner"))
}

/// Text that is no TOML.
pub fn syntax(text: &str, at: Range<usize>, what: &str) -> Option<String> {
    if what == "duplicate key" {
        let name = text.get(at)?;
        return Some(format!("{name} is there twice: remove one of the two"));
    }
    let is_open = what.starts_with("invalid ") && what.contains("string, expected `");
    if is_open {
        let before = text.get(..at.start)?;
        let line = before.rsplit('\n').next()?;
        let (name, _) = line.split_once('=')?;
        return Some(format!(
            "the text of {} has no quote at its end: add it",
            name.trim()
        ));
    }
    None
}
