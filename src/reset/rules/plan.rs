//! Which methods go, which stay and why, and in which order.

use super::HardwareOath;
use crate::approval::Scope;
use crate::reset::model::{Action, KeepReason, Method, MethodKind, PhoneType, PlannedMethod};

/// Decides about every method. Source of the button's list: Microsoft Learn, "Manage user authentication
/// methods": it deletes phone numbers, Microsoft Authenticator and software OATH tokens, and deactivates
/// hardware OATH tokens.
pub fn plan(methods: Vec<Method>, scope: Scope, hardware: HardwareOath) -> Vec<PlannedMethod> {
    let mut plan: Vec<PlannedMethod> = methods
        .into_iter()
        .map(|method| PlannedMethod {
            action: action(&method.kind, scope, hardware),
            method,
        })
        .collect();
    plan.sort_by_key(order);
    plan
}

/// What is to be done about a method of this kind.
pub fn action(kind: &MethodKind, scope: Scope, hardware: HardwareOath) -> Action {
    match kind {
        MethodKind::Phone(_) | MethodKind::MicrosoftAuthenticator | MethodKind::SoftwareOath => {
            Action::Remove
        }
        MethodKind::Passkey if scope.remove_passkeys => Action::Remove,
        MethodKind::HardwareOath => match hardware {
            HardwareOath::Deactivate => Action::Deactivate,
            HardwareOath::Report | HardwareOath::Unavailable => {
                Action::Keep(KeepReason::DeactivateByHand)
            }
        },
        MethodKind::Password | MethodKind::Email | MethodKind::QrCodePin => {
            Action::Keep(KeepReason::NotMfa)
        }
        MethodKind::Passkey
        | MethodKind::WindowsHello
        | MethodKind::PlatformCredential
        | MethodKind::External
        | MethodKind::TemporaryAccessPass => Action::Keep(KeepReason::ButtonLeavesIt),
        MethodKind::Unreadable | MethodKind::Unknown(_) => Action::Keep(KeepReason::UnknownType),
    }
}

/// Graph refuses the mobile number while there is an alternate one. What can be the default method comes
/// late, because Graph may refuse it while there are others.
fn order(planned: &PlannedMethod) -> u8 {
    match (&planned.action, &planned.method.kind) {
        (Action::Keep(_), _) => 7,
        (Action::Deactivate, _) => 6,
        (Action::Remove, kind) => match kind {
            MethodKind::Phone(PhoneType::Mobile) => 5,
            MethodKind::Phone(PhoneType::AlternateMobile) => 4,
            MethodKind::Phone(PhoneType::Office) => 3,
            MethodKind::MicrosoftAuthenticator => 2,
            MethodKind::SoftwareOath => 1,
            MethodKind::Passkey
            | MethodKind::HardwareOath
            | MethodKind::Password
            | MethodKind::WindowsHello
            | MethodKind::PlatformCredential
            | MethodKind::External
            | MethodKind::Email
            | MethodKind::TemporaryAccessPass
            | MethodKind::QrCodePin
            | MethodKind::Unreadable
            | MethodKind::Unknown(_) => 0,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Method> {
        [
            MethodKind::Password,
            MethodKind::Phone(PhoneType::Mobile),
            MethodKind::Phone(PhoneType::AlternateMobile),
            MethodKind::Phone(PhoneType::Office),
            MethodKind::MicrosoftAuthenticator,
            MethodKind::SoftwareOath,
            MethodKind::HardwareOath,
            MethodKind::Passkey,
            MethodKind::WindowsHello,
            MethodKind::PlatformCredential,
            MethodKind::External,
            MethodKind::Email,
            MethodKind::TemporaryAccessPass,
            MethodKind::QrCodePin,
            MethodKind::Unreadable,
            MethodKind::Unknown("#microsoft.graph.newAuthenticationMethod".to_owned()),
        ]
        .into_iter()
        .enumerate()
        .map(|(n, kind)| Method {
            id: format!("m{n}").try_into().unwrap(),
            kind,
            label: None,
            created: None,
            in_authenticator: false,
        })
        .collect()
    }

    fn removed(scope: &str) -> Vec<String> {
        plan(
            all(),
            Scope::try_from(scope.to_owned()).unwrap(),
            HardwareOath::Report,
        )
        .into_iter()
        .filter(|planned| planned.action == Action::Remove)
        .map(|planned| planned.method.kind.to_string())
        .collect()
    }

    #[test]
    fn the_button_removes_five_kinds_and_the_alternate_mobile_goes_before_the_mobile() {
        assert_eq!(
            removed("mfa:reregister"),
            [
                "Software OATH token",
                "Microsoft Authenticator",
                "Office phone",
                "Alternate mobile phone",
                "Mobile phone",
            ]
        );
    }

    #[test]
    fn a_passkey_goes_only_if_the_approval_says_so() {
        assert!(!removed("mfa:reregister").contains(&"Passkey".to_owned()));
        assert!(removed("mfa:reregister passkeys:remove").contains(&"Passkey".to_owned()));
    }
}
