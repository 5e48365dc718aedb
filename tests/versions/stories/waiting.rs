//! What is accepted and waits, for each reason.

use std::sync::atomic::Ordering;

use simulated::entra::Fault;

use crate::harvest::Harvest;
use crate::story::{ADA, HOUR, JANE, MINUTE};

pub async fn tell(harvest: &Harvest) {
    let story = harvest.story("Graph does not answer", "standard").await;
    story.graph_fails(Fault::on("GET", "").times(u32::MAX).status(503));
    story.reset(story.draft()).await;
    story.wait(3 * HOUR).await;

    let story = harvest
        .story("Graph does not answer, on call", "standard")
        .await;
    story.graph_fails(Fault::on("GET", "").times(u32::MAX).status(503));
    let approval = story.sign("olga-2026", &story.on_call(story.draft()));
    story.send(&story.post(&approval, None)).await;
    story.wait(3 * HOUR).await;

    let story = harvest.story("Graph does not let us", "standard").await;
    story
        .world
        .tenant
        .grant(&["User.Read.All", "UserAuthenticationMethod.Read.All"]);
    story.reset(story.draft()).await;
    story.wait(MINUTE).await;

    let story = harvest.story("the audit trail is full", "standard").await;
    story.world.product.audit.full.store(true, Ordering::SeqCst);
    story.reset(story.draft()).await;
    story.wait(5 * HOUR).await;

    let story = harvest
        .story("approvals cannot be looked up", "standard")
        .await;
    story.world.product.table.make_unreadable(Some("approval#"));
    story.reset(story.draft()).await;
    story.world.product.table.make_unreadable(None);
    story.wait(HOUR).await;

    let story = harvest.story("there are no keys", "standard").await;
    let keys = story.world.keys.path().join("service-desk.jwks.json");
    std::fs::rename(&keys, keys.with_extension("away")).unwrap();
    story.reset(story.draft()).await;
    std::fs::rename(keys.with_extension("away"), &keys).unwrap();
    story.wait(HOUR).await;

    let story = harvest.story("Graph takes its time", "standard").await;
    for (path, seconds) in [("roleAssignments", 7), ("authentication/methods", 3)] {
        let fault = Fault::on("GET", path).throttle(Some(seconds));
        story.graph_fails(fault);
    }
    story.reset(story.draft()).await;
    story.wait(HOUR).await;

    // The first process ends after its claim; the second request finds the person taken.
    let story = harvest.story("two for one person", "standard").await;
    story.interrupt_after(4);
    story.reset(story.draft()).await;
    story.uninterrupted();
    let draft = story.draft().ticket("RITM0010072");
    story
        .send(&story.servicenow("RITM0010072", JANE, &story.desk(&draft)))
        .await;
    story.wait(HOUR).await;

    // Its message was lost: another request for the person closes it.
    let story = harvest.story("forgotten", "standard").await;
    story.interrupt_after(4);
    story.reset(story.draft()).await;
    story.uninterrupted();
    story.world.product.queue.messages.lock().unwrap().clear();
    story.wait(3 * HOUR).await;
    let draft = story.draft().ticket("HELP-43").approver(ADA);
    story
        .send(&story.jira("HELP-43", &story.desk(&draft)))
        .await;
    story.wait(HOUR).await;
}
