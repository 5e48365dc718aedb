//! Evidence from the options of `approve`. The rules are the function's own; the messages name the options.

use anyhow::{anyhow, bail};
use reregister_mfa::approval::{
    ContactSource, Evidence, EvidenceError, Messenger, PhoneLine, Reason, VerificationMethod,
};
use strum::VariantNames as _;

/// Every value of `--via`, of either method that has one.
pub fn all_vias() -> Vec<&'static str> {
    [PhoneLine::VARIANTS, Messenger::VARIANTS].concat()
}

/// The evidence. Refused is what no approval can hold.
pub fn evidence(
    method: VerificationMethod,
    via: Option<&str>,
    contact_source: Option<ContactSource>,
) -> anyhow::Result<Evidence> {
    Evidence::new(method, via, contact_source)
        .map_err(|error| anyhow!(message(error, method, via.unwrap_or_default())))
}

/// Refuses evidence that the function would not count for this reason.
pub fn check(
    method: VerificationMethod,
    via: Option<&str>,
    contact_source: Option<ContactSource>,
    reason: Option<Reason>,
) -> anyhow::Result<()> {
    let evidence = evidence(method, via, contact_source)?;
    if let Some(reason) = reason
        && !evidence.counts(Some(reason))
    {
        let reason: &str = reason.into();
        let used = match via {
            Some(via) => format!("--via {via}"),
            None => format!("--method {}", name(method)),
        };
        bail!("{used} proves nothing: the holder of the {reason} phone could have answered");
    }
    Ok(())
}

fn message(error: EvidenceError, method: VerificationMethod, via: &str) -> String {
    let name = name(method);
    match error {
        EvidenceError::ViaMissing => {
            let vias = vias_of(method).join(", ");
            format!("--method {name} needs --via: one of {vias}")
        }
        EvidenceError::ViaUnfit => {
            let vias = vias_of(method).join(", ");
            format!("--via {via} does not fit --method {name}: one of {vias}")
        }
        EvidenceError::ViaUnexpected => {
            format!("--via {via} does not belong to --method {name}")
        }
        EvidenceError::ContactSourceMissing => format!(
            "--method {name} needs --contact-source: company_directory, phone_book or colleague"
        ),
        EvidenceError::ContactSourceUnexpected => {
            format!("--contact-source does not belong to --method {name}")
        }
    }
}

/// The method as an approval has it.
pub fn name(method: VerificationMethod) -> &'static str {
    method.into()
}

/// The values of `--via` to which the function does not object.
pub fn vias_of(method: VerificationMethod) -> Vec<&'static str> {
    let mut vias = all_vias();
    vias.retain(|via| {
        !matches!(
            Evidence::new(method, Some(via), None),
            Err(EvidenceError::ViaUnfit | EvidenceError::ViaUnexpected)
        )
    });
    vias
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_needs_a_via_is_told_just_its_own() {
        assert_eq!(
            vias_of(VerificationMethod::PhoneCall),
            ["desk", "home", "mobile"]
        );
        assert_eq!(
            vias_of(VerificationMethod::SecureMessage),
            ["slack", "teams", "telegram", "signal", "sms"]
        );
        assert!(vias_of(VerificationMethod::InPerson).is_empty());
    }
}
