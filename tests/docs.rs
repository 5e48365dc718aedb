//! docs/outcomes.md and docs/http.md against the codes of refusals and the scenarios, and the commands of all pages
//! against the shells that people paste them into.
//!
//! Whether a row of docs/outcomes.md is right is checked by the scenario that it names; here it is checked that the
//! scenario exists and does so, and that every code has a row.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

#[path = "support/outcomes_table.rs"]
mod outcomes_table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use reregister_mfa::reset::{Code, Retry};
use strum::IntoEnumIterator as _;

use outcomes_table::rows;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_row_of_the_table_of_outcomes_is_checked_by_the_scenario_that_it_names() {
    let rows = rows();
    assert!(rows.len() >= 130, "only {} rows", rows.len());
    for row in rows {
        let (module, name) = row.scenario.rsplit_once("::").unwrap();
        let file = module.replace("::", "/");
        let source = read(&format!("tests/scenarios/{file}.rs"));
        let scenario = source.split_once(&format!("async fn {name}()"));
        let (_, scenario) = scenario.unwrap_or_else(|| panic!("there is none: {row:?}"));
        let (body, _) = scenario.split_once("\n}\n").unwrap();
        assert!(
            body.contains("documented(") || body.contains("Rows::of_this_scenario()"),
            "not checked: {row:?}"
        );
    }
}

#[test]
fn every_row_of_the_table_of_outcomes_can_be_read_alone() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        assert!(!row.person.contains("the same"), "{row:?}");
        let key = (row.person.clone(), row.approvals.clone());
        assert!(seen.insert(key), "twice: {row:?}");
    }
}

#[test]
fn every_code_has_a_row_in_the_table_of_outcomes() {
    let rows = rows();
    let named: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| &row.state_and_code)
        .map(String::as_str)
        .collect();
    let missing: Vec<&str> = Code::iter()
        .map(Code::as_str)
        .filter(|code| !named.contains(code))
        .collect();
    assert_eq!(missing, [""; 0]);
}

/// The table "All codes" of docs/http.md: the statuses that each code stands beside.
fn documented_statuses() -> BTreeMap<String, BTreeSet<u16>> {
    let text = read("docs/http.md");
    let (_, section) = text.split_once("\n## All codes\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut statuses: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for line in section.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let &["", status, codes, ..] = &cells[..] else {
            continue;
        };
        let Ok(status) = status.parse() else {
            continue;
        };
        for code in codes.split('`').skip(1).step_by(2) {
            statuses.entry(code.to_owned()).or_default().insert(status);
        }
    }
    statuses
}

#[test]
fn every_code_is_in_the_documentation_of_the_routes_with_its_status() {
    let documented = documented_statuses();
    for code in Code::iter() {
        let row = code.row();
        let found = documented.get(code.as_str());
        let found = found.unwrap_or_else(|| panic!("{code:?} is not documented"));
        let expected = match (code, row.retry) {
            // It ends a reset that was claimed, whose outcome is 200.
            (Code::ChangedMeanwhile, _) => vec![200],
            (_, Retry::Never) => vec![row.status],
            // An accepted request waits.
            (_, Retry::Soon | Retry::Later) => vec![202, row.status],
        };
        assert!(
            found.iter().all(|status| expected.contains(status)),
            "{code:?}: {found:?}, not {expected:?}"
        );
    }
}

#[test]
fn every_code_of_the_desk_alone_is_in_the_documentation_of_the_routes() {
    let source = read("src/http/desk_problem.rs");
    let known: BTreeSet<&str> = source
        .split('"')
        .filter(|text| text.starts_with("desk_"))
        .collect();
    assert!(known.len() > 10, "{known:?}");
    let documented = documented_statuses();
    let of_desk = |code: &&str| code.starts_with("desk_");
    let documented: BTreeSet<&str> = documented
        .keys()
        .map(String::as_str)
        .filter(of_desk)
        .collect();
    assert_eq!(documented, known);
}

/// The pages with commands that people paste.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |folder: &str| {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().path())
    };
    let of_examples = files("examples").map(|folder| folder.join("README.md"));
    let of_docs = files("docs").filter(|file| file.extension() == Some("md".as_ref()));
    std::iter::once(root.join("README.md"))
        .chain(of_docs)
        .chain(of_examples.filter(|file| file.exists()))
        .map(|file| {
            (
                file.display().to_string(),
                std::fs::read_to_string(file).unwrap(),
            )
        })
        .collect()
}

#[test]
fn no_command_has_a_comment_which_zsh_would_take_for_its_arguments() {
    let mut blocks = 0;
    let mut wrong = Vec::new();
    for (page, text) in pages() {
        let mut is_shell = false;
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                is_shell = !is_shell && line.trim() == "```sh";
                blocks += usize::from(is_shell);
            } else if is_shell && line.split_whitespace().any(|word| word == "#") {
                wrong.push(format!("{page}: {line}"));
            }
        }
    }
    assert!(blocks > 40, "only {blocks} blocks");
    assert_eq!(wrong, [""; 0]);
}
