//! The function's answers as text for people.

use jiff::Timestamp;
use serde_json::Value;

/// A member as text; empty if it is absent.
pub fn member(object: &Value, name: &str) -> String {
    object.get(name).map(as_text).unwrap_or_default()
}

/// What the approvals hold, and what a reset would do.
pub fn preview(answer: &Value) -> String {
    let mut facts = Facts::new();
    facts.add("person", &member(answer, "target"));
    facts.add("name", &member(answer, "target_name"));
    facts.add("object id", &member(answer, "target_id"));
    facts.add("ticket", &member(answer, "ticket"));
    facts.add("privileged", &privilege(answer));
    approvals(&mut facts, answer);
    facts.add(
        "sessions",
        match answer.get("revoke_sessions").and_then(Value::as_bool) {
            Some(true) => "would be revoked",
            Some(false) => "would be kept",
            None => "",
        },
    );
    facts.add("can then register", &member(answer, "can_register"));
    paragraphs(&[
        facts.table(),
        methods(answer),
        warnings(answer),
        member(answer, "note"),
    ])
}

fn approvals(facts: &mut Facts, answer: &Value) {
    for approval in list(answer, "approvals") {
        let (approver, owner) = (member(approval, "approver"), member(approval, "owner"));
        let mut key = format!("key {}", member(approval, "kid"));
        if !owner.is_empty() {
            key = format!("{key} of {owner}");
        }
        let by = comma_separated(&[&approver, &key, &member(approval, "issuer")]);
        facts.add("approved by", &by);
        let about = comma_separated(&[&member(approval, "target"), &member(approval, "ticket")]);
        facts.add("  for", &about);
        facts.add("  trust domain", &member(approval, "domain"));
        let signed_in: Vec<String> = list(approval, "amr").map(as_text).collect();
        facts.add("  signed in by", &signed_in.join(", "));
        facts.add("  good until", &time_of(approval.get("expires_at")));
        for verification in list(approval, "verification") {
            let by = comma_separated(&[
                &member(verification, "how"),
                &format!("by {}", member(verification, "verified_by")),
                &time_of(verification.get("verified_at")),
                &member(verification, "reference"),
            ]);
            facts.add("  verified", &by);
        }
    }
}

/// The outcome of a reset, or how far it is.
pub fn outcome(answer: &Value) -> String {
    let mut facts = Facts::new();
    facts.add("state", &member(answer, "state"));
    facts.add("reset", &member(answer, "reset"));
    facts.add("person", &member(answer, "target"));
    facts.add("ticket", &member(answer, "ticket"));
    facts.add("sessions", &member(answer, "sessions"));
    facts.add("can register", &member(answer, "can_register"));
    if answer.get("can_register").and_then(Value::as_str) != Some("no") {
        facts.add("register at", &member(answer, "register_at"));
    }
    facts.add("waits for", &waits_for(answer));
    facts.add("finished", &time_of(answer.get("finished_at")));
    if answer.get("replayed").and_then(Value::as_bool) == Some(true) {
        facts.add("changed now", "nothing: it began earlier");
    }
    paragraphs(&[
        facts.table(),
        methods(answer),
        warnings(answer),
        member(answer, "note"),
    ])
}

/// Why a request was refused, and what to do next.
pub fn problem(answer: &Value) -> String {
    let mut lines = vec![member(answer, "title"), member(answer, "detail")];
    let next = member(answer, "next");
    if !next.is_empty() {
        lines.push(format!("Next: {next}"));
    }
    let code = comma_separated(&[&member(answer, "code"), &member(answer, "reset")]);
    if !code.is_empty() {
        lines.push(format!("({code})"));
    }
    lines.retain(|line| !line.is_empty());
    let mut facts = Facts::new();
    approvals(&mut facts, answer);
    paragraphs(&[lines.join("\n"), facts.table()])
}

fn privilege(answer: &Value) -> String {
    match answer.get("privileged").and_then(Value::as_bool) {
        Some(true) => comma_separated(&["yes", &member(answer, "privilege")]),
        _ => member(answer, "privileged"),
    }
}

/// The code of the reason for which a reset waits.
fn waits_for(answer: &Value) -> String {
    match answer.get("state").and_then(Value::as_str) {
        Some("waiting") => member(answer, "code"),
        _ => String::new(),
    }
}

fn methods(answer: &Value) -> String {
    let rows: Vec<Vec<String>> = list(answer, "methods")
        .map(|row| {
            ["status", "method", "label", "why"]
                .map(|name| member(row, name))
                .to_vec()
        })
        .collect();
    columns(&rows)
}

fn warnings(answer: &Value) -> String {
    let lines: Vec<String> = list(answer, "warnings")
        .map(|warning| format!("Warning: {}", member(warning, "text")))
        .collect();
    lines.join("\n")
}

fn list<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    object
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => printable(text),
        other => printable(&other.to_string()),
    }
}

/// Replaces what a terminal would take for a command, and marks that change the direction of writing: users choose the
/// names of their devices.
fn printable(text: &str) -> String {
    text.chars()
        .map(|letter: char| {
            if letter.is_control() || changes_direction(letter) {
                char::REPLACEMENT_CHARACTER
            } else {
                letter
            }
        })
        .collect()
}

/// Escapes in JSON what a terminal would take for a command, and marks that change the direction of writing. They can
/// be in strings alone, where an escape means the same (RFC 8259, section 7).
pub fn json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        if (letter.is_control() && !letter.is_ascii_whitespace()) || changes_direction(letter) {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(letter);
        }
    }
    safe
}

/// The marks that change the direction of writing (Unicode Standard Annex 9, section 2).
fn changes_direction(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// A time, to the second.
fn time_of(value: Option<&Value>) -> String {
    let Some(value) = value else {
        return String::new();
    };
    let time = match value {
        Value::String(text) => text.parse::<Timestamp>().ok(),
        other => other
            .as_i64()
            .and_then(|seconds| Timestamp::from_second(seconds).ok()),
    };
    time.map_or_else(
        || as_text(value),
        |time| time.strftime("%F %T UTC").to_string(),
    )
}

fn comma_separated(parts: &[&str]) -> String {
    let present: Vec<&str> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    present.join(", ")
}

fn paragraphs(parts: &[String]) -> String {
    let present: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    present.join("\n\n")
}

/// Pairs of name and value, one on each line.
struct Facts(Vec<Vec<String>>);

impl Facts {
    fn new() -> Facts {
        Facts(Vec::new())
    }

    /// Adds a pair, unless its value is empty.
    fn add(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.0.push(vec![name.to_owned(), value.to_owned()]);
        }
    }

    fn table(&self) -> String {
        columns(&self.0)
    }
}

/// Pads each cell to the widest of its column.
fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .enumerate()
                .map(|(column, cell)| format!("{cell:<wide$}", wide = width(column)))
                .collect();
            format!("  {}", cells.join("  ").trim_end())
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_preview_shows_the_person_the_approvers_and_the_changes() {
        let text = preview(&json!({
            "note": "Nothing has been changed.",
            "can_register": "yes",
            "ticket": "HELP-42",
            "target": "jane.doe@contoso.com",
            "target_id": "a1",
            "privileged": true,
            "privilege": "holds the role Global Administrator",
            "revoke_sessions": true,
            "methods": [
                {"method": "Mobile phone", "label": "ending in 12", "status": "remove", "why": null},
                {"method": "Password", "label": null, "status": "keep", "why": "no MFA method"},
            ],
            "warnings": [{"code": "guest", "text": "The person is a guest."}],
            "approvals": [{
                "issuer": "on-call", "kid": "olga-2026", "owner": "olga@contoso.com", "domain": "on-call",
                "target": "jane.doe@contoso.com", "ticket": "HELP-42", "approver": "olga@contoso.com", "amr": ["pwd", "hwk"],
                "expires_at": "2026-11-24T09:56:04.5Z",
                "verification": [{
                    "how": "phone_call to desk", "verified_by": "vera@contoso.com", "verified_at": 1_795_513_264,
                    "reference": null,
                }],
            }],
        }));
        assert_eq!(
            text,
            "  person             jane.doe@contoso.com
  object id          a1
  ticket             HELP-42
  privileged         yes, holds the role Global Administrator
  approved by        olga@contoso.com, key olga-2026 of olga@contoso.com, on-call
    for              jane.doe@contoso.com, HELP-42
    trust domain     on-call
    signed in by     pwd, hwk
    good until       2026-11-24 09:56:04 UTC
    verified         phone_call to desk, by vera@contoso.com, 2026-11-24 09:41:04 UTC
  sessions           would be revoked
  can then register  yes

  remove  Mobile phone  ending in 12
  keep    Password                    no MFA method

Warning: The person is a guest.

Nothing has been changed."
        );
    }

    #[test]
    fn a_member_that_an_older_function_does_not_send_is_left_out() {
        let text = preview(&json!({"target": "jane", "privileged": false, "methods": []}));
        assert_eq!(text, "  person      jane\n  privileged  no");
    }

    #[test]
    fn a_devices_name_cannot_command_the_terminal() {
        let text = outcome(&json!({
            "state": "completed",
            "methods": [{"method": "Passkey", "label": "a\u{1b}]0;x\u{7}\n\u{202e}b", "status": "kept"}],
        }));
        assert!(text.contains("kept  Passkey  a\u{fffd}]0;x\u{fffd}\u{fffd}\u{fffd}b"));
    }

    #[test]
    fn a_refusal_shows_its_reason_and_the_next_step() {
        let text = problem(&json!({
            "title": "Privileged role", "detail": "One approval is not enough.", "code": "privileged_role",
            "next": "Add a second approval.", "retry": false,
            "approvals": [{"issuer": "on-call", "kid": "olga-2026", "approver": "olga@contoso.com", "verification": []}],
        }));
        assert_eq!(
            text,
            "Privileged role\nOne approval is not enough.\nNext: Add a second approval.\n(privileged_role)\n\n  \
             approved by  olga@contoso.com, key olga-2026, on-call"
        );
    }
}
