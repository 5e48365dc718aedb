//! The whole thing on one machine, nothing to set up: a simulated Entra tenant, the product, and a tour.
//!
//! ```text
//! make run            the tour, and then it stays up for you
//! ONCE=1 make run     the tour alone; exit code 0 only if every step went as printed
//! ```

mod browser;
#[path = "../../tests/support/memory.rs"]
mod memory;
mod setting;
mod tour;

use setting::Setting;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let setting = Setting::start().await?;
    println!(
        "reregister-mfa, with a simulated Entra tenant and keys that are thrown away at the end."
    );
    println!("  the product   {}", setting.url);
    println!("  the tenant    {}", setting.entra.url);
    let surprises = tour::walk(&setting).await?;
    if surprises > 0 {
        return Err(format!("{surprises} steps did not go as printed").into());
    }
    println!("\nEvery step went as printed.");
    if std::env::var_os("ONCE").is_some() {
        return Ok(());
    }
    setting.invite()?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
