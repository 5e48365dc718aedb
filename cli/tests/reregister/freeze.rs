//! The switch, in a table of moto, as an operator sets it.

use std::process::{Command, Output};

use crate::{TestDir, moto, text};

fn freeze(dir: &TestDir, table: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_reregister"))
        .arg("freeze")
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

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn the_switch_is_set_for_a_tier_and_lifted_and_says_so() {
    let dir = TestDir::new();
    let table = moto::table(&moto::config().await).await;
    let says = |arguments: &[&str]| {
        let output = freeze(&dir, &table, arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).trim().to_owned()
    };
    assert_eq!(says(&[]), "not frozen, and never was");
    let frozen = says(&["privileged", "--why", "an issuer's key is out"]);
    assert!(frozen.starts_with("frozen for privileged people since "));
    assert!(frozen.ends_with(": an issuer's key is out"));
    assert!(says(&["all", "--why", "look first"]).starts_with("frozen for everybody"));
    assert!(says(&["none"]).starts_with("not frozen since "));
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn a_freeze_without_a_reason_or_without_the_table_is_an_error_and_no_freeze() {
    let dir = TestDir::new();
    let table = moto::table(&moto::config().await).await;
    let refused = freeze(&dir, &table, &["all"]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("--why is missing"));
    assert_eq!(
        text(&freeze(&dir, &table, &[]).stdout).trim(),
        "not frozen, and never was"
    );
    let lost = freeze(&dir, "no-such-table", &["all", "--why", "x"]);
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
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let refusal = text(&output.stderr);
    assert!(refusal.contains("aws sso login"), "{refusal}");
    // The folder of the token.
    assert!(refusal.contains(".aws/sso/cache/"), "{refusal}");
}
