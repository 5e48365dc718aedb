//! `reregister freeze` and `reregister thaw`: the switch that stops resets.

use std::str::FromStr as _;

use anyhow::{Context as _, anyhow, bail};
use reregister_mfa::clock::Timestamp;
use reregister_mfa::report::{freeze_state, thawed};
use reregister_mfa::reset::{
    FreezeChange, FreezeReason, FreezeReasonError, SwitchError, SwitchedTo, Tiers,
};

use crate::names::one_of;
use crate::runtime::block_on;
use crate::streams::print;
use crate::table::{Failure, NOT_FROZEN, NOT_LIFTED, NOT_READ, Table};

/// The end of the help of both commands.
const NEEDS: &str = "\
AWS credentials come from the environment, from a profile (AWS_PROFILE) or from IAM Identity Center: `aws sso login`.
The region is AWS_REGION or the profile's. Without them, use the output FreezeCommand or ThawCommand.

Exit codes:
  0  done, or shown: what is printed is how the switch is set now
  1  not done: treat resets as NOT frozen";

/// Stop resets for everyone or for one tier; without an argument, show the freeze switch
///
/// A freeze adds to what is frozen already. Use `thaw` to lift it.
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  reregister freeze
  reregister freeze all --why 'SEC-77: call the security team'
  reregister freeze privileged --why 'SEC-78: a key is lost'

{NEEDS}"))]
pub struct Freeze {
    /// Whose resets to stop: standard, privileged or all
    #[arg(value_parser = frozen_tiers)]
    tiers: Option<Tiers>,

    /// Why, in one line; callers who are refused read it
    #[arg(long, value_name = "TEXT", requires = "tiers")]
    why: Option<String>,

    #[command(flatten)]
    table: TableArg,
}

/// Lift a freeze, for everyone or for one tier
#[derive(clap::Args)]
#[command(after_help = format!("\
Examples:
  reregister thaw all
  reregister thaw standard    # what is frozen for privileged people stays frozen

{NEEDS}"))]
pub struct Thaw {
    /// Whose resets to allow again
    #[arg(value_parser = one_of::<Tiers>())]
    tiers: Tiers,

    #[command(flatten)]
    table: TableArg,
}

#[derive(clap::Args)]
struct TableArg {
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
                let why = FreezeReason::new(&self.why.unwrap_or_default()).map_err(not_a_reason)?;
                Some(FreezeChange::Freeze { tiers, why })
            }
            None => None,
        };
        block_on(async {
            let lead = change.as_ref().map_or(NOT_READ, |_| NOT_FROZEN);
            let table = Table::open(self.table.table).await.context(lead)?;
            let switch = match change {
                Some(change) => match set(&table, &change).await {
                    Ok(switched) => switched.after,
                    Err(failure) => bail!("{}", failure.of_a_freeze(&table)),
                },
                None => match table.ledger.freeze_switch().await {
                    Ok(switch) => switch,
                    Err(error) => bail!("{}", Failure::from(error).of_a_look(&table)),
                },
            };
            print(&freeze_state(switch.as_ref(), &table.place()))
        })
    }
}

impl Thaw {
    /// Takes away from the switch, and prints what was taken away and what stays frozen.
    pub fn run(self) -> anyhow::Result<()> {
        block_on(async {
            let table = Table::open(self.table.table).await.context(NOT_LIFTED)?;
            let change = FreezeChange::Thaw { tiers: self.tiers };
            match set(&table, &change).await {
                Ok(switched) => print(&thawed(&switched, &table.place())),
                Err(failure) => bail!("{}", failure.of_a_thaw(&table)),
            }
        })
    }
}

fn not_a_reason(error: FreezeReasonError) -> anyhow::Error {
    match error {
        FreezeReasonError::Missing => {
            anyhow!("nothing was changed: --why is needed; callers who are refused read it")
        }
        FreezeReasonError::NotOneLine => {
            anyhow!("nothing was changed: --why may have 200 characters in one line")
        }
    }
}

async fn set(table: &Table, change: &FreezeChange) -> Result<SwitchedTo, Failure> {
    let set = table.ledger.change_freeze(change, Timestamp::now()).await;
    set.map_err(|error| match error {
        SwitchError::Overtaken => Failure::Overtaken,
        SwitchError::Ledger(error) => Failure::from(error),
    })
}
