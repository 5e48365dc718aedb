//! The address of the function.

use std::net::IpAddr;

use anyhow::{Context as _, bail, ensure};
use reqwest::Url;

/// The commands that take `--url`.
pub const WITH_URL: [&str; 4] = ["preview", "run", "status", "link"];

/// The option `--url`. clap does not parse it: it would quote a wrong value, and an operator may paste the whole link
/// with the approval in it.
#[derive(clap::Args)]
pub struct UrlArg {
    /// The address of the function, the output PageUrl: https, or http to this machine; also `url` in
    /// ~/.config/reregister/config.toml
    #[arg(
        long,
        value_name = "URL",
        env = "REREGISTER_URL",
        hide_env_values = true,
        // It is asked for.
        required = false
    )]
    url: String,
}

impl UrlArg {
    /// # Errors
    /// No approval may be sent to this address.
    pub fn address(&self) -> anyhow::Result<Address> {
        Address::parse(&self.url)
    }
}

/// An origin that an approval may be sent to: by https, or by http on this machine.
#[derive(Debug)]
pub struct Address(Url);

impl Address {
    /// # Errors
    /// No approval may be sent to this address.
    pub fn parse(text: &str) -> anyhow::Result<Address> {
        let url = Url::parse(text.trim())
            .ok()
            .filter(Url::has_host)
            .context("--url must be an address such as https://abc.lambda-url.eu-west-1.on.aws")?;
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "--url holds a user name or a password. Leave them out"
        );
        ensure!(
            url.path() == "/" && url.query().is_none() && url.fragment().is_none(),
            "--url takes only the address, without path, query or fragment"
        );
        match url.scheme() {
            "https" => {}
            "http" if is_this_machine(&url) => {}
            "http" => bail!(
                "--url is http to another machine: the approval could be read on the way. Use https"
            ),
            _ => bail!("--url must be https, or http to this machine"),
        }
        Ok(Address(url))
    }

    /// Whether requests stay on this machine, so that they need no proxy.
    pub fn is_this_machine(&self) -> bool {
        is_this_machine(&self.0)
    }

    pub fn route(&self, path: &str) -> anyhow::Result<Url> {
        self.0.join(path).context("no such route")
    }

    /// The link to the on-call page. The approvals are in its fragment, which browsers do not send (RFC 9110,
    /// section 7.1).
    pub fn page_link<'a>(&self, approvals: impl Iterator<Item = &'a str>) -> String {
        let members: Vec<String> = approvals
            .map(|approval| format!("approval={approval}"))
            .collect();
        format!("{}#{}", self.0, members.join("&"))
    }

    /// Host and port, for messages.
    pub fn host_and_port(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_to_this_machine_alone() {
        for good in [
            "https://abc.lambda-url.eu-west-1.on.aws",
            "https://mfa.contoso.com:8443/",
            "http://localhost:9000",
            "http://127.0.0.1:9000/",
            "http://[::1]:9000",
        ] {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "mfa.contoso.com",
            "ftp://localhost",
            "http://mfa.contoso.com",
            "http://localhost.contoso.com",
            "http://127.0.0.1.contoso.com",
            "http://10.0.0.1",
            "https://olga@mfa.contoso.com",
            "https://mfa.contoso.com/resets",
            "https://mfa.contoso.com/?a=b",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_wrong_address_is_not_quoted_since_it_may_be_the_whole_link() {
        for pasted in [
            "https://mfa.contoso.com/#approval=eyJh.b.c",
            "eyJh.b.c",
            "https://mfa.contoso.com/eyJh.b.c",
        ] {
            let refusal = format!("{:?}", Address::parse(pasted).unwrap_err());
            assert!(!refusal.contains("eyJh"), "{refusal}");
        }
    }
}
