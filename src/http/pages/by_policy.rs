//! The pages that differ by policy: with the way to the desk, and with the form for passkeys, where there are those.

use super::passkeys::{self, PasskeySettings, escaped};
use super::static_page::{ON_CALL, StaticPage};
use crate::desk::DeskUrl;

/// Where the way to the desk stands in the on-call page.
const WAY_TO_THE_DESK: &str = "<!-- desk -->";

/// The pages that depend on the policy.
pub struct Pages {
    pub on_call: StaticPage,
    /// None where no passkey counts.
    pub enrolment: Option<StaticPage>,
}

impl Pages {
    /// `desk` is where the desk is, if there is one.
    pub fn new(passkeys: Option<&PasskeySettings>, desk: Option<&DeskUrl>) -> Pages {
        let way = desk.map_or_else(String::new, |desk| {
            let desk = escaped(desk.as_str());
            format!(
                "<p>You have none? Agents verify, and approvers approve, <a href=\"{desk}\">on the page of the service desk</a>.</p>"
            )
        });
        let on_call = ON_CALL.replacen(WAY_TO_THE_DESK, &way, 1);
        Pages {
            on_call: match passkeys {
                Some(settings) => passkeys::on_call(&on_call, settings),
                None => StaticPage::new(on_call),
            },
            enrolment: passkeys.map(passkeys::enrolment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_on_call_page_shows_the_way_to_the_desk_only_where_there_is_one() {
        let desk = DeskUrl::try_from("https://mfa.contoso.example/desk".to_owned()).unwrap();
        let page = Pages::new(None, Some(&desk)).on_call;
        assert!(
            page.html()
                .contains("<a href=\"https://mfa.contoso.example/desk\">")
        );
        let alone = Pages::new(None, None).on_call;
        assert!(!alone.html().contains("<a href") && !alone.html().contains(WAY_TO_THE_DESK));
    }
}
