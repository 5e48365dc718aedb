//! `reregister freeze` and `reregister thaw`: the switch that stops resets.

use std::str::FromStr as _;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use aws_config::SdkConfig;
use aws_sdk_kms::config::ProvideCredentials as _;
use reregister_mfa::aws::{self, DynamoDb};
use reregister_mfa::clock::{SystemClock, Timestamp};
use reregister_mfa::report::{freeze_state, thawed};
use reregister_mfa::reset::{FreezeChange, FreezeReason, Ledger, SwitchedTo, Tiers};

use crate::names::one_of;
use crate::runtime::block_on;
use crate::streams::print;

/// Stop resets for everyone or for one tier; without an argument, show the freeze switch
///
/// A freeze adds to what is frozen already. Use `thaw` to lift it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  reregister freeze
  reregister freeze all --why 'SEC-77: call the security team'
  reregister freeze privileged --why 'SEC-78: a key is lost'")]
pub struct Freeze {
    /// Whose resets to stop: standard, privileged or all
    #[arg(value_parser = frozen_tiers)]
    tiers: Option<Tiers>,

    /// Why, in one line; callers who are refused read it
    #[arg(long, value_name = "TEXT", requires = "tiers")]
    why: Option<String>,

    #[command(flatten)]
    table: Table,
}

/// Lift a freeze, for everyone or for one tier
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  reregister thaw all
  reregister thaw standard    # what is frozen for privileged people stays frozen")]
pub struct Thaw {
    /// Whose resets to allow again
    #[arg(value_parser = one_of::<Tiers>())]
    tiers: Tiers,

    #[command(flatten)]
    table: Table,
}

#[derive(clap::Args)]
struct Table {
    /// The table of the deployment: the output TableName of its stack
    #[arg(long, value_name = "NAME", env = "TABLE_NAME")]
    table: String,
}

/// `none` lifted a freeze before there was `thaw`.
fn frozen_tiers(text: &str) -> anyhow::Result<Tiers> {
    if text == "none" {
        bail!("to lift the freeze, use: reregister thaw all");
    }
    Tiers::from_str(text).map_err(|_| anyhow!("use standard, privileged or all"))
}

impl Freeze {
    /// Adds to the switch if tiers are given, and prints it in any case.
    pub fn run(self) -> anyhow::Result<()> {
        let change = match self.tiers {
            Some(tiers) => {
                let why = FreezeReason::new(&self.why.unwrap_or_default());
                let why = why.context("no freeze was set: --why is needed")?;
                Some(FreezeChange::Freeze { tiers, why })
            }
            None => None,
        };
        with_ledger(&self.table, async |ledger| {
            let switch = match change {
                Some(change) => set(&ledger, &change).await?.after,
                None => ledger.frozen().await.context(
                    "the freeze switch cannot be read. Treat resets as not frozen, and check --table, the region and \
                     the network",
                )?,
            };
            print(&freeze_state(switch.as_ref()))
        })
    }
}

impl Thaw {
    /// Takes away from the switch, and prints what was taken away and what stays frozen.
    pub fn run(self) -> anyhow::Result<()> {
        with_ledger(&self.table, async |ledger| {
            let change = FreezeChange::Thaw { tiers: self.tiers };
            print(&thawed(&set(&ledger, &change).await?))
        })
    }
}

async fn set(ledger: &Ledger, change: &FreezeChange) -> anyhow::Result<SwitchedTo> {
    let set = ledger.change_freeze(change, Timestamp::now()).await;
    set.context("the switch was NOT changed. Run `reregister freeze` to see it, then try again")
}

fn with_ledger(
    table: &Table,
    work: impl AsyncFnOnce(Ledger) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    block_on(async {
        let config = aws::config().await;
        check_credentials(&config).await?;
        let store = DynamoDb::new(&config, table.table.clone(), Arc::new(SystemClock));
        work(Ledger::new(Arc::new(store))).await
    })
}

/// Names what is wrong with the credentials; the ledger's error would only be that it is unavailable.
async fn check_credentials(config: &SdkConfig) -> anyhow::Result<()> {
    let provider = config
        .credentials_provider()
        .context("there are no credentials for AWS. Log in, or set AWS_PROFILE")?;
    provider.provide_credentials().await.context(
        "there are no credentials for AWS. With IAM Identity Center, first run `aws sso login`",
    )?;
    Ok(())
}
