//! What is claimed and running, at each step, with each answer of Graph.

use serde_json::json;
use simulated::entra::Fault;

use crate::harvest::Harvest;
use crate::story::{ADA, ADELE, GRACE, GUEST, HOUR, JANE, MEGAN, MINUTE, VERA};

pub async fn tell(harvest: &Harvest) {
    asked_by_each_door(harvest).await;
    hardware_tokens(harvest).await;
    answers_of_graph(harvest).await;
    behind_our_back(harvest).await;
    out_of_patience(harvest).await;
}

async fn asked_by_each_door(harvest: &Harvest) {
    let story = harvest.story("Jira asks for Jane", "standard").await;
    let approval = story.desk(&story.draft());
    story.send_and_again(story.jira("HELP-42", &approval)).await;
    story.wait(HOUR).await;

    let story = harvest.story("on call for Jane", "standard").await;
    let draft = story
        .on_call(story.draft())
        .scope("mfa:reregister passkeys:remove sessions:keep");
    let approval = story.sign("olga-2026", &draft.reason("replaced"));
    story.send_and_again(story.post(&approval, None)).await;
    story.wait(HOUR).await;

    let story = harvest.story("ServiceNow asks for Grace", "standard").await;
    let (first, second) = (story.draft(), story.second());
    let [first, second] = [first, second].map(|draft| draft.target(GRACE).ticket("RITM0010072"));
    let both = format!("{}\n{}", story.desk(&first), story.security(&second));
    story
        .send_and_again(story.servicenow("RITM0010072", GRACE, &both))
        .await;
    story.wait(HOUR).await;

    let story = harvest.story("two on call for Grace", "standard").await;
    let first = story.on_call(story.draft().target(GRACE)).reason("stolen");
    let second = story.on_call(story.second().target(GRACE)).reason("stolen");
    let second = story.sign("ada-2026", &second.approver(ADA));
    story
        .send(&story.post(&story.sign("olga-2026", &first), Some(&second)))
        .await;
    story.wait(HOUR).await;

    let story = harvest
        .story("Jira Automation asks for a guest", "standard")
        .await;
    let hearsay = json!({"method": "phone_call", "via": "home", "contact_source": "colleague",
                         "verified_by": VERA, "verified_at": story.now() - 60});
    let draft = story
        .draft()
        .target(GUEST)
        .verification([hearsay])
        .without("reason");
    story
        .send(&story.automation("HELP-42", &story.desk(&draft)))
        .await;
    story.wait(HOUR).await;

    let story = harvest.story("one of two tenants", "two-tenants").await;
    let seen =
        json!({"method": "verified_id", "verified_by": VERA, "verified_at": story.now() - 60});
    let message = json!({"method": "secure_message", "via": "teams", "contact_source": "company_directory",
                         "verified_by": VERA, "verified_at": story.now() - 90});
    let draft = story.draft().tenant("7d6f5c4b-3a29-4180-9c7e-6b5a49382716");
    let draft = draft
        .target(ADELE)
        .reason("broken")
        .verification([seen, message]);
    let draft = draft
        .scope("mfa:reregister passkeys:remove")
        .claim("amr", json!(["pwd", "hwk"]));
    story.reset(draft).await;
    story.wait(HOUR).await;
}

async fn hardware_tokens(harvest: &Harvest) {
    let story = harvest
        .story("a token that a person has to deactivate", "standard")
        .await;
    story
        .reset(story.draft().target(MEGAN).reason("other"))
        .await;
    story.wait(HOUR).await;

    let story = harvest
        .story("a token that is deactivated", "deactivates")
        .await;
    story.loses_answer("POST", "deactivate");
    let lost = story.draft().target(MEGAN).reason("lost");
    story.reset(lost).await;
    story.wait(HOUR).await;

    let story = harvest
        .story("a token whose state is unknown", "deactivates")
        .await;
    story.loses_answer("POST", "deactivate");
    story.graph_fails(Fault::on("POST", "deactivate").times(9).status(403));
    story.reset(story.draft().target(MEGAN)).await;
    story.wait(HOUR).await;

    let story = harvest
        .story("a token that is not there", "deactivates")
        .await;
    story.graph_fails(Fault::on("POST", "deactivate").status(404));
    story.reset(story.draft().target(MEGAN)).await;
    story.wait(HOUR).await;

    let story = harvest
        .story("tokens that cannot be listed at first", "deactivates")
        .await;
    story.graph_fails(Fault::on("GET", "hardwareOathMethods").status(400));
    story.reset(story.draft().target(MEGAN)).await;
    story.wait(HOUR).await;

    let story = harvest
        .story("tokens that cannot be listed", "deactivates")
        .await;
    story.graph_fails(
        Fault::on("GET", "hardwareOathMethods")
            .times(u32::MAX)
            .status(400),
    );
    story.reset(story.draft()).await;
    story.wait(3 * HOUR).await;
}

async fn answers_of_graph(harvest: &Harvest) {
    let story = harvest.story("lost answers", "standard").await;
    story.loses_answer("POST", "revokeSignInSessions");
    story.loses_answer("DELETE", "softwareOathMethods");
    story.loses_request("DELETE", "phoneMethods");
    story.reset(story.draft()).await;
    story.wait(HOUR).await;

    let story = harvest.story("throttled", "standard").await;
    story.graph_fails(Fault::on("POST", "revokeSignInSessions").throttle(Some(2)));
    story.graph_fails(
        Fault::on("DELETE", "phoneMethods")
            .times(2)
            .throttle(Some(40)),
    );
    story.reset(story.draft()).await;
    story.wait(HOUR).await;

    let story = harvest.story("the list fails", "standard").await;
    story.graph_fails(
        Fault::on("GET", "authentication/methods")
            .skip(1)
            .times(8)
            .status(503),
    );
    story.reset(story.draft()).await;
    story.wait(HOUR).await;

    let story = harvest.story("not allowed", "standard").await;
    story.graph_fails(
        Fault::on("DELETE", "softwareOathMethods")
            .times(9)
            .status(403),
    );
    story.graph_fails(
        Fault::on("POST", "revokeSignInSessions")
            .times(9)
            .status(403),
    );
    story.reset(story.draft()).await;
    story.wait(HOUR).await;

    let story = harvest
        .story("sessions whose state is unknown", "standard")
        .await;
    story.loses_answer("POST", "revokeSignInSessions");
    story.graph_fails(
        Fault::on("POST", "revokeSignInSessions")
            .times(9)
            .status(403),
    );
    story.reset(story.draft()).await;
    story.wait(HOUR).await;
}

async fn behind_our_back(harvest: &Harvest) {
    let story = harvest.story("a method that appears", "standard").await;
    story.at_write(2, |scene| {
        let method = json!({"type": "microsoftAuthenticator", "displayName": "Not Jane's phone",
                            "id": "b2000000-0000-4000-8000-000000000001"});
        scene.register(JANE, method);
    });
    story.reset(story.draft()).await;
    story.wait(HOUR).await;

    // The process ends just after the claim; before the next run Jane's passkey, her app for codes and both of her
    // numbers are gone, and the second number is another one.
    let story = harvest.story("gone in between", "standard").await;
    story.interrupt_after(2);
    let draft = story.draft();
    story.reset(draft).await;
    story.uninterrupted();
    story.delete_in_graph(JANE, "fido2Methods", 4).await;
    story.delete_in_graph(JANE, "softwareOathMethods", 3).await;
    story.delete_in_graph(JANE, "phoneMethods", 2).await;
    story.register(
        JANE,
        json!({"type": "phone", "phoneType": "mobile", "phoneNumber": "+1 4255550199",
                                "id": "3179e48a-750b-4051-897c-87b9720928f7"}),
    );
    story.wait(HOUR).await;

    // Each time after a few writes the process ends.
    let story = harvest.story("many processes", "standard").await;
    story.interrupt_after(3);
    story.reset(story.draft()).await;
    for _ in 0..20 {
        story.interrupt_after(3);
        story.wait(3 * MINUTE).await;
    }
    story.uninterrupted();
    story.wait(HOUR).await;
}

async fn out_of_patience(harvest: &Harvest) {
    let story = harvest
        .story("lists that show what is gone", "standard")
        .await;
    story.world.tenant.set_deletion_lag(u32::MAX);
    story.reset(story.draft()).await;
    story.wait(3 * HOUR).await;

    let story = harvest
        .story("Graph fails after the claim", "standard")
        .await;
    story.graph_fails(Fault::on("DELETE", "").times(u32::MAX).status(503));
    story.graph_fails(
        Fault::on("POST", "revokeSignInSessions")
            .times(u32::MAX)
            .throttle(None),
    );
    story.reset(story.draft()).await;
    story.wait(3 * HOUR).await;

    let story = harvest.story("frozen after the claim", "standard").await;
    story.interrupt_after(2);
    story.reset(story.draft()).await;
    story.uninterrupted();
    story.world.product.freeze(true, false).await;
    story.wait(3 * HOUR).await;
}
