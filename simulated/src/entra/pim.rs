//! Privileged Identity Management: active roles, and roles and groups that a person or a group is eligible for.

use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::{Answer, Outcome};
use super::calls::GraphCall;
use super::directory::{ActiveRole, CREATED, Directory};
use super::groups_and_roles::{FILTERED_LISTS, of_principal, role_entity};
use super::users_file::AssignmentType;

/// `GET /roleManagement/directory/roleAssignmentScheduleInstances`: assignments made by PIM and those made "directly
/// through the role assignments API"
/// (<https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignmentscheduleinstances>).
pub(super) fn role_assignments(
    directory: &Directory,
    call: &GraphCall,
    licences: &[String],
) -> Outcome {
    call.allow_options(&FILTERED_LISTS)?;
    require_pim(licences)?;
    let principal = call.filter(&["principalId"])?.map(|(_, id)| id);
    let instances = directory
        .assignments
        .iter()
        .filter(|active| principal.is_none_or(|id| active.assignment.principal_id == id));
    call.page(
        "roleManagement/directory/roleAssignmentScheduleInstances",
        instances.map(instance).collect(),
    )
}

fn instance(active: &ActiveRole) -> Value {
    // Only an activation has an end. It began an hour ago.
    let at = |hours| {
        let time = Timestamp::now()
            .checked_add(Span::new().hours(hours))
            .ok()?;
        let is_activation = active.kind == AssignmentType::Activated;
        is_activation.then(|| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    };
    let mut object = role_entity(
        &active.assignment,
        json!({
            "assignmentType": active.kind,
            "memberType": "Direct",
            "startDateTime": at(-1),
            "endDateTime": at(7),
        }),
    );
    if let Value::Object(fields) = &mut object {
        let id = fields.get("id").cloned().unwrap_or_default();
        fields.insert("roleAssignmentOriginId".to_owned(), id.clone());
        fields.insert("roleAssignmentScheduleId".to_owned(), id);
    }
    object
}

/// `GET /roleManagement/directory/roleEligibilityScheduleInstances`
/// (<https://learn.microsoft.com/graph/api/rbacapplication-list-roleeligibilityscheduleinstances>)
pub(super) fn role_eligibilities(
    directory: &Directory,
    call: &GraphCall,
    licences: &[String],
) -> Outcome {
    call.allow_options(&FILTERED_LISTS)?;
    require_pim(licences)?;
    let principal = call.filter(&["principalId"])?.map(|(_, id)| id);
    let of = of_principal(directory.role_eligibilities.iter(), principal);
    let schedule = json!({"startDateTime": CREATED, "endDateTime": null, "memberType": "Direct"});
    let all = of
        .map(|eligibility| role_entity(eligibility, schedule.clone()))
        .collect();
    call.page(
        "roleManagement/directory/roleEligibilityScheduleInstances",
        all,
    )
}

/// `GET /identityGovernance/privilegedAccess/group/eligibilityScheduleInstances`, which requires a filter by principal
/// or by group (<https://learn.microsoft.com/graph/api/privilegedaccessgroup-list-eligibilityscheduleinstances>). If the
/// principal is a group, its members are not listed.
pub(super) fn group_eligibilities(
    directory: &Directory,
    call: &GraphCall,
    licences: &[String],
) -> Outcome {
    call.allow_options(&FILTERED_LISTS)?;
    require_pim(licences)?;
    let Some((name, id)) = call.filter(&["principalId", "groupId"])? else {
        return Err(Answer::error(
            400,
            "MissingParameters",
            "Required parameters are missing: $filter on principalId or groupId.",
        ));
    };
    let matching = directory.group_eligibilities.iter().filter(|eligibility| {
        id == if name == "groupId" {
            eligibility.group_id
        } else {
            eligibility.principal_id
        }
    });
    let objects = matching.map(|eligibility| {
        let id = |last: Uuid| format!("{}_{}_{last}", eligibility.group_id, eligibility.access_id);
        json!({
            "id": id(eligibility.principal_id),
            "eligibilityScheduleId": id(eligibility.principal_id),
            "principalId": eligibility.principal_id,
            "groupId": eligibility.group_id,
            "accessId": eligibility.access_id,
            "memberType": "direct",
            "startDateTime": CREATED,
            "endDateTime": null,
        })
    });
    call.page(
        "identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
        objects.collect(),
    )
}

/// The error is the one that scripts report from tenants without PIM.
fn require_pim(licences: &[String]) -> Result<(), Answer> {
    if licences.iter().any(|licence| licence == "AAD_PREMIUM_P2") {
        return Ok(());
    }
    let text =
        "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.";
    Err(Answer::error(400, "AadPremiumLicenseRequired", text))
}
