//! What has come to its end: completed, refused, repeated, left to a person, or never accepted.

use serde_json::json;
use simulated::approval::Draft;
use simulated::entra::Fault;

use crate::harvest::Harvest;
use crate::story::{ADA, ADELE, ALEX, GRACE, HOUR, JANE, MINUTE, OLGA, SAM, Story, VERA};

pub async fn tell(harvest: &Harvest) {
    no_longer_allowed(harvest).await;
    no_longer_allowed_on_two(harvest).await;
    another_policy(harvest).await;
    repeated(harvest).await;
    bounds(harvest).await;
    refused_for_the_approval(harvest).await;
    refused_for_the_people(harvest).await;
    refused_on_call(harvest).await;

    let story = harvest.story("never accepted", "standard").await;
    story
        .world
        .wake("0e0e0e0e-0000-4000-8000-00000000000e")
        .await;
}

/// After a claim something changes, so that the person may not be reset any more.
async fn no_longer_allowed(harvest: &Harvest) {
    let interrupted = async |name: &str| {
        let story = harvest.story(name, "standard").await;
        story.graph_fails(Fault::on("DELETE", "phoneMethods").times(4).status(503));
        story.interrupt_after(5);
        story.reset(story.draft()).await;
        story.uninterrupted();
        story
    };
    let story = interrupted("disabled in between").await;
    story.disable(JANE);
    story.wait(HOUR).await;

    let story = interrupted("deleted in between").await;
    story.remove_user(JANE);
    story.wait(HOUR).await;

    let story = interrupted("the approver leaves in between").await;
    story.disable(SAM);
    story.wait(HOUR).await;
}

/// The same of a privileged person.
async fn no_longer_allowed_on_two(harvest: &Harvest) {
    let story = harvest
        .story("privileged and disabled in between", "standard")
        .await;
    let [first, second] =
        [story.draft(), story.second()].map(|draft| draft.target(GRACE).ticket("RITM0010072"));
    let both = format!("{}\n{}", story.desk(&first), story.security(&second));
    story.interrupt_after(4);
    story
        .send(&story.servicenow("RITM0010072", GRACE, &both))
        .await;
    story.uninterrupted();
    story.disable(GRACE);
    story.wait(HOUR).await;
}

/// Between two runs the policy becomes another one.
async fn another_policy(harvest: &Harvest) {
    let story = harvest.story("another policy in between", "standard").await;
    story.interrupt_after(5);
    story.reset(story.draft()).await;
    let mut interrupted = story.scene.now();
    interrupted.policy = "deactivates".to_owned();
    let story = harvest.continued(interrupted).await;
    story.wait(HOUR).await;
}

async fn repeated(harvest: &Harvest) {
    let story = harvest
        .story("one approval by two sources", "standard")
        .await;
    let approval = story.desk(&story.draft());
    story.send(&story.jira("HELP-42", &approval)).await;
    story.wait(MINUTE).await;
    story.send(&story.automation("HELP-42", &approval)).await;
    story.wait(HOUR).await;

    // A used approval and one that has expired are in the ticket beside a good one.
    let story = harvest
        .story("used and expired beside a good one", "standard")
        .await;
    let used = story.desk(&story.draft());
    let expires = story.desk(&story.draft().expires_at(story.now() + 60));
    story.send(&story.jira("HELP-42", &used)).await;
    story.wait(HOUR).await;
    let good = story.desk(&story.draft());
    story
        .send(&story.jira("HELP-42", &format!("{used}\n{expires}\n{good}")))
        .await;
    story.wait(HOUR).await;

    // Two deliveries of one approval, of which the first ends just after its claim.
    let story = harvest
        .story("one approval twice at once", "standard")
        .await;
    let approval = story.desk(&story.draft());
    story.interrupt_after(3);
    story.send(&story.jira("HELP-42", &approval)).await;
    story.uninterrupted();
    story.send(&story.automation("HELP-42", &approval)).await;
    story.wait(HOUR).await;
}

async fn bounds(harvest: &Harvest) {
    let story = harvest.story("at most two in an hour", "capped").await;
    for (nth, target) in [JANE, ALEX, ADELE].into_iter().enumerate() {
        let ticket = format!("HELP-4{}", 2 + nth);
        let draft = story.draft().target(target).ticket(&ticket);
        story.send(&story.jira(&ticket, &story.desk(&draft))).await;
        story.wait(MINUTE).await;
    }

    let story = harvest.story("again within the hour", "standard").await;
    story.reset(story.draft()).await;
    story.wait(MINUTE).await;
    story.reset(story.draft()).await;
    story.wait(MINUTE).await;
    let both = format!(
        "{}\n{}",
        story.desk(&story.draft()),
        story.security(&story.second())
    );
    story.send(&story.jira("HELP-42", &both)).await;
    story.wait(HOUR).await;

    let story = harvest.story("frozen", "standard").await;
    story.world.product.freeze(true, true).await;
    story.reset(story.draft()).await;
    story.world.product.freeze(false, true).await;
    story.reset(story.draft().target(ALEX)).await;
    story.world.product.freeze(false, false).await;
    story.reset(story.draft().target(ADELE)).await;
    story.wait(HOUR).await;
}

/// Sends each of these, and takes one snapshot in the end.
async fn all_refused(story: &Story<'_>, drafts: impl IntoIterator<Item = Draft>) {
    story.quiet(true);
    for draft in drafts {
        story.reset(draft).await;
    }
    story.wait(MINUTE).await;
    story.take();
}

async fn refused_for_the_approval(harvest: &Harvest) {
    let story = harvest.story("refused for the approval", "standard").await;
    story.quiet(true);
    let good = story.desk(&story.draft());
    let (signed, _) = good.rsplit_once('.').unwrap();
    let long = format!("{signed}.{}", "A".repeat(9000));
    for field in [
        "I spoke to her, it is fine".to_owned(),
        format!("{signed}.{}", "A".repeat(86)),
        long,
        [good.as_str(); 6].join("\n"),
        story.sign("olga-2026", &story.draft()),
    ] {
        story.send(&story.jira("HELP-42", &field)).await;
    }
    let now = story.now();
    let [first, second] = [story.draft(), story.second()].map(|draft| draft.target(GRACE));
    let both = format!(
        "{}\n{}",
        story.desk(&first),
        story.security(&second.reason("broken"))
    );
    story.send(&story.jira("HELP-42", &both)).await;
    let drafts = [
        story.draft().ticket("HELP-43"),
        story.draft().tenant("00000000-0000-4000-8000-000000000001"),
        story.draft().expires_at(now - 1).issued_at(now - 600),
        story.draft().issued_at(now + 600).expires_at(now + 1200),
        story.draft().expires_at(now + 24 * 3600),
        story.draft().verified(VERA, now - 24 * 3600),
        story.draft().scope("mfa:reregister password:reset"),
        story
            .draft()
            .claim("aud", "https://mfa.contoso.example/other"),
    ];
    all_refused(&story, drafts).await;
}

async fn refused_for_the_people(harvest: &Harvest) {
    let story = harvest.story("refused for the people", "standard").await;
    let unknown = "unknown@contoso.example";
    let left = "henrietta.mueller@contoso.example";
    let now = story.now();
    let drafts = [
        story.draft().target(unknown),
        story.draft().target(left),
        story.draft().approver(unknown),
        story.draft().approver(left),
        story.draft().verified(unknown, now - 60),
        story.draft().approver(JANE),
        story.draft().verified(JANE, now - 60),
        story.draft().target("breakglass1@contoso.example"),
        story.draft().target(GRACE),
        story.draft().target("nestor.wilke@contoso.example"),
        story.draft().target("owen.owner@contoso.example"),
        story.draft().target(SAM).approver(ADA),
    ];
    story.quiet(true);
    let draft = story.draft().ticket("RITM0010073");
    story
        .send(&story.servicenow("RITM0010073", ALEX, &story.desk(&draft)))
        .await;
    let first = story.desk(&story.draft().target(GRACE));
    let same = story.security(&story.second().target(GRACE).approver(SAM));
    story
        .send(&story.jira("HELP-42", &format!("{first}\n{same}")))
        .await;
    let standard = story.automation("HELP-42", &format!("{first}\n{same}"));
    story.send(&standard).await;
    all_refused(&story, drafts).await;
}

async fn refused_on_call(harvest: &Harvest) {
    let story = harvest.story("refused on call", "strict").await;
    story.quiet(true);
    let draft = story.on_call(story.draft());
    let own = story
        .on_call(story.draft())
        .verified(OLGA, story.now() - 60);
    let own = own.claim("amr", json!(["pwd", "hwk"]));
    let another = story.on_call(story.draft()).approver(SAM);
    for draft in [draft, own, another] {
        story
            .send(&story.post(&story.sign("olga-2026", &draft), None))
            .await;
    }
    story.wait(MINUTE).await;
    story.take();
}
