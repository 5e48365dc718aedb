//! The tour: what the product does on real input, and what it refuses.

use std::error::Error;
use std::time::Duration;

use serde_json::{Value, json};
use simulated::entra::Fault;
use simulated::request::Request;
use simulated::senders::jira::{Issue, IssueEvent, Status};
use simulated::senders::jira_automation::web_request;
use simulated::senders::on_call;
use simulated::senders::servicenow::ItemApproved;

use crate::browser::Browser;
use crate::setting::{
    AUTOMATION_SECRET, FIELD, JIRA_SECRET, NINA, Reply, SAM, SERVICENOW_KEY, Setting, VERA,
};

const BOB: &str = "bob.brooks@contoso.example";
const KIM: &str = "kim.larsen@contoso.example";

/// Walks all of it, and gives how many steps did not go as expected.
pub async fn walk(setting: &Setting) -> Result<u32, Box<dyn Error>> {
    let mut tour = Tour {
        setting,
        surprises: 0,
    };
    tour.resets().await?;
    tour.desk().await?;
    tour.refusals().await?;
    tour.outages().await?;
    println!(
        "\nThe audit trail has {} events; the last of them:",
        setting.trail.events().len()
    );
    if let Some(event) = setting.trail.events().last() {
        println!("  {}", serde_json::to_string(event)?);
    }
    Ok(tour.surprises)
}

struct Tour<'a> {
    setting: &'a Setting,
    surprises: u32,
}

impl Tour<'_> {
    async fn resets(&mut self) -> Result<(), Box<dyn Error>> {
        let setting = self.setting;

        self.scene(
            "A Jira webhook: HELP-1 is approved for Bob, who lost his phone with a passkey on it",
            "The approval does not say what becomes of the passkey. Sign-in would ask for it, so nothing is begun.",
        );
        let draft = || setting.draft("HELP-1", BOB).reason("lost");
        let reply = setting
            .send(&setting.jira("HELP-1", &setting.sign(&draft())))
            .await?;
        self.expect(&reply, 422, "would_lock_out");

        self.scene(
            "The same with a new approval, which has passkeys:remove",
            "Checked: the webhook's signature; the approval's signature, issuer, audience, ticket and time; who \
             everybody is; that Bob is not privileged.",
        );
        println!("  Bob has: {}", self.methods_of(BOB));
        let approval = setting.sign(&draft().scope("mfa:reregister passkeys:remove"));
        let delivery = setting.jira("HELP-1", &approval);
        let reply = setting.send(&delivery).await?;
        self.expect(&reply, 200, "completed");
        show_methods(&reply);
        println!("  Bob has: {}", self.methods_of(BOB));

        self.scene(
            "Jira sends the same again",
            "An approval works once: the stored answer, and no call to Graph.",
        );
        let before = setting.tenant.calls().len();
        let reply = setting.send(&delivery).await?;
        self.expect(&reply, 200, "completed");
        self.check("no call to Graph", setting.tenant.calls().len() == before);

        self.scene(
            "A Jira Automation request for Alex",
            "It cannot sign, so it shows a secret in a header: the weaker scheme. Its approval is signed all the same.",
        );
        let approval = setting.sign(&setting.draft("HELP-2", "alex.wilber@contoso.example"));
        let issue =
            Issue::new("HELP-2", Status::new("10042", "Approved")).field(FIELD, approval.as_str());
        let request = web_request(
            "/webhooks/jira-automation",
            &issue,
            "X-Reregister-Secret",
            AUTOMATION_SECRET,
        );
        let reply = setting.send(&request).await?;
        self.expect(&reply, 200, "completed");
        show_methods(&reply);

        self.scene(
            "A ServiceNow request item for Adele, with passkeys:remove",
            "Signed as a business rule signs it, by Standard Webhooks. Her passkey was on the phone that is gone.",
        );
        let adele = "adele.vance@contoso.example";
        let draft = setting
            .draft("RITM0010072", adele)
            .scope("mfa:reregister passkeys:remove");
        let item = ItemApproved::new("RITM0010072", adele).approval(&setting.sign(&draft));
        let reply = setting
            .send(&item.signed("/webhooks/servicenow", SERVICENOW_KEY, setting.now())?)
            .await?;
        self.expect(&reply, 200, "completed");
        show_methods(&reply);

        self.scene(
            "Grace is a Global Administrator: two approvals, by two people, from two trust domains",
            "One would be refused, see below. A second credential acts on her, for privileged people alone.",
        );
        let grace = "grace.admin@contoso.example";
        let first = setting.sign(&setting.draft("HELP-7", grace));
        let second = setting.sign_in_security("HELP-7", grace);
        let reply = setting
            .send(&setting.jira("HELP-7", &format!("{first}\n{second}")))
            .await?;
        self.expect(&reply, 200, "completed");
        show_methods(&reply);

        self.scene(
            "Olga is on call and looks first: a preview for Cash",
            "Nothing is changed, nothing is used up.",
        );
        let approval = setting.on_call("INC-7", "$cash@contoso.example");
        let reply = setting
            .send(&on_call::post("/resets/preview", &approval, None))
            .await?;
        self.expect(&reply, 200, "");

        self.scene(
            "Jira and the desk's sign-in are down: Olga approves with the passkey of her phone",
            "Checked: page, challenge, user verification and signature. No sign-in and no key file.",
        );
        let approval = setting.by_phone("INC-8", NINA);
        let reply = setting
            .send(&on_call::post("/resets", &approval, None))
            .await?;
        self.expect(&reply, 200, "completed");
        show_methods(&reply);
        Ok(())
    }

    async fn desk(&mut self) -> Result<(), Box<dyn Error>> {
        let setting = self.setting;
        self.scene(
            "The desk: Vera signs in, calls Kim and signs that she verified her; Sam signs in and approves",
            "No key and no code: each signature is a sign-in to Entra for one text. The page at /desk does the same.",
        );
        let mut vera = Browser::new(setting).await?;
        let reply = vera.look(VERA).await?;
        self.expect(&reply, 200, "");
        let reply = vera.post("/desk/people", &json!({"person": KIM})).await?;
        self.expect(&reply, 200, "");
        // The number that she calls is one that the desk has shown her.
        let contact = json!({"person": reply.text("id"), "contact": "business_phone"});
        let shown = vera.post("/desk/contacts", &contact).await?;
        self.expect(&shown, 200, "");
        let verification = json!({"verification": {
            "ticket": "HELP-9", "target": reply.text("id"), "scope": "mfa:reregister", "reason": "lost",
            "evidence": [{"method": "phone_call", "via": "desk"}],
        }});
        let reply = vera.sign(&verification).await?;
        self.expect(&reply, 200, "");
        let case = reply.text("case").to_owned();
        println!(
            "     the link for the approver: {}/desk/{case}",
            setting.url
        );

        let mut sam = Browser::new(setting).await?;
        sam.look(SAM).await?;
        let reply = sam
            .sign(&json!({"approval": {"case": case, "for_ticket": false}}))
            .await?;
        self.expect(&reply, 200, "completed");
        show_methods(&reply);
        Ok(())
    }

    async fn refusals(&mut self) -> Result<(), Box<dyn Error>> {
        let setting = self.setting;
        let writes = setting.tenant.writes().len();
        let sign = |ticket: &str, target: &str| setting.sign(&setting.draft(ticket, target));

        self.scene("A comment in a ticket", "It asks for nothing: a quiet 204.");
        let issue = Issue::new("HELP-3", Status::new("10042", "Approved"));
        let comment =
            IssueEvent::commented(issue, "any news?").signed("/webhooks/jira", JIRA_SECRET);
        let reply = setting.send(&comment).await?;
        self.check("204", reply.status == 204);

        for (title, request, status, code) in [
            (
                "A webhook that was changed on its way",
                {
                    let mut request = setting.jira("HELP-4", &sign("HELP-4", BOB));
                    request.body.push(b' ');
                    request
                },
                401,
                "delivery_unauthentic",
            ),
            (
                "An approved ticket without an approval",
                setting.jira("HELP-4", "I know her, it is fine"),
                422,
                "approval_missing",
            ),
            (
                "An approval with a forged signature",
                {
                    let approval = sign("HELP-4", BOB);
                    let (signed, _) = approval.rsplit_once('.').unwrap_or_default();
                    setting.jira("HELP-4", &format!("{signed}.{}", "A".repeat(86)))
                },
                401,
                "approval_invalid",
            ),
            (
                "An approval for another ticket",
                setting.jira("HELP-4", &sign("HELP-5", BOB)),
                422,
                "other_ticket",
            ),
            (
                "An approval that has expired",
                setting.jira(
                    "HELP-4",
                    &setting.sign(
                        &setting
                            .draft("HELP-4", BOB)
                            .issued_at(setting.now() - 900)
                            .expires_at(setting.now()),
                    ),
                ),
                422,
                "approval_expired",
            ),
            (
                "An approver who approves for herself",
                setting.jira(
                    "HELP-4",
                    &setting.sign(&setting.draft("HELP-4", BOB).approver(BOB)),
                ),
                403,
                "approver_is_target",
            ),
            (
                "A call to the very phone that was stolen",
                {
                    let call = serde_json::json!({
                        "method": "phone_call", "via": "mobile", "contact_source": "company_directory",
                        "verified_by": crate::setting::VERA, "verified_at": setting.now() - 60,
                    });
                    let draft = setting
                        .draft("HELP-4", BOB)
                        .reason("stolen")
                        .verification([call]);
                    setting.jira("HELP-4", &setting.sign(&draft))
                },
                422,
                "evidence_on_lost_phone",
            ),
            (
                "A Global Administrator, on one approval",
                setting.jira("HELP-4", &sign("HELP-4", "grace.admin@contoso.example")),
                403,
                "privileged_role",
            ),
            (
                "A break-glass account",
                setting.jira("HELP-4", &sign("HELP-4", "breakglass1@contoso.example")),
                403,
                "break_glass",
            ),
            (
                "An approval from a ticket, at the on-call door",
                on_call::post("/resets", &sign("HELP-4", BOB), None),
                403,
                "issuer_not_allowed",
            ),
            (
                "A request that no route takes",
                Request::get("/resets"),
                405,
                "method_not_allowed",
            ),
        ] {
            self.scene(title, "");
            let reply = setting.send(&request).await?;
            self.expect(&reply, status, code);
        }
        self.check(
            "none of these changed anything in Graph",
            setting.tenant.writes().len() == writes,
        );
        Ok(())
    }

    async fn outages(&mut self) -> Result<(), Box<dyn Error>> {
        let setting = self.setting;
        self.scene(
            "Graph does not answer while the roles of Tina are looked up",
            "Not knowing is no answer: 202, nothing is used up, and it is tried again without a new request.",
        );
        let tina = "tina.torres@contoso.example";
        setting
            .tenant
            .fail(Fault::on("GET", "roleAssignments").times(3).status(503));
        let approval = setting.sign(&setting.draft("HELP-6", tina));
        let reply = setting.send(&setting.jira("HELP-6", &approval)).await?;
        self.expect(&reply, 202, "directory_unavailable waiting");
        let path = format!("/resets/{}", reply.text("reset"));
        let mut reply = reply;
        for _ in 0..40 {
            if reply.text("state") == "completed" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
            reply = setting.send(&on_call::get(&path, &approval)).await?;
        }
        self.expect(&reply, 200, "completed");

        self.scene(
            "Bob again, some minutes after his reset, on one approval",
            "A person who was reset has a cool-down of an hour, unless a second person approves. It is not used up.",
        );
        let approval = setting.sign(&setting.draft("HELP-8", BOB));
        let reply = setting.send(&setting.jira("HELP-8", &approval)).await?;
        self.expect(&reply, 403, "cooling_down");
        Ok(())
    }

    fn scene(&self, title: &str, explanation: &str) {
        println!("\n{title}");
        if !explanation.is_empty() {
            println!("  {explanation}");
        }
    }

    /// The status, and the code of a refusal or the state of an outcome.
    fn expect(&mut self, reply: &Reply, status: u16, word: &str) {
        let text = |name: &str| reply.text(name).to_owned();
        let said = format!("{} {}", text("code"), text("state"));
        let said = said.trim();
        println!("  -> {} {said}: {}", reply.status, text("note"));
        self.check(
            &format!("{status} {word}"),
            reply.status == status && said == word,
        );
    }

    fn check(&mut self, expected: &str, held: bool) {
        if !held {
            self.surprises += 1;
            println!("  !! expected: {expected}");
        }
    }

    fn methods_of(&self, user: &str) -> String {
        let names: Vec<String> = self
            .setting
            .tenant
            .methods_of(user)
            .into_iter()
            .map(|method| {
                method
                    .kind
                    .trim_end_matches("AuthenticationMethod")
                    .to_owned()
            })
            .collect();
        names.join(", ")
    }
}

fn show_methods(reply: &Reply) {
    for row in reply
        .json
        .get("methods")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        println!(
            "     {:<11} {:<26} {:<24} {}",
            text("status"),
            text("method"),
            text("label"),
            text("why")
        );
    }
}
