//! Who may be reset, and who is privileged. Graph itself stops nobody: app-only permissions reset Global
//! Administrators too, so this check is the only one.

use super::person::{Membership, Person, Standing};
use super::refusal::{Privilege, Refusal};
use super::rules::Rules;

/// The roles whose holders an Authentication Administrator may act on (Microsoft Learn, "Privileged roles and
/// permissions in Microsoft Entra ID", table "Who can perform sensitive actions"). Whoever holds any other
/// role, built-in or custom, is privileged.
const STANDARD_ROLES: [(&str, &str); 8] = [
    (
        "c4e39bd9-1100-46d3-8c65-fb160da0071f",
        "Authentication Administrator",
    ),
    ("88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Directory Readers"),
    ("95e79109-95c0-4d8e-aee3-d01accf2d47b", "Guest Inviter"),
    (
        "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
        "Message Center Reader",
    ),
    (
        "966707d0-3269-4727-9be2-8c3a10f19b9d",
        "Password Administrator",
    ),
    ("4a5d8f65-41da-4de4-8968-e035b65339cf", "Reports Reader"),
    (
        "27460883-1df1-4691-b032-3b79643e5e63",
        "User Experience Success Manager",
    ),
    (
        "75934031-6c7e-415a-99d7-48dbd49e875e",
        "Usage Summary Reports Reader",
    ),
];

/// How much proof a target wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tier {
    /// One approval.
    Standard,
    /// Two, from two trust domains. For the reason given.
    Privileged(Privilege),
}

/// Whether this account may be reset at all, by what the account itself says.
///
/// # Errors
/// [`Refusal::BreakGlass`], [`Refusal::RestrictedUnit`] or [`Refusal::Disabled`].
pub fn may_be_reset(target: &Person, rules: &Rules) -> Result<(), Refusal> {
    if rules.break_glass.contains(target.id) {
        return Err(Refusal::BreakGlass);
    }
    if target.management_restricted {
        return Err(Refusal::RestrictedUnit);
    }
    if !target.enabled {
        return Err(Refusal::Disabled);
    }
    Ok(())
}

/// Which tier the target is in.
///
/// # Errors
/// [`Refusal::Misconfigured`] if something that decides it cannot be read: not knowing is not a tier.
pub fn tier(target: &Person, standing: &Standing, rules: &Rules) -> Result<Tier, Refusal> {
    if standing.memberships.contains(&Membership::Unreadable) {
        return Err(Refusal::Misconfigured {
            what: "a group or role of the target cannot be read (GroupMember.Read.All, RoleManagement.Read.Directory)",
        });
    }
    let role = standing
        .memberships
        .iter()
        .filter_map(|membership| match membership {
            Membership::Role { template, name } => Some((template, Some(name))),
            _ => None,
        })
        .chain(
            standing
                .assignments
                .iter()
                .map(|assignment| (&assignment.role, None)),
        )
        .find(|(role, _)| !is_standard(role))
        .map(|(role, name)| Privilege::Role(name.unwrap_or(role).clone()));
    let group = || {
        standing
            .memberships
            .iter()
            .find_map(|membership| match membership {
                Membership::Group {
                    name,
                    assignable_to_role: true,
                    ..
                } => Some(Privilege::RoleAssignableGroup(name.clone())),
                Membership::Group { id, name, .. } if rules.privileged_groups.contains(id) => {
                    Some(Privilege::PolicyGroup(name.clone()))
                }
                _ => None,
            })
    };
    let named = || rules.names(target).then_some(Privilege::NamedInPolicy);
    Ok(role
        .or_else(group)
        .or_else(named)
        .map_or(Tier::Standard, Tier::Privileged))
}

fn is_standard(role: &str) -> bool {
    STANDARD_ROLES
        .iter()
        .any(|(id, _)| id.eq_ignore_ascii_case(role))
}
