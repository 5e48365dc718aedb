//! The built-in roles: template ids as on
//! <https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference>.

use uuid::Uuid;

#[derive(Debug)]
pub(super) struct Role {
    /// The template id, which is the same in every tenant.
    pub(super) template: Uuid,
    pub(super) name: &'static str,
}

impl Role {
    const fn new(template: u128, name: &'static str) -> Self {
        Role {
            template: Uuid::from_u128(template),
            name,
        }
    }

    /// The id of the role's object in a tenant. It differs from the template's, so that a client that confuses the two
    /// fails.
    pub(super) fn object_id(&self, tenant: Uuid) -> Uuid {
        Uuid::from_u128(self.template.as_u128() ^ tenant.as_u128())
    }
}

/// The built-in roles that have an object in the tenant.
pub(super) const BUILT_IN: [Role; 13] = [
    Role::new(
        0x62e90394_69f5_4237_9190_012177145e10,
        "Global Administrator",
    ),
    Role::new(
        0xe8611ab8_c189_46e8_94e1_60213ab1f814,
        "Privileged Role Administrator",
    ),
    Role::new(
        0x7be44c8a_adaf_4e2a_84d6_ab2649e08a13,
        "Privileged Authentication Administrator",
    ),
    Role::new(0xfe930be7_5e62_47db_91af_98c3a49a38b1, "User Administrator"),
    Role::new(
        0x729827e3_9c14_49f7_bb1b_9608f156bbb8,
        "Helpdesk Administrator",
    ),
    Role::new(
        0xc4e39bd9_1100_46d3_8c65_fb160da0071f,
        "Authentication Administrator",
    ),
    Role::new(0x88d8e3e3_8f55_4a1e_953a_9b9898b8876b, "Directory Readers"),
    Role::new(0x95e79109_95c0_4d8e_aee3_d01accf2d47b, "Guest Inviter"),
    Role::new(
        0x790c1fb9_7f7d_4f88_86a1_ef1f95c05c1b,
        "Message Center Reader",
    ),
    Role::new(
        0x966707d0_3269_4727_9be2_8c3a10f19b9d,
        "Password Administrator",
    ),
    Role::new(0x4a5d8f65_41da_4de4_8968_e035b65339cf, "Reports Reader"),
    Role::new(
        0x27460883_1df1_4691_b032_3b79643e5e63,
        "User Experience Success Manager",
    ),
    Role::new(
        0x75934031_6c7e_415a_99d7_48dbd49e875e,
        "Usage Summary Reports Reader",
    ),
];
