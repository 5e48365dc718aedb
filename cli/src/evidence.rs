//! How the target was verified: which ways there are and what belongs to each.

use std::fmt;

use anyhow::{bail, ensure};
use clap::ValueEnum;

/// In which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Method {
    PhoneCall,
    SecureMessage,
    VideoCall,
    InPerson,
    ManagerAttestation,
    VerifiedId,
}

/// By which line or with what messenger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Via {
    Desk,
    Home,
    Mobile,
    Slack,
    Teams,
    Telegram,
    Signal,
    Sms,
}

/// Who says that the number or address is the target's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum ContactSource {
    CompanyDirectory,
    PhoneBook,
    Colleague,
}

/// Why the person needs to register again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Reason {
    Lost,
    Stolen,
    Replaced,
    Broken,
    Other,
}

/// Refuses evidence that the function would refuse for its form.
pub fn check(
    method: Method,
    via: Option<Via>,
    source: Option<ContactSource>,
    reason: Option<Reason>,
) -> anyhow::Result<()> {
    let fitting: &[Via] = match method {
        Method::PhoneCall => &[Via::Desk, Via::Home, Via::Mobile],
        Method::SecureMessage => &[Via::Slack, Via::Teams, Via::Telegram, Via::Signal, Via::Sms],
        _ => &[],
    };
    let choice = fitting
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    match via {
        None if !fitting.is_empty() => bail!("--method {method} needs --via: one of {choice}"),
        Some(via) if fitting.is_empty() => {
            bail!("--via {via} does not belong to --method {method}")
        }
        Some(via) if !fitting.contains(&via) => {
            bail!("--via {via} does not fit --method {method}: one of {choice}")
        }
        _ => {}
    }
    let direct = matches!(method, Method::InPerson | Method::VerifiedId);
    ensure!(
        direct || source.is_some(),
        "--method {method} needs --contact-source: who says that the contact is the target's?"
    );
    ensure!(
        !direct || source.is_none(),
        "--contact-source does not belong to --method {method}"
    );
    match (reason, via) {
        (
            Some(reason @ (Reason::Lost | Reason::Stolen)),
            Some(via @ (Via::Mobile | Via::Telegram | Via::Signal | Via::Sms)),
        ) => bail!(
            "--via {via} proves nothing: whoever has the phone that is {reason} could have answered"
        ),
        _ => Ok(()),
    }
}

/// Shows a value as it is written on the command line and in the approval.
macro_rules! written_as_value {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.to_possible_value()
                    .map_or(Ok(()), |value| formatter.write_str(value.get_name()))
            }
        }
    )*};
}

written_as_value!(Method, Via, ContactSource, Reason);
