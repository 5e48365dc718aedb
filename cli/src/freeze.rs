//! `reregister freeze`: the switch that stops resets.

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use aws_config::SdkConfig;
use aws_sdk_kms::config::ProvideCredentials as _;
use clap::ValueEnum;
use reregister_mfa::aws::{self, DynamoDb};
use reregister_mfa::clock::{SystemClock, Timestamp};
use reregister_mfa::reset::{Freeze as Switch, Ledger, Switched};

use crate::streams::print;

/// Stop resets, of everybody or of one tier, or let them go on; without an argument, say how the switch is set
#[derive(clap::Args)]
pub struct Freeze {
    /// Whose resets are stopped; the other tier's are let go on
    who: Option<Who>,

    /// Why; whoever is refused reads it
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,

    /// The table of the deployment: the output TableName of its stack
    #[arg(long, value_name = "NAME", env = "TABLE_NAME")]
    table: String,
}

/// Whose resets.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Who {
    /// Everybody's
    All,
    /// Those of people who are not privileged
    Standard,
    /// Those of privileged people
    Privileged,
    /// Nobody's: the freeze is lifted
    None,
}

/// How often to try if other operators set the switch at the same moment.
const MOST_TRIES: usize = 5;

/// In characters: it goes into every refusal and into notes.
const LONGEST_WHY: usize = 200;

impl Freeze {
    /// Sets the switch if a tier is given, and prints it in any case.
    pub fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let config = aws::config().await;
            check_credentials(&config).await?;
            let ledger = Ledger::new(Arc::new(DynamoDb::new(
                &config,
                self.table.clone(),
                Arc::new(SystemClock),
            )));
            if let Some(who) = self.who {
                self.set(&ledger, who).await?;
            }
            let switch = ledger
                .frozen()
                .await
                .context("the switch cannot be read; nobody may take it for off")?;
            print(&describe(switch.as_ref()))
        })
    }

    async fn set(&self, ledger: &Ledger, who: Who) -> anyhow::Result<()> {
        let why = self.why.as_deref().unwrap_or_default().trim();
        ensure!(
            why.chars().count() <= LONGEST_WHY && !why.chars().any(char::is_control),
            "--why has more than {LONGEST_WHY} characters, or several lines; it goes into every refusal"
        );
        ensure!(
            who == Who::None || !why.is_empty(),
            "--why is missing: whoever is refused reads it"
        );
        let switch = Switch {
            standard: matches!(who, Who::All | Who::Standard),
            privileged: matches!(who, Who::All | Who::Privileged),
            why: why.to_owned(),
            since: Timestamp::now(),
        };
        for _ in 0..MOST_TRIES {
            let set = ledger.freeze(&switch).await;
            if set.context("the switch is NOT set")? == Switched::Set {
                return Ok(());
            }
        }
        bail!("the switch is NOT set: other operators set it at the same time")
    }
}

/// Names what is wrong with the credentials; the ledger's error would only be that it is unavailable.
async fn check_credentials(config: &SdkConfig) -> anyhow::Result<()> {
    let provider = config
        .credentials_provider()
        .context("there are no credentials for AWS")?;
    provider.provide_credentials().await.context(
        "there are no credentials for AWS; of a profile with IAM Identity Center: aws sso login",
    )?;
    Ok(())
}

fn describe(switch: Option<&Switch>) -> String {
    let Some(switch) = switch else {
        return "not frozen, and never was".to_owned();
    };
    let who = match (switch.standard, switch.privileged) {
        (true, true) => "everybody",
        (true, false) => "standard people",
        (false, true) => "privileged people",
        (false, false) => return format!("not frozen since {}", switch.since),
    };
    format!("frozen for {who} since {}: {}", switch.since, switch.why)
}
