//! The directory of the tenant: people with their methods, groups, and role assignments.

use std::collections::HashSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::kinds::DefaultMethod;
use super::methods::Method;
use super::roles::{BUILT_IN, Role};
use super::users_file::{
    AssignmentType, Group, GroupEligibility, RoleAssignment, RoleEligibility, TenantFile, User,
};

/// The creation date of every object in the tenant.
pub(super) const CREATED: &str = "2024-03-01T08:00:00Z";

/// A person as they are now.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) profile: User,
    pub(super) methods: Vec<Method>,
    /// Deleted methods that lists still show, each with the number of lists that will.
    pub(super) lagging: Vec<(Method, u32)>,
    pub(super) default: Option<DefaultMethod>,
    /// When the sessions were last revoked.
    pub(super) sessions_revoked: Option<Timestamp>,
}

impl Person {
    fn new(profile: User) -> Self {
        Person {
            methods: profile.methods.clone(),
            default: profile.default_method,
            lagging: Vec::new(),
            sessions_revoked: None,
            profile,
        }
    }

    /// Whether the person signs in elsewhere: at another tenant, or with an account of a third party. `userType` is only
    /// a matter of what guests may see
    /// (<https://learn.microsoft.com/entra/external-id/user-properties>).
    pub(super) fn is_external(&self) -> bool {
        self.has_external_name()
            || self.profile.creation_type.as_deref() == Some("Invitation")
            || self.profile.external_user_state.is_some()
            || !self.profile.federated_identities.is_empty()
    }

    /// The `idp` of the person's tokens, which only people have who sign in elsewhere: their own tenant, which the
    /// simulation makes up, or the third party.
    pub(super) fn home_issuer(&self) -> Option<String> {
        let issuer = self.profile.federated_identities.first();
        let elsewhere = issuer.filter(|issuer| issuer.as_str() != "ExternalAzureAD");
        self.is_external().then(|| {
            elsewhere.cloned().unwrap_or_else(|| {
                "https://sts.windows.net/f0e1d2c3-b4a5-4697-8879-6a5b4c3d2e1f/".to_owned()
            })
        })
    }

    /// The mail address. People of the tenant have one unless the file says otherwise.
    pub(super) fn mail(&self) -> Option<&str> {
        match self.profile.mail.as_deref() {
            Some(mail) => Some(mail).filter(|mail| !mail.is_empty()),
            None => (!self.has_external_name()).then_some(&self.profile.user_principal_name),
        }
    }

    /// Whether the name is one that Entra gives to invited people.
    pub(super) fn has_external_name(&self) -> bool {
        self.profile.user_principal_name.contains("#EXT#")
    }

    /// The method that is the default now. If several match, it is the first, so that all can be deleted in some order.
    pub(super) fn default_method(&self) -> Option<&Method> {
        let default = self.default?;
        self.methods.iter().find(|method| method.serves(default))
    }

    /// The methods as a list shows them. Each call counts as one list for the deleted methods.
    pub(super) fn list(&mut self) -> Vec<Method> {
        let mut shown = vec![Method::password()];
        shown.extend(self.methods.iter().cloned());
        for (deleted, lists) in &mut self.lagging {
            if shown.iter().all(|method| method.id != deleted.id) {
                shown.push(deleted.clone());
            }
            *lists -= 1;
        }
        self.lagging.retain(|(_, lists)| *lists > 0);
        shown
    }

    /// Deletes a method, which as many lists as `lag` says still show.
    pub(super) fn delete(&mut self, id: &str, lag: u32) {
        let Some(at) = self
            .methods
            .iter()
            .position(|method| method.id.eq_ignore_ascii_case(id))
        else {
            return;
        };
        let deleted = self.methods.remove(at);
        if lag > 0 {
            self.lagging.push((deleted, lag));
        }
        if self.default_method().is_none() {
            self.default = None;
        }
    }
}

#[derive(Debug)]
pub(super) struct ActiveRole {
    pub(super) assignment: RoleAssignment,
    pub(super) kind: AssignmentType,
    /// In how many hours it begins, if it has not begun.
    pub(super) starts_in_hours: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Directory {
    pub(super) tenant: Uuid,
    /// The verified domain.
    pub(super) domain: String,
    pub(super) people: Vec<Person>,
    pub(super) groups: Vec<Group>,
    /// Every role assignment, made by an administrator or by PIM, also those that have not begun.
    pub(super) assignments: Vec<ActiveRole>,
    pub(super) role_eligibilities: Vec<RoleEligibility>,
    pub(super) group_eligibilities: Vec<GroupEligibility>,
}

impl Directory {
    pub(super) fn new(file: &TenantFile) -> Self {
        Directory {
            tenant: file.tenant_id,
            domain: file.default_domain.clone(),
            people: file.users.iter().cloned().map(Person::new).collect(),
            groups: file.groups.clone(),
            assignments: active(file),
            role_eligibilities: file.role_eligibilities.clone(),
            group_eligibilities: file.group_eligibilities.clone(),
        }
    }

    /// A person by object id or user principal name.
    pub(super) fn find(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| is_called(person, name))
    }

    pub(super) fn find_mut(&mut self, name: &str) -> Option<&mut Person> {
        self.people
            .iter_mut()
            .find(|person| is_called(person, name))
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.people.retain(|person| !is_called(person, name));
    }

    /// The groups of a person or a group, also those through other groups.
    pub(super) fn groups_of(&self, principal: Uuid) -> Vec<&Group> {
        let (mut found, mut seen, mut members) = (Vec::new(), HashSet::new(), vec![principal]);
        while let Some(member) = members.pop() {
            for group in self
                .groups
                .iter()
                .filter(|group| group.members.contains(&member))
            {
                if seen.insert(group.id) {
                    found.push(group);
                    members.push(group.id);
                }
            }
        }
        found
    }

    /// A person with the groups that they are a direct member of: to whom a role of an app can be assigned for them.
    pub(super) fn principals_of(&self, person: Uuid) -> Vec<Uuid> {
        let direct = |group: &&Group| group.members.contains(&person);
        let groups = self.groups.iter().filter(direct).map(|group| group.id);
        [person].into_iter().chain(groups).collect()
    }

    /// The role assignments that are active now.
    pub(super) fn begun_assignments(&self) -> impl Iterator<Item = &ActiveRole> {
        self.assignments
            .iter()
            .filter(|active| active.starts_in_hours.is_none())
    }

    /// The built-in roles of a person or a group in the whole tenant, also those through groups. Custom roles and roles
    /// in administrative units have no directoryRole object.
    pub(super) fn roles_of(&self, principal: Uuid) -> Vec<&'static Role> {
        let mut holders: HashSet<Uuid> = self
            .groups_of(principal)
            .iter()
            .map(|group| group.id)
            .collect();
        holders.insert(principal);
        let assigned = |role: &&Role| {
            self.begun_assignments().any(|active| {
                let assignment = &active.assignment;
                assignment.role_definition_id == role.template
                    && assignment.directory_scope_id == "/"
                    && holders.contains(&assignment.principal_id)
            })
        };
        BUILT_IN.iter().filter(assigned).collect()
    }
}

/// All role assignments. Graph gives them in all its lists, whether PIM made them or not.
fn active(file: &TenantFile) -> Vec<ActiveRole> {
    let direct = file.role_assignments.iter().map(|assignment| ActiveRole {
        assignment: assignment.clone(),
        kind: AssignmentType::Assigned,
        starts_in_hours: None,
    });
    let scheduled = file
        .role_assignment_schedules
        .iter()
        .map(|schedule| ActiveRole {
            assignment: RoleAssignment {
                principal_id: schedule.principal_id,
                role_definition_id: schedule.role_definition_id,
                directory_scope_id: schedule.directory_scope_id.clone(),
            },
            kind: schedule.assignment_type,
            starts_in_hours: schedule.starts_in_hours,
        });
    direct.chain(scheduled).collect()
}

fn is_called(person: &Person, name: &str) -> bool {
    let by_id = name.parse().is_ok_and(|id: Uuid| id == person.profile.id);
    by_id
        || person
            .profile
            .user_principal_name
            .eq_ignore_ascii_case(name)
}
