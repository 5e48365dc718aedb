//! Wrong usage in one line, as every other error is.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The commands whose only bare word could be the file of an approval.
const WITH_APPROVAL: [&str; 4] = ["preview", "run", "status", "link"];

/// Where the value of an option is found.
const HINTS: [(&str, &str); 1] = [("--table", " (the output TableName), or set TABLE_NAME")];

/// What clap says in several lines, without the usage.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    if let (ErrorKind::MissingRequiredArgument, Some(ContextValue::Strings(missing))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
    {
        let hint = |argument: &str| {
            let option = argument.split([' ', '=']).next();
            HINTS.iter().find(|(named, _)| option == Some(named))
        };
        let missing: Vec<String> = missing
            .iter()
            .map(|argument| format!("{argument}{}", hint(argument).map_or("", |(_, hint)| hint)))
            .collect();
        return format!("missing: {}", missing.join(", "));
    }
    let mut line = String::new();
    for part in text.lines().map(str::trim) {
        if part.starts_with("Usage:") || part.starts_with("For more information") {
            break;
        }
        let part = part.trim_start_matches("error: ");
        match (line.is_empty(), part) {
            (_, "") => {}
            (true, _) => line.push_str(part),
            (false, tip) if tip.starts_with("tip:") => line.push_str(&format!("; {tip}")),
            (false, _) => line.push_str(&format!(" {part}")),
        }
    }
    line
}

/// `run o1`: the file of an approval without its option.
pub fn bare_approval(error: &clap::Error, command: Option<&str>) -> Option<String> {
    let word = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) if error.kind() == ErrorKind::UnknownArgument => word,
        _ => return None,
    };
    let takes_approval = command.is_some_and(|name| WITH_APPROVAL.contains(&name));
    (takes_approval && !word.starts_with('-'))
        .then(|| format!("unexpected argument '{word}' found; tip: --approval {word}"))
}
