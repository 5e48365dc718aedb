//! Who is told of the end, and who is not told yet.

use std::sync::atomic::Ordering;

use simulated::tickets::Fault;

use crate::harvest::Harvest;
use crate::story::{GRACE, HOUR, MINUTE};

pub async fn tell(harvest: &Harvest) {
    let story = harvest.story("Jira is down", "standard").await;
    story.jira_fails(Fault::on("*", "").times(u32::MAX).status(503));
    story.reset(story.draft()).await;
    story.wait(4 * HOUR).await;

    let story = harvest
        .story("Jira is down for a refusal", "standard")
        .await;
    story.jira_fails(Fault::on("*", "").times(3).status(503));
    story.reset(story.draft().target(GRACE)).await;
    story.wait(HOUR).await;

    // The note is there, and its answer was lost.
    let story = harvest
        .story("a note whose answer was lost", "standard")
        .await;
    story.jira_fails(Fault::on("POST", "/comment").lose_answer());
    story.reset(story.draft()).await;
    story.wait(MINUTE).await;

    let story = harvest.story("Jira has no such ticket", "standard").await;
    let draft = story.draft().ticket("HELP-404");
    story
        .send(&story.jira("HELP-404", &story.desk(&draft)))
        .await;
    story.wait(HOUR).await;

    let story = harvest.story("the topic is down", "standard").await;
    story
        .world
        .product
        .security
        .down
        .store(true, Ordering::SeqCst);
    story.reset(story.draft()).await;
    story.wait(4 * HOUR).await;

    let story = harvest
        .story("the topic is down for a refusal", "standard")
        .await;
    story
        .world
        .product
        .security
        .down
        .store(true, Ordering::SeqCst);
    story.reset(story.draft().target(GRACE)).await;
    story.wait(4 * HOUR).await;

    // It fills up after the claim.
    let story = harvest.story("the audit trail fills up", "standard").await;
    let audit = story.world.product.audit.clone();
    story.at_write(6, move |_| audit.full.store(true, Ordering::SeqCst));
    story.reset(story.draft()).await;
    story.wait(5 * HOUR).await;

    // Nothing can be decided, and later not even that can be written down.
    let story = harvest
        .story("given up, and the audit trail is full", "standard")
        .await;
    let graph = simulated::entra::Fault::on("GET", "");
    story.graph_fails(graph.times(u32::MAX).status(503));
    story.reset(story.draft()).await;
    story.world.product.audit.full.store(true, Ordering::SeqCst);
    story
        .world
        .product
        .security
        .down
        .store(true, Ordering::SeqCst);
    story.wait(5 * HOUR).await;
}
