//! What a program refuses: whether the checks of one are those of another is seen, and not only said.

use simulated::approval::Draft;
use simulated::function_url;
use simulated::request::Request;
use simulated::runtime_api::{Invocation, RuntimeApi};

use crate::deployment::Deployment;
use crate::{PATIENCE, Result};

/// A change of the approval or of the delivery.
enum Case {
    Draft(fn(Draft) -> Draft),
    Delivery(fn(Request) -> Request),
}

const CASES: [(&str, Case); 11] = [
    ("the body is changed", Case::Delivery(changed)),
    (
        "the approval is for another ticket",
        Case::Draft(|draft| draft.ticket("HELP-9999")),
    ),
    (
        "the approval has expired",
        Case::Draft(|draft| draft.issued_at(now() - 900).expires_at(now() - 60)),
    ),
    (
        "the person was verified yesterday",
        Case::Draft(|draft| draft.verified("vera.desk@contoso.example", now() - 86_400)),
    ),
    (
        "the approver is the person",
        Case::Draft(|draft| draft.target("sam.approver@contoso.example")),
    ),
    (
        "a break-glass account",
        Case::Draft(|draft| draft.target("breakglass1@contoso.example")),
    ),
    (
        "a Global Administrator",
        Case::Draft(|draft| draft.target("grace.admin@contoso.example")),
    ),
    (
        "in a role-assignable group",
        Case::Draft(|draft| draft.target("rosa.member@contoso.example")),
    ),
    (
        "eligible for a role in PIM",
        Case::Draft(|draft| draft.target("a1000000-0000-4000-8000-000000000006")),
    ),
    (
        "eligible for a group in PIM",
        Case::Draft(|draft| draft.target("a1000000-0000-4000-8000-000000000016")),
    ),
    (
        "eligible through another group",
        Case::Draft(|draft| draft.target("a1000000-0000-4000-8000-000000000018")),
    ),
];

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn changed(mut delivery: Request) -> Request {
    delivery.body.push(b' ');
    delivery
}

/// Has a program refuse each case, and reset one person twice over. Prints what it answers.
///
/// # Errors
/// If it changes something that it should not.
pub async fn check(deployment: &Deployment, api: &RuntimeApi) -> Result<()> {
    for (nth, (name, case)) in CASES.into_iter().enumerate() {
        let delivery = match case {
            Case::Draft(change) => deployment.delivery_with(nth, change),
            Case::Delivery(change) => change(deployment.delivery(nth)),
        };
        let answer = answer(api, &delivery).await?;
        println!("  {name:<36} {answer}");
        if !deployment.tenant.writes().is_empty() {
            return Err(format!("{name}: it has changed something").into());
        }
    }
    let again = deployment.delivery(CASES.len());
    for name in ["a reset", "the same delivery again"] {
        println!("  {name:<36} {}", answer(api, &again).await?);
    }
    let changes = deployment.tenant.writes().len();
    if changes != 4 {
        return Err(format!("{changes} changes for one reset").into());
    }
    Ok(())
}

/// The status, and the code or the state.
async fn answer(api: &RuntimeApi, delivery: &Request) -> Result<String> {
    let answer = api.invoke(function_url::event(delivery), PATIENCE).await?;
    let Invocation::Response(bytes) = answer else {
        return Err(format!("it failed: {answer:?}").into());
    };
    let answer = function_url::answer(&bytes)?;
    let body = answer.json().unwrap_or_default();
    let said = body.get("code").or(body.get("state"));
    let said = said.and_then(|said| said.as_str()).unwrap_or_default();
    Ok(format!("{} {said}", answer.status))
}
