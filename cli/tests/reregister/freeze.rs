//! The switch, in a table of moto, as an operator sets it.

use std::process::{Command, Output};

use crate::{TestDir, moto, text};

fn command(dir: &TestDir, table: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_reregister"))
        .args(arguments)
        .current_dir(&dir.0)
        .env("TABLE_NAME", table)
        .env("AWS_ENDPOINT_URL", moto::url())
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .output()
        .unwrap()
}

/// What the command prints, which must succeed.
fn says(dir: &TestDir, table: &str, arguments: &[&str]) -> String {
    let output = command(dir, table, arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).trim().to_owned()
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_freeze_of_standard_people_does_not_thaw_privileged_people() {
    let dir = TestDir::new();
    let table = moto::table(&moto::config().await).await;
    let all = says(&dir, &table, &["freeze", "all", "--why", "a key is out"]);
    assert!(
        all.starts_with("Resets are frozen for everyone since "),
        "{all}"
    );
    let standard = says(&dir, &table, &["freeze", "standard", "--why", "look first"]);
    assert!(
        standard.starts_with("Resets are frozen for everyone since "),
        "{standard}"
    );
    assert!(
        standard.ends_with(": a key is out; look first"),
        "{standard}"
    );
    assert_eq!(says(&dir, &table, &["freeze"]), standard);
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_thaw_takes_away_one_tier_and_says_what_stays_frozen() {
    let dir = TestDir::new();
    let table = moto::table(&moto::config().await).await;
    assert_eq!(says(&dir, &table, &["freeze"]), "Resets are not frozen.");
    let nothing = says(&dir, &table, &["thaw", "all"]);
    assert_eq!(nothing, "The thaw changed nothing. Resets are not frozen.");
    says(&dir, &table, &["freeze", "all", "--why", "a key is out"]);
    let thawed = says(&dir, &table, &["thaw", "standard"]);
    assert!(
        thawed.starts_with(
            "The freeze for standard people is lifted. Resets are frozen for privileged people since "
        ),
        "{thawed}"
    );
    assert!(thawed.ends_with(": a key is out"), "{thawed}");
    let thawed = says(&dir, &table, &["thaw", "all"]);
    assert!(
        thawed.starts_with("The freeze for privileged people is lifted. Resets are not frozen."),
        "{thawed}"
    );
}

#[test]
fn freeze_none_is_refused_and_names_the_command_that_lifts_a_freeze() {
    let refusal = TestDir::new().refusal("freeze none --why x --table resets");
    assert!(refusal.contains("reregister thaw all"), "{refusal}");
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_freeze_without_a_reason_or_without_the_table_is_an_error_and_no_freeze() {
    let dir = TestDir::new();
    let table = moto::table(&moto::config().await).await;
    let refused = command(&dir, &table, &["freeze", "all"]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("--why is needed"));
    assert_eq!(says(&dir, &table, &["freeze"]), "Resets are not frozen.");
    let lost = command(&dir, "no-such-table", &["freeze", "all", "--why", "x"]);
    assert!(!lost.status.success());
    assert!(text(&lost.stderr).contains("the switch is NOT set"));
    assert!(lost.stdout.is_empty());
}

#[test]
fn without_a_login_to_iam_identity_center_the_error_names_the_command_for_it() {
    let dir = TestDir::new();
    dir.write(
        "config",
        "[profile operator]\n\
         sso_start_url = https://contoso.awsapps.example/start\n\
         sso_region = eu-west-1\n\
         sso_account_id = 123456789012\n\
         sso_role_name = Operator\n",
    );
    let output = Command::new(env!("CARGO_BIN_EXE_reregister"))
        .args(["freeze", "--table", "resets"])
        .current_dir(&dir.0)
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("HOME", &dir.0)
        .env("AWS_CONFIG_FILE", dir.path("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", dir.path("none"))
        .env("AWS_PROFILE", "operator")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let refusal = text(&output.stderr);
    assert!(
        refusal.starts_with("reregister: there are no credentials for AWS."),
        "{refusal}"
    );
    assert!(refusal.contains("aws sso login"), "{refusal}");
    assert_eq!(refusal.lines().count(), 1, "no stack trace: {refusal}");
    // The folder of the token.
    assert!(refusal.contains(".aws/sso/cache/"), "{refusal}");
}
