//! Questions for what a command was not given, if there is a terminal to ask at: the options of `approve`, and the
//! address of the function.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::Path;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};
use reregister_mfa::approval::{
    ContactSource, Evidence, EvidenceError, Reason, Scope, VerificationMethod,
};

use crate::address::{Address, WITH_URL};
use crate::evidence;
use crate::files::in_home;
use crate::key_file::signing_key;
use crate::streams::{print_message, prompt, typed_line};
use crate::usage;

/// The command whose options are asked for.
const COMMAND: &str = "approve";

/// What an approval cannot do without, in the order in which it is asked.
const REQUIRED: [&str; 9] = [
    "key",
    "kid",
    "iss",
    "aud",
    "approver",
    "target",
    "ticket",
    "verified_by",
    "method",
];

/// What is asked as soon as anything is asked, and may be left out.
const OPTIONAL: [(&str, &str); 3] = [
    ("reason", "Enter: no reason"),
    (
        "scope",
        "Enter: nothing. Ask the target whether a passkey was on the device",
    ),
    ("verified_at", "Enter: now"),
];

/// What an answer looks like, where no list shows it.
const EXAMPLES: [(&str, &str); 9] = [
    ("key", "~/olga.pem"),
    ("kid", "olga-2026"),
    ("iss", "https://on-call.contoso.com"),
    ("aud", "https://mfa.contoso.com/resets"),
    ("approver", "olga@contoso.com"),
    ("target", "jane.doe@contoso.com"),
    ("ticket", "HELP-42"),
    ("verified_by", "vera@contoso.com"),
    ("url", "https://abc.lambda-url.eu-west-1.on.aws"),
];

const URL_IS_MISSING: &str = "the address of the function is missing. Give --url (the output PageUrl), set \
    REREGISTER_URL, or write url = \"https://...\" in ~/.config/reregister/config.toml";

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
        let matches = match command.clone().try_get_matches_from(&arguments) {
            Ok(matches) => matches,
            // An answer that is not a value of its option is typed again.
            Err(error) if arguments.len() > given => {
                print_message(usage::one_line(&error));
                arguments.pop();
                answers.pop();
                continue;
            }
            Err(error) => return Err(error),
        };
        let required = required(&matches);
        let next = required.first().copied().map(str::to_owned);
        let next = next.or_else(|| still_missing(matches.subcommand_matches(COMMAND)?, &answers));
        let typed = match next.filter(|_| io::stdin().is_terminal()) {
            Some(option) => ask(command, &matches, &option).map(|value| Answer { option, value }),
            None => None,
        };
        match typed {
            Some(answer) => {
                if !answer.value.is_empty() {
                    let (option, value) = (answer.option.replace('_', "-"), &answer.value);
                    arguments.push(format!("--{option}={value}").into());
                }
                answers.push(answer);
            }
            // Without a terminal, or at the end of the input.
            None if required.is_empty() => return Ok((matches, answers)),
            None => return Err(missing(&required)),
        }
    }
}

/// The options that are missing, and without which the command cannot do its work.
fn required(matches: &ArgMatches) -> Vec<&'static str> {
    match matches.subcommand() {
        Some((COMMAND, matches)) => {
            let is_given = |option: &str| {
                matches.contains_id(option) || (option == "key" && matches.contains_id("kms_key"))
            };
            let missing = REQUIRED.into_iter().filter(|option| !is_given(option));
            missing.collect()
        }
        Some((name, matches)) if WITH_URL.contains(&name) && !matches.contains_id("url") => {
            vec!["url"]
        }
        _ => Vec::new(),
    }
}

fn missing(options: &[&str]) -> clap::Error {
    let text = if options == ["url"] {
        URL_IS_MISSING.to_owned()
    } else {
        let options: Vec<String> = options
            .iter()
            .map(|option| format!("--{}", option.replace('_', "-")))
            .collect();
        format!(
            "missing: {}: on a terminal they are asked for, and config.toml may have them",
            options.join(", ")
        )
    };
    clap::Error::raw(ErrorKind::MissingRequiredArgument, text)
}

/// Why an answer cannot be right, where clap does not see it.
fn objection(option: &str, value: &str) -> Option<String> {
    let checked = match option {
        "key" => signing_key(Path::new(&in_home(value))).map(drop),
        "url" => Address::parse(value).map(drop),
        _ => Ok(()),
    };
    checked.err().map(|error| format!("{error:#}"))
}

/// What the approval needs because of its method; then the optional ones.
fn still_missing(matches: &ArgMatches, answers: &[Answer]) -> Option<String> {
    let is_given = |option: &str| matches.contains_id(option);
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
fn ask(command: &Command, matches: &ArgMatches, option: &str) -> Option<String> {
    let (method, name) = (method(matches), matches.subcommand_name()?);
    let arg = command
        .find_subcommand(name)?
        .get_arguments()
        .find(|arg| arg.get_id() == option)?;
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    // What is taken without an answer is said at the end of the question.
    let help = help.split(" [default:").next().unwrap_or_default();
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
    let example = EXAMPLES.iter().find(|(named, _)| *named == option);
    let example = example.map_or_else(String::new, |(_, example)| format!(", such as {example}"));
    print_message(format_args!("{help}{example} (--{long}){hint}"));
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
        let value = chosen.unwrap_or(typed);
        match objection(option, &value) {
            Some(objection) => print_message(objection),
            None => return Some(value),
        }
    }
}
