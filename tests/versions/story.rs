//! One story: who asks for what, and what else happens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use simulated::approval::{Draft, ON_CALL_AUDIENCE};
use simulated::entra;
use simulated::issuer::Issuer;
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::servicenow::ItemApproved;
use simulated::senders::{jira_automation, on_call};
use simulated::tickets;

use crate::scene::Scene;
use crate::setting::Setting;
use crate::snapshot::HttpRequest;
use crate::world::{Reply, World};

pub const JANE: &str = "jane.doe@contoso.example";
pub const ALEX: &str = "alex.wilber@contoso.example";
pub const ADELE: &str = "adele.vance@contoso.example";
pub const MEGAN: &str = "megan.bowen@contoso.example";
pub const GRACE: &str = "grace.admin@contoso.example";
pub const GUEST: &str = "jordan_fabrikam.example#EXT#@contoso.example";
pub const SAM: &str = "sam.approver@contoso.example";
pub const ADA: &str = "ada.approver@contoso.example";
pub const VERA: &str = "vera.desk@contoso.example";
pub const VICTOR: &str = "victor.verifier@contoso.example";
pub const OLGA: &str = "olga.oncall@contoso.example";

pub const HOUR: Duration = Duration::from_secs(60 * 60);
pub const MINUTE: Duration = Duration::from_secs(60);

const FIELD: &str = "customfield_10123";

/// Who signs approvals: all stories have the same keys.
pub struct Signers {
    service_desk: Issuer,
    security: Issuer,
    on_call: Issuer,
}

impl Signers {
    pub fn new() -> Signers {
        Signers {
            service_desk: Issuer::es256("https://approvals.contoso.example", "desk-2026"),
            security: Issuer::es256("https://security.contoso.example", "sec-2026"),
            on_call: Issuer::es256("https://on-call.contoso.example", "olga-2026")
                .with_key("ada-2026"),
        }
    }

    /// The public keys, by the names of the files in the policy.
    pub fn keys(&self) -> BTreeMap<String, Value> {
        let keys = [
            ("service-desk.jwks.json", &self.service_desk),
            ("security.jwks.json", &self.security),
            ("on-call.jwks.json", &self.on_call),
        ];
        keys.map(|(name, issuer)| (name.to_owned(), issuer.jwks()))
            .into()
    }
}

/// One story.
pub struct Story<'a> {
    pub setting: &'a Setting,
    pub signers: &'a Signers,
    pub world: World,
    pub scene: Arc<Scene>,
}

impl Story<'_> {
    pub fn now(&self) -> i64 {
        self.world.now().as_second()
    }

    /// No snapshots from here on, or again.
    pub fn quiet(&self, quiet: bool) {
        self.scene.quiet.store(quiet, Ordering::SeqCst);
    }

    /// One snapshot of now.
    pub fn take(&self) {
        self.quiet(false);
        self.scene.take();
    }

    pub fn graph_fails(&self, fault: entra::Fault) {
        self.world.tenant.fail(fault);
    }

    /// The next such request changes what it asks for, and its answer is lost.
    pub fn loses_answer(&self, method: &str, path: &str) {
        self.graph_fails(entra::Fault::on(method, path).lose_answer());
    }

    /// The next such request does not arrive.
    pub fn loses_request(&self, method: &str, path: &str) {
        self.graph_fails(entra::Fault::on(method, path).lose_request());
    }

    pub fn jira_fails(&self, fault: tickets::Fault) {
        self.world.jira.fail(fault);
    }

    /// The process writes so often and no more: it is as good as gone.
    pub fn interrupt_after(&self, commits: usize) {
        let table = &self.world.product.table;
        table.limit_commits(Some(commits));
    }

    /// Another process goes on.
    pub fn uninterrupted(&self) {
        self.world.product.table.limit_commits(None);
    }

    /// Does this when Graph has been asked for the nth change, before it answers.
    pub fn at_write(&self, nth: usize, act: impl Fn(&Scene) + Send + Sync + 'static) {
        self.scene
            .at_writes
            .lock()
            .unwrap()
            .push((nth, Box::new(act)));
    }

    pub fn register(&self, upn: &str, method: Value) {
        self.scene.register(upn, method);
    }

    pub fn disable(&self, upn: &str) {
        self.scene.disabled.lock().unwrap().insert(upn.to_owned());
        self.world.tenant.set_enabled(upn, false);
    }

    pub fn remove_user(&self, upn: &str) {
        self.scene.removed.lock().unwrap().insert(upn.to_owned());
        self.world.tenant.remove_user(upn);
    }

    /// An administrator deletes a method: `fido2Methods`, and the nth of the person's methods in the users file.
    pub async fn delete_in_graph(&self, upn: &str, collection: &str, nth: usize) {
        let user = self
            .scene
            .users
            .iter()
            .find(|user| user["userPrincipalName"] == upn);
        let user = user.unwrap();
        let (id, method) = (user["id"].as_str().unwrap(), &user["methods"][nth]["id"]);
        let path = format!(
            "{id}/authentication/{collection}/{}",
            method.as_str().unwrap()
        );
        self.world.delete_in_graph(self.setting, &path).await;
    }

    /// An approval by Sam for Jane's ticket HELP-42, to be changed before it is signed. Not for a lost phone: then nothing
    /// would be begun, because of her passkey.
    pub fn draft(&self) -> Draft {
        Draft::new(self.now())
            .reason("other")
            .target(JANE)
            .approver(SAM)
            .ticket("HELP-42")
            .verified(VERA, self.now() - 300)
    }

    /// Ada's, of the security department: Victor has seen the person.
    pub fn second(&self) -> Draft {
        let seen = json!({"method": "in_person", "verified_by": VICTOR, "verified_at": self.now() - 120,
                          "reference": "VISIT-7"});
        self.draft().approver(ADA).verification([seen])
    }

    /// Olga's, who is on call.
    pub fn on_call(&self, draft: Draft) -> Draft {
        draft.audience(ON_CALL_AUDIENCE).approver(OLGA)
    }

    pub fn desk(&self, draft: &Draft) -> String {
        self.signers.service_desk.approve(draft)
    }

    pub fn security(&self, draft: &Draft) -> String {
        self.signers.security.approve(draft)
    }

    /// With a key of the on-call issuer.
    pub fn sign(&self, kid: &str, draft: &Draft) -> String {
        let issuer = &self.signers.on_call;
        let mut header = issuer.header();
        header["kid"] = kid.into();
        issuer.sign(header, draft.claims(issuer.iss()))
    }

    /// Jira tells that this ticket is approved, with this in its approval field.
    pub fn jira(&self, ticket: &str, field: &str) -> HttpRequest {
        let issue = Issue::new(ticket, Status::new("10042", "Approved")).field(FIELD, field);
        let event = IssueEvent::transition(issue, &Status::new("10041", "Waiting for approval"));
        plain(event.signed("/webhooks/jira", &self.secret("sandbox/jira")))
    }

    pub fn automation(&self, ticket: &str, field: &str) -> HttpRequest {
        let issue = Issue::new(ticket, Status::new("10042", "Approved")).field(FIELD, field);
        let secret = self.secret("sandbox/jira-automation");
        let header = "X-Reregister-Secret";
        plain(jira_automation::web_request(
            "/webhooks/jira-automation",
            &issue,
            header,
            &secret,
        ))
    }

    pub fn servicenow(&self, number: &str, requested_for: &str, approvals: &str) -> HttpRequest {
        let item = ItemApproved::new(number, requested_for).approval(approvals);
        let secret = self.secret("sandbox/servicenow");
        plain(
            item.signed("/webhooks/servicenow", &secret, self.now())
                .unwrap(),
        )
    }

    pub fn post(&self, approval: &str, second: Option<&str>) -> HttpRequest {
        plain(on_call::post("/resets", approval, second))
    }

    fn secret(&self, name: &str) -> String {
        let secret = &self.setting.secrets[name]["current"];
        secret.as_str().unwrap().to_owned()
    }

    pub async fn send(&self, request: &HttpRequest) -> Reply {
        self.world.send(request).await
    }

    /// Sends what is to be sent once more whenever a snapshot of this story has come to its end.
    pub async fn send_and_again(&self, request: HttpRequest) -> Reply {
        self.scene.again.lock().unwrap().push(request.clone());
        self.send(&request).await
    }

    /// The ordinary story: an approval in Jira's HELP-42.
    pub async fn reset(&self, draft: Draft) -> Reply {
        self.send(&self.jira("HELP-42", &self.desk(&draft))).await
    }

    pub async fn wait(&self, time: Duration) {
        self.world.wait(time).await;
    }
}

fn plain(request: Request) -> HttpRequest {
    HttpRequest {
        path: request.path,
        headers: request.headers,
        body: String::from_utf8(request.body).unwrap(),
    }
}
