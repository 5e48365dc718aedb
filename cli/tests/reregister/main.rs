//! The command as an operator runs it: the real binary, real files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests, which clippy only sees in #[test] functions"
)]

mod api;
mod approve;
mod check;
mod completions;
mod config;
mod event;
mod freeze;
mod keygen;
mod kms;
mod link;
#[path = "../../../tests/aws/moto.rs"]
mod moto;
mod on_call;
mod streams;
mod terminal;
mod typed;
mod verify_evidence;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// A directory of its own for one test, removed with it.
struct TestDir(PathBuf);

impl TestDir {
    fn new() -> TestDir {
        let directory =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::new_v4().to_string());
        fs::create_dir_all(&directory).unwrap();
        TestDir(directory)
    }

    /// A directory with a key pair, `key.pem` and `jwks.json`, whose id is `megan-1`.
    fn with_key() -> TestDir {
        let dir = TestDir::new();
        let made = dir.run("keygen --kid megan-1 --private key.pem --public jwks.json");
        assert!(made.status.success(), "{}", text(&made.stderr));
        dir
    }

    /// The command in this directory, with arguments that hold no spaces.
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reregister"));
        command
            .args(arguments.split_whitespace())
            .env("XDG_CONFIG_HOME", &self.0)
            .env("XDG_STATE_HOME", &self.0)
            .current_dir(&self.0);
        command
    }

    fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The error of a command that must fail, and must not print a result.
    fn refusal(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert!(
            !output.status.success(),
            "should have been refused: {arguments}"
        );
        assert!(output.stdout.is_empty());
        text(&output.stderr).to_owned()
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    fn json(&self, file: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(file)).unwrap()).unwrap()
    }
}

impl Drop for TestDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
