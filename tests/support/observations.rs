//! What a test can see of a request's effects.

use reregister_mfa::reset::Event;
use reregister_mfa::reset::ports::Key;

use super::TestApp;

impl TestApp {
    /// The methods that a person has, by Graph's type without the common ending.
    pub fn has(&self, user: &str) -> Vec<String> {
        self.tenant
            .methods_of(user)
            .into_iter()
            .map(|method| {
                let kind = method
                    .kind
                    .trim_end_matches("AuthenticationMethod")
                    .to_owned();
                match method.phone_type {
                    Some(phone) => format!("{kind} {phone}"),
                    None => kind,
                }
            })
            .collect()
    }

    /// The writes that Graph saw, in order, without the person.
    pub fn writes(&self) -> Vec<String> {
        self.tenant
            .writes()
            .into_iter()
            .map(|call| {
                let rest: Vec<&str> = call.path.split('/').skip(3).collect();
                format!("{} {}", call.method, rest.join("/"))
            })
            .collect()
    }

    /// What was decided, in order.
    pub fn decisions(&self) -> Vec<String> {
        self.trail
            .events()
            .into_iter()
            .filter(|event| !matches!(event, Event::Intended { .. }))
            .map(|event| match event {
                Event::Refused { code, .. } => format!("refused {code}"),
                Event::Allowed { .. } => "allowed".to_owned(),
                Event::Previewed { .. } => "previewed".to_owned(),
                Event::Replayed { .. } => "replayed".to_owned(),
                Event::Intended { .. } => unreachable!("filtered out"),
                Event::Resumed { .. } => "resumed".to_owned(),
                Event::Outcome { outcome, .. } => format!("{:?}", outcome.state),
                Event::SessionBegun { .. } => "session begun".to_owned(),
                Event::LookedUp { contact, .. } => {
                    format!("looked up {}", contact.unwrap_or("a person"))
                }
                Event::CaseShown { .. } => "case shown".to_owned(),
                Event::Signed { kind, .. } => format!("signed {kind}"),
                Event::SignatureRefused { .. } => "signature refused".to_owned(),
                Event::Rejected { .. } => "rejected".to_owned(),
                Event::Evidence { kept: true, .. } => "evidence kept".to_owned(),
                Event::Evidence { kept: false, .. } => "evidence lost".to_owned(),
                Event::Expired { .. } => "expired".to_owned(),
            })
            .collect()
    }

    /// The code of the reason for which the last reset was ended before all of it was done.
    pub fn ended_because(&self) -> String {
        let outcome = self
            .trail
            .events()
            .into_iter()
            .rev()
            .find_map(|event| match event {
                Event::Outcome { outcome, .. } => Some(outcome),
                _ => None,
            });
        outcome.unwrap().ended_because.unwrap().code
    }

    /// No write in Graph, nothing used up, and nothing in the trail but refusals and previews.
    pub fn assert_nothing_happened(&self) {
        assert_eq!(self.writes(), [""; 0]);
        assert!(self.nothing_claimed());
        assert!(
            self.decisions()
                .iter()
                .all(|decision| decision.starts_with("refused") || decision == "previewed")
        );
    }

    /// No approval is used up, and no person has a reset.
    pub fn nothing_claimed(&self) -> bool {
        self.store.keys().iter().all(|key| {
            let Key(key) = key;
            key.starts_with("reset#") || key.starts_with("delivery#") || key == "freeze"
        })
    }
}
