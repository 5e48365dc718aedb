//! Contacts of record that a verifier used, named by the property of the directory and the last two digits: so much that a
//! change shows, and no number.

use serde::{Deserialize, Serialize};

/// A contact of record. Numbers of authentication methods are none: an attacker may have registered them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    BusinessPhone,
    MobilePhone,
}

impl ContactKind {
    pub fn as_str(self) -> &'static str {
        match self {
            ContactKind::BusinessPhone => "business_phone",
            ContactKind::MobilePhone => "mobile_phone",
        }
    }
}

/// The last two digits of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LastDigits([char; 2]);

/// The text is not two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not two digits")]
pub struct NotTwoDigits;

impl LastDigits {
    /// Those of a number, however it is spaced; `None` if it has fewer than four digits, and would be told by them.
    pub fn of(number: &str) -> Option<LastDigits> {
        let digits = || number.chars().filter(char::is_ascii_digit);
        let mut last = digits().rev();
        let (second, first) = (last.next()?, last.next()?);
        (digits().count() >= 4).then_some(LastDigits([first, second]))
    }
}

impl TryFrom<String> for LastDigits {
    type Error = NotTwoDigits;

    fn try_from(text: String) -> Result<LastDigits, NotTwoDigits> {
        let mut digits = text.chars();
        match (digits.next(), digits.next(), digits.next()) {
            (Some(first), Some(second), None)
                if first.is_ascii_digit() && second.is_ascii_digit() =>
            {
                Ok(LastDigits([first, second]))
            }
            _ => Err(NotTwoDigits),
        }
    }
}

impl From<LastDigits> for String {
    fn from(LastDigits(digits): LastDigits) -> String {
        digits.iter().collect()
    }
}

/// What contacts of record end in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactEnds {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_phone: Option<LastDigits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<LastDigits>,
}

impl ContactEnds {
    pub fn of(&self, kind: ContactKind) -> Option<LastDigits> {
        match kind {
            ContactKind::BusinessPhone => self.business_phone,
            ContactKind::MobilePhone => self.mobile_phone,
        }
    }

    pub fn of_mut(&mut self, kind: ContactKind) -> &mut Option<LastDigits> {
        match kind {
            ContactKind::BusinessPhone => &mut self.business_phone,
            ContactKind::MobilePhone => &mut self.mobile_phone,
        }
    }

    pub fn are_none(&self) -> bool {
        *self == ContactEnds::default()
    }

    /// Of the contacts that were used, one that is another now, or cannot be read.
    pub fn changed_since(&self, used: &ContactEnds) -> Option<ContactKind> {
        let is_other =
            |used: Option<LastDigits>, now: Option<LastDigits>| used.is_some() && used != now;
        if is_other(used.business_phone, self.business_phone) {
            Some(ContactKind::BusinessPhone)
        } else if is_other(used.mobile_phone, self.mobile_phone) {
            Some(ContactKind::MobilePhone)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(business: Option<&str>, mobile: Option<&str>) -> ContactEnds {
        ContactEnds {
            business_phone: business.and_then(LastDigits::of),
            mobile_phone: mobile.and_then(LastDigits::of),
        }
    }

    #[test]
    fn a_number_is_named_by_its_last_two_digits_and_a_short_one_by_nothing() {
        for (number, digits) in [
            ("+1 425 555-0112", Some("12")),
            ("0112", Some("12")),
            ("+44 7700 900 12 x", Some("12")),
            ("112", None),
            ("", None),
            ("none", None),
        ] {
            let found = LastDigits::of(number).map(String::from);
            assert_eq!(found.as_deref(), digits, "{number}");
        }
        for text in ["", "1", "123", "1x", " 1"] {
            assert_eq!(
                LastDigits::try_from(text.to_owned()),
                Err(NotTwoDigits),
                "{text}"
            );
        }
    }

    #[test]
    fn a_contact_that_was_used_has_changed_if_it_ends_in_other_digits_or_is_gone() {
        let now = ends(Some("+1 4255550150"), Some("+1 4255550112"));
        for (used, changed) in [
            (now, None),
            (ContactEnds::default(), None),
            (ends(Some("0150"), None), None),
            (
                ends(Some("0151"), Some("0112")),
                Some(ContactKind::BusinessPhone),
            ),
            (ends(None, Some("0113")), Some(ContactKind::MobilePhone)),
        ] {
            assert_eq!(now.changed_since(&used), changed, "{used:?}");
        }
        let gone = ContactEnds::default();
        assert_eq!(gone.changed_since(&now), Some(ContactKind::BusinessPhone));
    }
}
