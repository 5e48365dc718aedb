//! The table of docs/outcomes.md, as data.

#![allow(dead_code, reason = "not every user of this file reads every column")]

/// One row: what comes of a kind of person with certain approvals, and the scenario that shows it.
#[derive(Debug, Clone)]
pub struct Row {
    /// For messages.
    pub line: usize,
    pub person: String,
    pub approvals: String,
    pub status: u16,
    /// The state of an accepted request, its code, or both.
    pub state_and_code: Vec<String>,
    /// `module::name`.
    pub scenario: String,
}

/// The rows in order. Panics if one of them cannot be read.
pub fn rows() -> Vec<Row> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/outcomes.md");
    let text = std::fs::read_to_string(path).unwrap();
    let table = text
        .lines()
        .enumerate()
        .map(|(at, text)| (at + 1, text))
        .skip_while(|(_, text)| !text.starts_with("|---"))
        .skip(1)
        .filter(|(_, text)| !text.starts_with("| **"));
    table.map(|(line, text)| row(line, text)).collect()
}

fn row(line: usize, text: &str) -> Row {
    let cells: Vec<&str> = text.split('|').map(str::trim).collect();
    let &[
        "",
        person,
        approvals,
        status,
        state_and_code,
        _besides,
        scenario,
        "",
    ] = &cells[..]
    else {
        panic!("docs/outcomes.md:{line}: not six columns: {text}");
    };
    let quoted = |cell: &str| -> Vec<String> {
        let words = cell.split_whitespace();
        words
            .map(|word| {
                let inside = word.trim_end_matches(',').strip_prefix('`');
                let inside = inside.and_then(|word| word.strip_suffix('`'));
                let inside = inside.unwrap_or_else(|| panic!("docs/outcomes.md:{line}: {word}"));
                inside.to_owned()
            })
            .collect()
    };
    let [scenario] = &quoted(scenario)[..] else {
        panic!("docs/outcomes.md:{line}: not one scenario");
    };
    Row {
        line,
        person: person.to_owned(),
        approvals: approvals.to_owned(),
        status: status.parse().unwrap(),
        state_and_code: quoted(state_and_code),
        scenario: scenario.clone(),
    }
}
