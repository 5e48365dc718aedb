//! Which accounts are one person: an approver with two accounts must not be two approvers.

use std::collections::BTreeMap;

use super::Rules;
use crate::ids::ObjectId;
use crate::reset::model::Person;

/// Of each person with several accounts, the account that stands for them.
pub struct OnePerson(BTreeMap<ObjectId, ObjectId>);

impl OnePerson {
    /// Finds accounts with one `employeeId` among these. An account without one is a person of its own.
    pub fn among<'p>(accounts: impl Iterator<Item = &'p Person>, rules: &Rules) -> OnePerson {
        let mut of_employee: BTreeMap<String, ObjectId> = BTreeMap::new();
        let mut standing_for = BTreeMap::new();
        for account in accounts {
            let Some(employee) = employee(account).filter(|_| rules.compare_employee_ids) else {
                continue;
            };
            let first = *of_employee.entry(employee).or_insert(account.id);
            standing_for.insert(account.id, first);
        }
        OnePerson(standing_for)
    }

    /// The person whose account this is, by one of their accounts.
    pub fn behind(&self, account: ObjectId) -> ObjectId {
        self.0.get(&account).copied().unwrap_or(account)
    }
}

/// Blanks and capitals are slips of the hand.
fn employee(account: &Person) -> Option<String> {
    let id = account.employee_id.as_deref()?.trim();
    (!id.is_empty()).then(|| id.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reset::model::samples::person;

    fn account(last: char, employee_id: Option<&str>) -> Person {
        Person {
            employee_id: employee_id.map(str::to_owned),
            ..person(&format!("a1000000-0000-4000-8000-00000000000{last}"))
        }
    }

    fn are_one(one: Option<&str>, other: Option<&str>, policy: &str) -> bool {
        let rules: Rules = toml::from_str(&format!("break_glass = \"none\"\n{policy}")).unwrap();
        let accounts = [account('1', one), account('2', other)];
        let one_person = OnePerson::among(accounts.iter(), &rules);
        one_person.behind(accounts[0].id) == one_person.behind(accounts[1].id)
    }

    #[test]
    fn two_accounts_are_one_person_by_an_employee_id_that_is_not_empty_and_by_nothing_else() {
        for (one, other, expected) in [
            (Some("4711"), Some("4711"), true),
            (Some("a-4711"), Some(" A-4711 "), true),
            (Some("4711"), Some("4712"), false),
            (Some("4711"), None, false),
            (None, None, false),
            (Some(""), Some(""), false),
            (Some(" "), Some(""), false),
        ] {
            assert_eq!(are_one(one, other, ""), expected, "{one:?} {other:?}");
        }
        let apart = "compare_employee_ids = false";
        assert!(!are_one(Some("4711"), Some("4711"), apart));
    }
}
