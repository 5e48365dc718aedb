//! The same journeys through each door: a socket, a Lambda Runtime API, `cargo lambda watch`.

use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::jira_automation::web_request;
use simulated::senders::on_call;
use simulated::senders::servicenow::ItemApproved;

use crate::deployment::{Deployment, Entrance};

const JANE: &str = "jane.doe@contoso.example";
const ADELE: &str = "adele.vance@contoso.example";
const FIELD: &str = "customfield_10123";
// As in examples/secrets.json.
const JIRA_SECRET: &str = "development only: the secret of the Jira webhook";
const AUTOMATION_SECRET: &str = "development only: the secret of the Jira Automation rule";
const SERVICENOW_KEY: &str = "whsec_ZGV2ZWxvcG1lbnQgb25seTogdGhlIHNlY3JldCBvZiBTZXJ2aWNlTm93";

fn jira(ticket: &str, approval: &str) -> Request {
    let issue = Issue::new(ticket, Status::new("10042", "Approved")).field(FIELD, approval);
    IssueEvent::transition(issue, &Status::new("1", "Open")).signed("/webhooks/jira", JIRA_SECRET)
}

async fn journeys(entrance: Entrance) {
    let mut deployment = Deployment::new(entrance).await;
    let expect = async |request: Request, status: u16, word: &str| {
        let reply = deployment.send(request).await;
        assert_eq!(
            (reply.status, reply.word().as_str()),
            (status, word),
            "{entrance:?}: {reply:?}"
        );
        reply
    };
    let sign = |ticket: &str, target: &str| {
        deployment
            .service_desk
            .approve(&deployment.draft(ticket, target))
    };

    let delivery = jira("HELP-1", &sign("HELP-1", JANE));
    let first = expect(delivery.clone(), 200, "completed").await;
    assert_eq!(deployment.tenant.methods_of(JANE).len(), 1);
    assert!(deployment.tenant.sessions_revoked(JANE));
    let writes = deployment.tenant.writes().len();
    let second = expect(delivery, 200, "completed").await;
    assert_eq!(
        (&first.json["note"], &second.json["replayed"]),
        (&second.json["note"], &true.into())
    );
    assert_eq!(deployment.tenant.writes().len(), writes);

    let approval = sign("HELP-2", "alex.wilber@contoso.example");
    let issue =
        Issue::new("HELP-2", Status::new("10042", "Approved")).field(FIELD, approval.as_str());
    let request = web_request(
        "/webhooks/jira-automation",
        &issue,
        "X-Reregister-Secret",
        AUTOMATION_SECRET,
    );
    expect(request, 200, "completed").await;

    let item = ItemApproved::new("RITM0010072", ADELE).approval(&sign("RITM0010072", ADELE));
    let now = jiff::Timestamp::now().as_second();
    expect(
        item.signed("/webhooks/servicenow", SERVICENOW_KEY, now)
            .unwrap(),
        200,
        "completed",
    )
    .await;

    let approval = deployment
        .on_call
        .approve(&deployment.on_call_draft("INC-7", "$cash@contoso.example"));
    expect(on_call::post("/resets/preview", &approval, None), 200, "").await;
    let reset = expect(on_call::post("/resets", &approval, None), 200, "completed").await;
    let path = format!("/resets/{}", reset.json["reset"].as_str().unwrap());
    expect(on_call::get(&path, &approval), 200, "completed").await;

    let writes = deployment.tenant.writes().len();
    expect(
        jira("HELP-3", &sign("HELP-3", "grace.admin@contoso.example")),
        403,
        "privileged_role",
    )
    .await;
    expect(
        jira("HELP-3", &sign("HELP-3", "breakglass1@contoso.example")),
        403,
        "break_glass",
    )
    .await;
    expect(jira("HELP-3", &sign("HELP-4", JANE)), 422, "other_ticket").await;
    expect(jira("HELP-3", "no approval"), 422, "approval_missing").await;
    let mut forged = jira("HELP-3", &sign("HELP-3", JANE));
    forged.body.push(b' ');
    expect(forged, 401, "delivery_unauthentic").await;
    expect(Request::post_json("/resets", "{}"), 401, "approval_invalid").await;
    expect(Request::get("/nowhere"), 404, "not_found").await;
    assert_eq!(deployment.tenant.writes().len(), writes);
    expect(Request::get("/health"), 200, "").await;
    assert!(deployment.is_up());
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn every_journey_goes_well_on_a_socket() {
    journeys(Entrance::Socket).await;
}

#[tokio::test]
#[ignore = "needs moto: make test"]
async fn every_journey_goes_well_under_a_lambda_runtime_api() {
    journeys(Entrance::RuntimeApi).await;
}

#[tokio::test]
#[ignore = "needs moto and cargo-lambda: make test"]
async fn every_journey_goes_well_under_cargo_lambda_watch() {
    journeys(Entrance::CargoLambda).await;
}
