//! Questions for the options that `approve` was not given, if there is a terminal to ask at.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command};
use reregister_mfa::approval::{
    ContactSource, Evidence, EvidenceError, Reason, Scope, VerificationMethod,
};

use crate::evidence;
use crate::streams::{print_message, prompt, typed_line};

/// The command whose options are asked for.
const COMMAND: &str = "approve";

/// What is asked as soon as anything is asked, and may be left out.
const OPTIONAL: [(&str, &str); 3] = [
    ("reason", "Enter: no reason"),
    (
        "scope",
        "Enter: nothing. Ask the target whether a passkey was on the device",
    ),
    ("verified_at", "Enter: now"),
];

/// An option and what was typed for it.
pub struct Answer {
    pub option: String,
    /// Empty for an optional one that was left out.
    pub value: String,
}

/// Parses the arguments, and asks for those that are missing.
pub fn parse(
    command: &Command,
    mut arguments: Vec<OsString>,
) -> Result<(ArgMatches, Vec<Answer>), clap::Error> {
    let mut answers: Vec<Answer> = Vec::new();
    let given = arguments.len();
    loop {
        let parsed = command.clone().try_get_matches_from(&arguments);
        let missing = match &parsed {
            Ok(matches) => matches
                .subcommand_matches(COMMAND)
                .and_then(|matches| still_missing(matches, &answers)),
            Err(error) => missing(command, &arguments, error),
        };
        let Some(option) = missing.filter(|_| io::stdin().is_terminal()) else {
            match parsed {
                // An answer that is not a value of its option is typed again.
                Err(error) if arguments.len() > given => {
                    print_message(first_line(&error));
                    arguments.pop();
                    answers.pop();
                    continue;
                }
                parsed => return parsed.map(|matches| (matches, answers)),
            }
        };
        let method = parsed.as_ref().ok().and_then(method);
        match ask(command, &option, method) {
            Some(value) => {
                if !value.is_empty() {
                    arguments.push(format!("--{}={value}", option.replace('_', "-")).into());
                }
                answers.push(Answer { option, value });
            }
            // The end of the input: without the option it goes as it would without a terminal.
            None => return parsed.map(|matches| (matches, answers)),
        }
    }
}

/// The first required option that clap misses.
fn missing(command: &Command, arguments: &[OsString], error: &clap::Error) -> Option<String> {
    let is_approve = arguments.get(1).is_some_and(|name| name == COMMAND);
    if !is_approve || error.kind() != ErrorKind::MissingRequiredArgument {
        return None;
    }
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let mut options = command.find_subcommand(COMMAND)?.get_arguments();
    let is_missing = |long: &str| {
        let shown = format!("--{long}");
        missing
            .iter()
            .any(|text| text.split([' ', '=']).next() == Some(&shown))
    };
    options
        .find(|option| option.get_long().is_some_and(is_missing))
        .map(|option| option.get_id().to_string())
}

/// What clap does not require and the approval needs all the same; then the optional ones.
fn still_missing(matches: &ArgMatches, answers: &[Answer]) -> Option<String> {
    let is_given = |option: &str| matches.contains_id(option);
    if !is_given("key") && !is_given("kms_key") {
        return Some("key".to_owned());
    }
    let evidence = Evidence::new(
        *matches.get_one::<VerificationMethod>("method")?,
        matches.get_one::<String>("via").map(String::as_str),
        matches.get_one::<ContactSource>("contact_source").copied(),
    );
    match evidence {
        Err(EvidenceError::ViaMissing) => return Some("via".to_owned()),
        Err(EvidenceError::ContactSourceMissing) => return Some("contact_source".to_owned()),
        _ => {}
    }
    let is_answered = |option: &str| answers.iter().any(|answer| answer.option == option);
    OPTIONAL
        .iter()
        .map(|(option, _)| *option)
        // Where a device is gone or replaced, the function wants to know what becomes of a passkey.
        .filter(|option| {
            *option != "scope"
                || matches
                    .get_one::<Reason>("reason")
                    .is_some_and(asks_for_scope)
        })
        .find(|option| !answers.is_empty() && !is_given(option) && !is_answered(option))
        .map(str::to_owned)
}

fn asks_for_scope(reason: &Reason) -> bool {
    *reason != Reason::Other
}

fn method(matches: &ArgMatches) -> Option<VerificationMethod> {
    matches
        .subcommand_matches(COMMAND)?
        .get_one::<VerificationMethod>("method")
        .copied()
}

/// What was typed; `None` at the end of the input.
fn ask(command: &Command, option: &str, method: Option<VerificationMethod>) -> Option<String> {
    let arg = command
        .find_subcommand(COMMAND)?
        .get_arguments()
        .find(|arg| arg.get_id() == option)?;
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let leave_out = OPTIONAL.iter().find(|(optional, _)| *optional == option);
    let choices: Vec<(String, String)> = match (option, method) {
        ("via", Some(method)) => evidence::vias_of(method)
            .into_iter()
            .map(|via| (via.to_owned(), String::new()))
            .collect(),
        _ => arg
            .get_possible_values()
            .iter()
            .filter(|value| value.get_name() != Scope::REREGISTER)
            .map(|value| {
                let help = value.get_help().map(|help| format!(": {help}"));
                (value.get_name().to_owned(), help.unwrap_or_default())
            })
            .collect(),
    };
    let long = option.replace('_', "-");
    let hint = leave_out.map_or_else(String::new, |(_, hint)| format!(" [{hint}]"));
    print_message(format_args!("{help} (--{long}){hint}"));
    for (nth, (choice, help)) in (1..).zip(&choices) {
        print_message(format_args!("  {nth} {choice}{help}"));
    }
    loop {
        let typed = prompt("> ").and_then(|()| typed_line()).ok()??;
        if typed.is_empty() && leave_out.is_none() {
            continue;
        }
        let chosen = typed.parse::<usize>().ok().and_then(|nth| {
            let nth = nth.checked_sub(1)?;
            choices.get(nth).map(|(choice, _)| choice.clone())
        });
        return Some(chosen.unwrap_or(typed));
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}
