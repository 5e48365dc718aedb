//! The rows of docs/outcomes.md, held against what the product answers in the scenario that they name.
//!
//! A scenario of one row calls [`documented`] with the answer that the row promises. One of several rows makes
//! [`Rows::of_this_scenario`] and shows each of them; a row that it does not show fails it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::outcomes_table::{self, Row};
use crate::test_app::Reply;

/// What a row promises.
#[derive(Debug, PartialEq)]
pub struct Answer {
    status: u16,
    /// The state, the code, or both.
    state_and_code: Vec<String>,
}

impl From<&Reply> for Answer {
    fn from(reply: &Reply) -> Answer {
        let words = [reply.state(), reply.code()].into_iter();
        Answer {
            status: reply.status,
            state_and_code: words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }
}

impl Answer {
    /// A reset that was ended before all of it was done. Its answer has no code: the audit trail has it.
    pub fn ended_because(reply: &Reply, code: &str) -> Answer {
        let mut answer = Answer::from(reply);
        answer.state_and_code.push(code.to_owned());
        answer
    }
}

/// The answer is that of the only row that names this scenario.
#[track_caller]
pub fn documented(answer: impl Into<Answer>) {
    let rows = Rows::of_this_scenario();
    let [row] = &rows.rows[..] else {
        panic!(
            "{} rows name this scenario: {:?}",
            rows.rows.len(),
            rows.rows
        );
    };
    rows.show(&row.person, &row.approvals, answer);
}

/// The rows that name this scenario.
pub struct Rows {
    rows: Vec<Row>,
    /// The lines of those that were shown.
    shown: RefCell<BTreeSet<usize>>,
}

impl Rows {
    pub fn of_this_scenario() -> Rows {
        // The harness names the thread of a test after the test.
        let thread = std::thread::current();
        let scenario = thread.name().unwrap();
        let rows = outcomes_table::rows().into_iter();
        Rows {
            rows: rows.filter(|row| row.scenario == scenario).collect(),
            shown: RefCell::default(),
        }
    }

    /// The answer is that of the row with this person and these approvals.
    #[track_caller]
    pub fn show(&self, person: &str, approvals: &str, answer: impl Into<Answer>) {
        let is_meant = |row: &&Row| row.person == person && row.approvals == approvals;
        let meant: Vec<&Row> = self.rows.iter().filter(is_meant).collect();
        let [row] = meant[..] else {
            panic!("no row, or several, of this scenario: {person:?}, {approvals:?}: {meant:?}");
        };
        let promised = Answer {
            status: row.status,
            state_and_code: row.state_and_code.clone(),
        };
        assert_eq!(promised, answer.into(), "docs/outcomes.md:{}", row.line);
        self.shown.borrow_mut().insert(row.line);
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let shown = self.shown.borrow();
        for row in &self.rows {
            assert!(shown.contains(&row.line), "not shown: {row:?}");
        }
    }
}
