//! docs/outcomes.md promises outcomes: each row names the scenario that shows it, and each of them exists.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is its purpose"
)]

use std::collections::BTreeSet;
use std::path::Path;

use reregister_mfa::reset::Code;
use strum::IntoEnumIterator as _;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_row_of_the_table_of_outcomes_is_backed_by_a_scenario() {
    let text = read("docs/outcomes.md");
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains("::"))
        .collect();
    assert!(rows.len() >= 30, "only {} rows", rows.len());
    for row in rows {
        let scenario = row
            .split('`')
            .find(|part| part.contains("::"))
            .unwrap_or_else(|| panic!("no scenario in {row}"));
        let (module, name) = scenario.split_once("::").unwrap();
        let source = read(&format!("tests/scenarios/{module}.rs"));
        assert!(
            source.contains(&format!("async fn {name}()")),
            "{scenario} does not exist"
        );
    }
}

#[test]
fn every_code_of_a_refusal_is_in_the_documentation_of_the_routes() {
    let documented = read("docs/http.md");
    for code in Code::iter() {
        let code = code.as_str();
        assert!(
            documented.contains(&format!("`{code}`")),
            "{code} is not documented"
        );
    }
}

#[test]
fn every_code_has_a_title_of_its_own() {
    let titles: BTreeSet<&str> = Code::iter().map(|code| code.row().title).collect();
    assert_eq!(titles.len(), Code::iter().count());
    assert!(!titles.contains(""));
}
