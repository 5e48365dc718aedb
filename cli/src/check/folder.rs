//! The folder keys/, which `make release` packs: whether a private key is among the public ones.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The private members of a JWK (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// The files with a private key. `is_named` is whether an issuer names the file: the check of its keys reports that one.
pub fn faults(directory: &Path, is_named: impl Fn(&Path) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    look_into(directory, Path::new("keys"), &is_named, &mut faults);
    faults.sort();
    faults
}

fn look_into(
    directory: &Path,
    folder: &Path,
    is_named: &impl Fn(&Path) -> bool,
    faults: &mut Vec<String>,
) {
    // A policy whose issuers all have a URL needs no folder.
    let Ok(entries) = fs::read_dir(directory.join(folder)) else {
        return;
    };
    for entry in entries.flatten() {
        let file = folder.join(entry.file_name());
        let shown = file.display();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => look_into(directory, &file, is_named, faults),
            Ok(kind) if kind.is_file() && !is_named(&file) => match fs::read(entry.path()) {
                Ok(content) if holds_private_key(&content) => {
                    faults.push(format!("{shown} holds a private key: move it out of keys/"));
                }
                Ok(_) => {}
                Err(error) => faults.push(format!(
                    "{shown} cannot be read: {error}. Make it readable, or move it out of keys/"
                )),
            },
            _ => {}
        }
    }
}

/// Whether it is a PEM or a JWK Set with a private key in it.
pub fn holds_private_key(content: &[u8]) -> bool {
    let pem = b"PRIVATE KEY";
    content.windows(pem.len()).any(|window| window == pem)
        || serde_json::from_slice(content).is_ok_and(|json| has_private_member(&json))
}

fn has_private_member(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| PRIVATE.contains(&name.as_str()) || has_private_member(member)),
        Value::Array(items) => items.iter().any(has_private_member),
        _ => false,
    }
}
