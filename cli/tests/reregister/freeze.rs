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
    let place = format!(" in {table} (eu-west-1)");
    let frozen = format!("Resets are frozen for everyone{place} since ");
    assert!(all.starts_with(&frozen), "{all}");
    let standard = says(&dir, &table, &["freeze", "standard", "--why", "look first"]);
    assert!(standard.starts_with(&frozen), "{standard}");
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
    let place = format!(" in {table} (eu-west-1)");
    let not_frozen = format!("Resets are not frozen{place}.");
    assert_eq!(says(&dir, &table, &["freeze"]), not_frozen);
    let nothing = says(&dir, &table, &["thaw", "all"]);
    assert_eq!(nothing, format!("The thaw changed nothing. {not_frozen}"));
    says(&dir, &table, &["freeze", "all", "--why", "a key is out"]);
    let thawed = says(&dir, &table, &["thaw", "standard"]);
    let lifted = format!(
        "The freeze for standard people is lifted. Resets are frozen for privileged people{place} since "
    );
    assert!(thawed.starts_with(&lifted), "{thawed}");
    assert!(thawed.ends_with(": a key is out"), "{thawed}");
    let thawed = says(&dir, &table, &["thaw", "all"]);
    let lifted = format!("The freeze for privileged people is lifted. {not_frozen}");
    assert!(thawed.starts_with(&lifted), "{thawed}");
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
    let shown = says(&dir, &table, &["freeze"]);
    assert!(shown.starts_with("Resets are not frozen"), "{shown}");
    let long = "x".repeat(300);
    let refused = command(&dir, &table, &["freeze", "all", "--why", &long]);
    assert_eq!(
        text(&refused.stderr),
        "reregister: nothing was changed: --why may have 200 characters in one line.\n"
    );
    let there_is_none =
        "there is no table \"wrong\" in eu-west-1. Check TABLE_NAME, AWS_PROFILE and AWS_REGION.\n";
    for (arguments, lead) in [
        (vec!["freeze", "all", "--why", "x"], "resets are NOT frozen"),
        (
            vec!["freeze"],
            "the freeze switch cannot be read, so treat resets as NOT frozen",
        ),
        (vec!["thaw", "all"], "the freeze was NOT lifted"),
    ] {
        let lost = command(&dir, "wrong", &arguments);
        assert_eq!(lost.status.code(), Some(1));
        assert_eq!(
            text(&lost.stderr),
            format!("reregister: {lead}: {there_is_none}")
        );
        assert!(lost.stdout.is_empty());
    }
}

#[test]
fn without_the_table_the_error_names_the_output_and_the_variable() {
    assert_eq!(
        TestDir::new().refusal("freeze all --why x"),
        "reregister: missing: --table <NAME> (the output TableName), or set TABLE_NAME.\n"
    );
}

#[test]
fn the_help_says_where_the_credentials_come_from_and_what_the_exit_codes_mean() {
    let dir = TestDir::new();
    for command in ["freeze", "thaw"] {
        let help = dir.run(&format!("{command} --help"));
        for part in ["AWS_PROFILE", "aws sso login", "Exit codes:"] {
            assert!(text(&help.stdout).contains(part), "{command}: {part}");
        }
    }
}

/// The refusal of a command with this profile, and with nothing else that could give credentials.
fn refusal_with_profile(profile: &str, arguments: &[&str]) -> String {
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
        .args(arguments)
        .args(["--table", "resets"])
        .current_dir(&dir.0)
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("HOME", &dir.0)
        .env("AWS_CONFIG_FILE", dir.path("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", dir.path("none"))
        .env("AWS_PROFILE", profile)
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    text(&output.stderr).to_owned()
}

const LOOK: &str = "the freeze switch cannot be read, so treat resets as NOT frozen";

#[test]
fn without_a_login_to_iam_identity_center_the_error_names_what_was_not_done_and_the_command_for_it()
{
    for (arguments, lead) in [
        (vec!["freeze"], LOOK),
        (vec!["freeze", "all", "--why", "x"], "resets are NOT frozen"),
        (vec!["thaw", "all"], "the freeze was NOT lifted"),
    ] {
        let refusal = refusal_with_profile("operator", &arguments);
        let start = format!("reregister: {lead}: there are no credentials for AWS.");
        assert!(refusal.starts_with(&start), "{refusal}");
        assert!(refusal.contains("aws sso login"), "{refusal}");
        assert_eq!(refusal.lines().count(), 1, "no stack trace: {refusal}");
        let (_, cause) = refusal.split_once(" Cause: ").unwrap();
        assert!(cause.len() < 200, "{refusal}");
    }
}

#[test]
fn a_profile_that_does_not_exist_is_named_first() {
    assert_eq!(
        refusal_with_profile("oparator", &["freeze"]),
        format!(
            "reregister: {LOOK}: there is no AWS profile \"oparator\". Correct AWS_PROFILE: \
             `aws configure list-profiles` shows them.\n"
        )
    );
}
