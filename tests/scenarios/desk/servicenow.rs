//! The notes of the desk in a ticket of ServiceNow.

use std::time::Duration;

use serde_json::json;
use simulated::tickets::servicenow::{PASSWORD, ServiceNow, USER};
use tokio::net::TcpListener;

use super::browser::verification_in;
use super::{Browser, JANE_ID, with_desk};
use crate::test_app::{SAM, VERA};

const ITEM: &str = "RITM0010042";

#[tokio::test]
async fn a_ticket_of_servicenow_hears_that_the_person_was_verified_and_what_came_of_it() {
    let servicenow = ServiceNow::new();
    servicenow.add_record("sc_req_item", ITEM);
    let serving = servicenow.serve(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let notes = json!({
        "system": {"servicenow": {"instance": serving.url, "table": "sc_req_item"}},
        "secret": "sandbox/servicenow-notes",
    });
    let app = with_desk(|policy| policy.add("notes.servicenow", notes)).await;
    let account = json!({"username": USER, "password": PASSWORD});
    app.set_secret("sandbox/servicenow-notes", account);
    for ends_by in ["was rejected by", "has expired", "Done:"] {
        let before = servicenow.journal(ITEM).len();
        let vera = Browser::of(&app, VERA).await;
        let draft = vera.draft(&verification_in(ITEM, JANE_ID)).await;
        let signed = vera.sign(&draft.json).await.json;
        assert_eq!(signed["noted"], true, "{signed}");
        let case = signed["case"].as_str().unwrap();
        let sam = Browser::of(&app, SAM).await;
        match ends_by {
            "was rejected by" => {
                let path = format!("/desk/cases/{case}/rejection");
                let no = sam.post(&path, &json!({"reason": "not her"})).await;
                assert_eq!(no.json["noted"], true, "{no:?}");
            }
            "Done:" => sam.approve(case).await.assert_completed(),
            _ => {}
        }
        app.wait(Duration::from_secs(5 * 60 * 60)).await;
        let written = servicenow.journal(ITEM).split_off(before);
        let mut written: Vec<String> = written.into_iter().map(|entry| entry.text).collect();
        written.sort_by_key(|text| !text.contains("waits for an approver"));
        let [verified, end] = &written[..] else {
            panic!("{ends_by}: {written:?}");
        };
        assert!(verified.contains("waits for an approver"), "{verified}");
        assert!(end.contains(ends_by), "{end}");
    }
}
