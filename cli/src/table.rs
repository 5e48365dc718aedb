//! The table of a deployment, and what to check if it cannot be reached.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use aws_sdk_kms::config::ProvideCredentials as _;
use reregister_mfa::aws::{self, DynamoDb};
use reregister_mfa::clock::SystemClock;
use reregister_mfa::reset::{Ledger, LedgerError};

/// How the refusals of the three commands begin.
pub const NOT_FROZEN: &str = "resets are NOT frozen";
pub const NOT_READ: &str = "the freeze switch cannot be read, so treat resets as NOT frozen";
pub const NOT_LIFTED: &str = "the freeze was NOT lifted";

/// A table in a region, with credentials that AWS has not seen yet.
pub struct Table {
    name: String,
    region: String,
    pub ledger: Ledger,
}

/// Why the switch was not read or set.
pub enum Failure {
    /// Other operators set it at the same moment.
    Overtaken,
    /// What is in the table makes no sense.
    Corrupt,
    NoTable,
    NotAllowed,
    /// With the code of AWS.
    CredentialsRefused(String),
    /// No answer, or one that does not say whether the switch was set.
    Unknown(String),
}

impl Table {
    /// # Errors
    /// There are no credentials, or there is no region.
    pub async fn open(name: String) -> anyhow::Result<Table> {
        let config = aws::config().await;
        check_credentials(&config).await?;
        let region = config
            .region()
            .context("there is no AWS region. Set AWS_REGION to the region of the stack")?
            .to_string();
        let store = DynamoDb::new(&config, name.clone(), Arc::new(SystemClock));
        let ledger = Ledger::new(Arc::new(store));
        Ok(Table {
            name,
            region,
            ledger,
        })
    }

    /// For the printed state of the switch.
    pub fn place(&self) -> String {
        format!(" in {} ({})", self.name, self.region)
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Failure {
        match error {
            LedgerError::Corrupt => Failure::Corrupt,
            LedgerError::Unavailable(code) => match code.as_str() {
                "ResourceNotFoundException" => Failure::NoTable,
                "AccessDeniedException" => Failure::NotAllowed,
                "ExpiredTokenException"
                | "UnrecognizedClientException"
                | "InvalidSignatureException" => Failure::CredentialsRefused(code),
                _ => Failure::Unknown(code),
            },
        }
    }
}

impl Failure {
    /// The refusal of `freeze all` and the like.
    pub fn of_a_freeze(&self, table: &Table) -> String {
        let lead = match self {
            Failure::Unknown(_) => {
                "it is not known whether resets are frozen: treat them as NOT frozen"
            }
            _ => NOT_FROZEN,
        };
        format!("{lead}: {}", self.advice(table))
    }

    /// The refusal of `freeze` alone, which only looks.
    pub fn of_a_look(&self, table: &Table) -> String {
        format!("{NOT_READ}: {}", self.advice(table))
    }

    pub fn of_a_thaw(&self, table: &Table) -> String {
        let lead = match self {
            Failure::Unknown(_) => "it is not known whether the freeze is lifted",
            _ => NOT_LIFTED,
        };
        format!("{lead}: {}", self.advice(table))
    }

    /// What to check, and then the cause.
    fn advice(&self, Table { name, region, .. }: &Table) -> String {
        match self {
            Failure::Overtaken => {
                "another operator sets the switch at this moment. Run the same command again"
                    .to_owned()
            }
            Failure::Corrupt => format!(
                "the switch in the table \"{name}\" in {region} was not written by this program. Check TABLE_NAME, or use \
                 the output FreezeCommand"
            ),
            Failure::NoTable => format!(
                "there is no table \"{name}\" in {region}. Check TABLE_NAME, AWS_PROFILE and AWS_REGION"
            ),
            Failure::NotAllowed => format!(
                "AWS does not let you use the table \"{name}\" in {region}. Check AWS_PROFILE: it may be another role, or \
                 another person has to do it. Cause: AccessDeniedException"
            ),
            Failure::CredentialsRefused(code) => format!(
                "AWS does not accept the credentials. Log in again: `aws sso login`. Cause: {code}"
            ),
            Failure::Unknown(cause) => format!(
                "run `reregister freeze` to see the switch, then try again. Check AWS_REGION and the network. Cause: \
                 {cause}, for the table \"{name}\" in {region}"
            ),
        }
    }
}

/// Names what is wrong with the credentials; the store's error would only be that it is unavailable.
async fn check_credentials(config: &SdkConfig) -> anyhow::Result<()> {
    let Some(provider) = config.credentials_provider() else {
        bail!("there are no credentials for AWS. Log in, or set AWS_PROFILE");
    };
    let Err(error) = provider.provide_credentials().await else {
        return Ok(());
    };
    if let Ok(profile) = env::var("AWS_PROFILE")
        && !has_profile(&profile)
    {
        bail!(
            "there is no AWS profile \"{profile}\". Correct AWS_PROFILE: `aws configure list-profiles` shows them"
        );
    }
    let mut cause: &dyn Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    bail!(
        "there are no credentials for AWS. With IAM Identity Center, first run `aws sso login`; otherwise set AWS_PROFILE. \
         Cause: {cause}"
    );
}

/// Whether one of the two files of the AWS CLI has a section of this name.
fn has_profile(profile: &str) -> bool {
    let files = [
        ("AWS_CONFIG_FILE", "config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ];
    files.into_iter().any(|(variable, name)| {
        let named = env::var_os(variable).map(PathBuf::from);
        let file = named.or_else(|| Some(env::home_dir()?.join(".aws").join(name)));
        let text = file
            .and_then(|file| fs::read_to_string(file).ok())
            .unwrap_or_default();
        text.lines().any(|line| section(line) == Some(profile))
    })
}

/// `[operator]` and `[profile operator]`.
fn section(line: &str) -> Option<&str> {
    let (name, _) = line.trim().strip_prefix('[')?.split_once(']')?;
    let name = name.trim();
    let name = name.strip_prefix("profile ").unwrap_or(name).trim();
    Some(name.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_aws_certainly_refused_is_said_not_to_be_done() {
        for (code, is_known) in [
            ("ResourceNotFoundException", true),
            ("AccessDeniedException", true),
            ("ExpiredTokenException", true),
            ("no answer", false),
            ("InternalServerError", false),
            ("an answer that cannot be read", false),
            ("TransactionInProgressException", false),
        ] {
            let failure = Failure::from(LedgerError::Unavailable(code.to_owned()));
            assert_eq!(!matches!(failure, Failure::Unknown(_)), is_known, "{code}");
        }
    }

    #[test]
    fn a_profile_is_a_section_of_either_file() {
        for line in [
            "[operator]",
            "[profile operator]",
            " [ profile  operator ] # x",
            "[profile \"operator\"]",
        ] {
            assert_eq!(section(line), Some("operator"), "{line}");
        }
        for line in ["operator", "[other]", "# [operator]", ""] {
            assert_ne!(section(line), Some("operator"), "{line}");
        }
    }
}
