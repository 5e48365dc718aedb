//! `config.toml`: what an approver or an operator gives in every command. Options and the environment go before it.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::address::WITH_URL;
use crate::ask::Answer;
use crate::files::{in_home, replace};
use crate::streams::{is_yes, print_message, prompt};

/// The members of the file; each is named as the option is.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    key: Option<String>,
    kms_key: Option<String>,
    kid: Option<String>,
    iss: Option<String>,
    aud: Option<String>,
    approver: Option<String>,
    url: Option<String>,
}

/// Makes the members of the file the defaults of the options. A file that cannot be read is reported and left out: other
/// commands, such as `freeze`, must go on.
pub fn with_defaults(command: Command) -> Command {
    let config = read().unwrap_or_else(|error| {
        let message = format!("{error:#}").replace('\n', " ");
        print_message(format_args!(
            "reregister: {}. Going on without this file.",
            message.trim().trim_end_matches('.')
        ));
        Config::default()
    });
    let key = config.key.map(|key| in_home(&key));
    let of_approve = [
        ("key", key),
        ("kms_key", config.kms_key),
        ("kid", config.kid),
        ("iss", config.iss),
        ("aud", config.aud),
        ("approver", config.approver),
    ];
    let mut command = command;
    for (option, value) in of_approve {
        command = with_default(command, "approve", option, value);
    }
    for name in WITH_URL {
        command = with_default(command, name, "url", config.url.clone());
    }
    command
}

fn with_default(command: Command, name: &str, option: &str, value: Option<String>) -> Command {
    let Some(value) = value else {
        return command;
    };
    command.mut_subcommand(name, |command| {
        command.mut_arg(option, |option| {
            option
                .required(false)
                .default_value(value)
                .hide_default_value(true)
        })
    })
}

/// Whether the option is from the file, and neither from the command line nor from the environment.
pub fn is_default(matches: &ArgMatches, option: &str) -> bool {
    matches.value_source(option) == Some(ValueSource::DefaultValue)
}

/// The options that are the same every night.
const REMEMBERED: [&str; 6] = ["key", "kid", "iss", "aud", "approver", "url"];

/// Offers to keep what was typed and is the same every night.
pub fn offer_to_remember(answers: &[Answer]) {
    let answers: Vec<&Answer> = answers
        .iter()
        .filter(|answer| REMEMBERED.contains(&answer.option.as_str()))
        .collect();
    let (Some(file), false) = (file(), answers.is_empty()) else {
        return;
    };
    let names: Vec<&str> = answers
        .iter()
        .map(|answer| answer.option.as_str())
        .collect();
    let question = format!(
        "Remember {} in {}? [y/N] ",
        names.join(", "),
        file.display()
    );
    // The approval is there already: a failure here is a message and no error.
    let remembered = prompt(question).and_then(|()| {
        let wanted = is_yes()?;
        if wanted {
            remember(&file, &answers)?;
        }
        Ok(wanted)
    });
    match remembered {
        Ok(true) => print_message(format_args!("Written to {}.", file.display())),
        Ok(false) => {}
        Err(error) => print_message(format_args!("reregister: {error:#}.")),
    }
}

fn remember(file: &Path, answers: &[&Answer]) -> anyhow::Result<()> {
    let mut members: toml::Table = parsed(file)?;
    for Answer { option, value } in answers {
        let value = match option.as_str() {
            "key" => std::path::absolute(in_home(value))?.display().to_string(),
            _ => value.clone(),
        };
        members.insert(option.clone(), toml::Value::String(value));
    }
    let directory = file.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(directory)
        .and_then(|()| replace(file, &members.to_string()))
        .with_context(|| format!("cannot write {}", file.display()))
}

fn file() -> Option<PathBuf> {
    directory("XDG_CONFIG_HOME", ".config").map(|dir| dir.join("config.toml"))
}

fn read() -> anyhow::Result<Config> {
    match file() {
        Some(file) => parsed(&file),
        None => Ok(Config::default()),
    }
}

/// What the file holds; one that is not there is empty.
fn parsed<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.with_context(|| format!("cannot read {}", file.display()))?,
    };
    toml::from_str(&text).with_context(|| format!("{} is wrong", file.display()))
}

/// This command's directory of one kind (XDG Base Directory Specification): a relative path there is not valid.
pub fn directory(variable: &str, in_home: &str) -> Option<PathBuf> {
    let named = env::var_os(variable).map(PathBuf::from);
    let base = named
        .filter(|path| path.is_absolute())
        .or_else(|| Some(env::home_dir()?.join(in_home)))?;
    Some(base.join("reregister"))
}
