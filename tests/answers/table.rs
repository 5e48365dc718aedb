//! docs/answers.md: what came of each change.

use std::collections::{BTreeMap, BTreeSet};

use crate::odd::{Field, Odd};

/// What came of the changes, by field.
pub type Outcomes = BTreeMap<Field, BTreeMap<Odd, BTreeSet<String>>>;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/answers.md");

/// The table as docs/answers.md has it.
pub fn markdown(outcomes: &Outcomes) -> String {
    let mut lines = vec![
        "| call | field | absent | null | another type | empty | too long | unknown |".to_owned(),
        "|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    for (field, of_odd) in outcomes {
        let cell = |odd| {
            let ends: Option<&BTreeSet<String>> = of_odd.get(odd);
            ends.map_or_else(
                || "–".to_owned(),
                |ends| {
                    ends.iter()
                        .map(String::as_str)
                        .collect::<Vec<_>>()
                        .join(", ")
                },
            )
        };
        let cells: Vec<String> = Odd::all().iter().map(cell).collect();
        let pointer = shown(&field.pointer);
        lines.push(format!(
            "| `{}` | `{pointer}` | {} |",
            field.call,
            cells.join(" | ")
        ));
    }
    lines.join("\n")
}

/// Compares what came of the changes with docs/answers.md, where the table stands between two marks. If all changes were
/// made and `WRITE_TABLES` is set, it is written there.
pub fn check(name: &str, outcomes: &Outcomes, are_all: bool) {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("\n<!-- /{name} -->"));
    let page = std::fs::read_to_string(FILE).unwrap();
    let (before, rest) = page.split_once(&begin).unwrap();
    let (written, after) = rest.split_once(&end).unwrap();
    if are_all && std::env::var_os("WRITE_TABLES").is_some() {
        let table = markdown(outcomes);
        std::fs::write(FILE, format!("{before}{begin}{table}{end}{after}")).unwrap();
        return;
    }
    let rows: BTreeMap<(&str, &str), Vec<&str>> = written
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [call, field, rest @ ..] = &cells[..] else {
                return None;
            };
            Some((
                (call.trim_matches('`'), field.trim_matches('`')),
                rest.to_vec(),
            ))
        })
        .collect();
    for (field, of_odd) in outcomes {
        let row = rows.get(&(field.call.as_str(), shown(&field.pointer)));
        let row = row.unwrap_or_else(|| panic!("docs/answers.md: no row for {field:?}: {HELP}"));
        for (odd, ends) in of_odd {
            let nth = Odd::all().iter().position(|known| known == odd).unwrap();
            let known: BTreeSet<String> = row[nth].split(", ").map(str::to_owned).collect();
            let fits = if are_all {
                ends == &known
            } else {
                ends.is_subset(&known)
            };
            assert!(fits, "docs/answers.md: {field:?} {odd}: {ends:?}: {HELP}");
        }
    }
}

const HELP: &str = "`WRITE_TABLES=1 make answers` writes the table anew";

fn shown(pointer: &str) -> &str {
    if pointer.is_empty() {
        "the whole body"
    } else {
        pointer
    }
}
