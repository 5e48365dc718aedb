//! The simulated Entra tenant alone, for curl, a browser or Microsoft's own clients.
//!
//! ```text
//! cargo run --example entra -- [users.json] [--listen 127.0.0.1:8443] [--tls cert.pem key.pem]
//! ```

use std::error::Error;
use std::fs;

use simulated::entra::{Tenant, TenantFile};

const USAGE: &str =
    "cargo run --example entra -- [users.json] [--listen 127.0.0.1:8443] [--tls cert.pem key.pem]";

struct Arguments {
    users: String,
    listen: String,
    tls: Option<(String, String)>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut read = Arguments {
        users: concat!(env!("CARGO_MANIFEST_DIR"), "/examples/users.json").to_owned(),
        listen: "127.0.0.1:8443".to_owned(),
        tls: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        match word.as_str() {
            "--listen" => read.listen = given.next().ok_or(USAGE)?,
            "--tls" => read.tls = Some((given.next().ok_or(USAGE)?, given.next().ok_or(USAGE)?)),
            option if option.starts_with('-') => return Err(USAGE.into()),
            users => read.users = users.to_owned(),
        }
    }
    Ok(read)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let json = fs::read_to_string(&arguments.users)
        .map_err(|error| format!("{}: {error}", arguments.users))?;
    let file: TenantFile =
        serde_json::from_str(&json).map_err(|error| format!("{}: {error}", arguments.users))?;
    let tenant = Tenant::new(file.clone());
    let (serving, curl) = match &arguments.tls {
        None => (
            tenant.serve(tokio::net::TcpListener::bind(&arguments.listen).await?),
            "curl -s".to_owned(),
        ),
        Some((cert, key)) => {
            let listener = std::net::TcpListener::bind(&arguments.listen)?;
            (
                tenant.serve_tls(listener, &fs::read(cert)?, &fs::read(key)?)?,
                format!("curl -s --cacert {cert}"),
            )
        }
    };
    let url = &serving.url;
    println!(
        "The tenant {} has {} people ({})",
        file.default_domain,
        file.users.len(),
        arguments.users
    );
    println!("  login  {url}/{}", file.tenant_id);
    println!("  Graph  {url}/v1.0 and {url}/beta");
    let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host);
    println!(
        "\nMicrosoft's own clients need --tls, a certificate that they trust, and one of these settings:"
    );
    println!(
        "  instance_discovery=False (msal for Python), disable_instance_discovery=True (azure-identity), \
         knownAuthorities: [\"{host}\"] (MSAL for JavaScript)"
    );
    println!(
        "Without a setting: --listen 127.0.0.1:443, login.microsoftonline.com and graph.microsoft.com in the \
         certificate and in /etc/hosts"
    );
    println!("\nA token, and the methods of one person:\n");
    for app in file.apps.iter().take(1) {
        let secret = app.secret.as_deref().unwrap_or_default();
        println!(
            "  TOKEN=$({curl} {url}/{}/oauth2/v2.0/token \\",
            file.tenant_id
        );
        println!(
            "    -d grant_type=client_credentials -d client_id={} \\",
            app.client_id
        );
        println!("    --data-urlencode 'client_secret={secret}' \\");
        println!(
            "    -d scope=https://graph.microsoft.com/.default | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"access_token\"])')"
        );
    }
    for user in file.users.iter().take(1) {
        println!(
            "  {curl} -H \"Authorization: Bearer $TOKEN\" {url}/v1.0/users/{}/authentication/methods",
            user.user_principal_name
        );
    }
    println!("\nCtrl-C ends it; whatever was changed is then forgotten.");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
