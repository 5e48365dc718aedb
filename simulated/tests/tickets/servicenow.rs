use simulated::tickets::servicenow::{CLIENT_ID, CLIENT_SECRET, Entry, PASSWORD, ServiceNow, USER};

use super::*;

const ITEMS: &str = "/api/now/table/sc_req_item";
const JOURNAL: &str = "/api/now/table/sys_journal_field";

/// A running instance with two requested items.
struct Instance {
    servicenow: ServiceNow,
    serving: Serving,
    http: Client,
}

impl Instance {
    async fn new() -> Instance {
        let servicenow = ServiceNow::new();
        servicenow.add_record("sc_req_item", "RITM0010072");
        servicenow.add_record("sc_req_item", "RITM0010073");
        Instance {
            serving: servicenow.serve(free_port().await),
            servicenow,
            http: Client::new(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.serving.url)
    }

    /// The rows of a table that these query options select.
    async fn rows(&self, path: &str, options: &[(&str, &str)]) -> Vec<Value> {
        let request = self.http.get(self.url(path)).query(options);
        let (status, answer) = send(request.basic_auth(USER, Some(PASSWORD))).await;
        assert_eq!(status, 200, "{answer}");
        answer["result"].as_array().unwrap().clone()
    }

    async fn sys_id(&self, number: &str) -> String {
        let query = format!("number={number}");
        let rows = self.rows(ITEMS, &[("sysparm_query", &query)]).await;
        rows[0]["sys_id"].as_str().unwrap().to_owned()
    }

    fn patch(&self, sys_id: &str, body: &Value) -> RequestBuilder {
        let url = self.url(&format!("{ITEMS}/{sys_id}"));
        let request = self.http.patch(url).json(body);
        request.basic_auth(USER, Some(PASSWORD))
    }

    async fn note(&self, sys_id: &str, text: &str) {
        let body = json!({"work_notes": text});
        assert_eq!(send(self.patch(sys_id, &body)).await.0, 200);
    }

    fn token(&self, grant: &str, secret: &str) -> RequestBuilder {
        self.http.post(self.url("/oauth_token.do")).form(&[
            ("grant_type", grant),
            ("client_id", CLIENT_ID),
            ("client_secret", secret),
        ])
    }
}

fn each(rows: &[Value], field: &str) -> Vec<String> {
    rows.iter()
        .map(|row| row[field].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_record_is_found_by_its_number_and_all_its_values_are_text() {
    let instance = Instance::new().await;
    let query = ("sysparm_query", "number=RITM0010073");
    let rows = instance.rows(ITEMS, &[query]).await;
    assert_eq!(each(&rows, "number"), ["RITM0010073"]);
    let record = rows[0].as_object().unwrap();
    assert!(record.values().all(Value::is_string), "{record:?}");
    assert_eq!(record["sys_id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn a_note_goes_into_the_journal_and_is_empty_in_the_record() {
    let instance = Instance::new().await;
    let sys_id = instance.sys_id("RITM0010072").await;
    let body = json!({"work_notes": "for those who work", "comments": "for all", "priority": "1"});
    let (status, answer) = send(instance.patch(&sys_id, &body)).await;
    let result = &answer["result"];
    assert_eq!((status.as_u16(), &result["sys_id"]), (200, &json!(sys_id)));
    assert_eq!(
        (&result["work_notes"], &result["comments"]),
        (&json!(""), &json!(""))
    );
    let entry = |element: &str, text: &str| Entry {
        text: text.to_owned(),
        element: element.to_owned(),
        author: USER.to_owned(),
    };
    assert_eq!(
        instance.servicenow.journal("RITM0010072"),
        [
            entry("work_notes", "for those who work"),
            entry("comments", "for all"),
        ]
    );
    assert!(instance.servicenow.journal("RITM0010073").is_empty());
}

#[tokio::test]
async fn a_note_that_is_sent_twice_is_stored_twice_and_an_empty_note_is_not_stored() {
    let instance = Instance::new().await;
    let sys_id = instance.sys_id("RITM0010072").await;
    for text in ["done", "done", ""] {
        instance.note(&sys_id, text).await;
    }
    let journal = instance.servicenow.journal("RITM0010072");
    let texts: Vec<_> = journal.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, ["done", "done"]);
}

#[tokio::test]
async fn a_note_is_found_by_its_record_and_a_part_of_its_text() {
    let instance = Instance::new().await;
    let (one, other) = (
        instance.sys_id("RITM0010072").await,
        instance.sys_id("RITM0010073").await,
    );
    instance.note(&one, "Done. [marker 7]").await;
    instance.note(&one, "Done. [marker 8]").await;
    instance.note(&other, "Done. [marker 7]").await;
    let query = format!("element_id={one}^element=work_notes^valueLIKE[marker 7]");
    let rows = instance.rows(JOURNAL, &[("sysparm_query", &query)]).await;
    assert_eq!(each(&rows, "value"), ["Done. [marker 7]"]);
    assert_eq!(each(&rows, "element_id"), [one]);
    assert_eq!(each(&rows, "name"), ["sc_req_item"]);
    assert_eq!(each(&rows, "sys_created_by"), [USER]);
    assert_eq!(rows[0]["sys_created_on"].as_str().unwrap().len(), 19);
}

#[tokio::test]
async fn a_value_that_no_row_has_selects_no_rows() {
    let instance = Instance::new().await;
    for query in [
        "number=RITM0010074",
        "number=ritm0010072",
        "numberLIKEx",
        "number=",
    ] {
        let rows = instance.rows(ITEMS, &[("sysparm_query", query)]).await;
        assert!(rows.is_empty(), "{query}");
    }
}

#[tokio::test]
async fn a_condition_that_is_not_understood_is_ignored_so_that_all_rows_are_returned() {
    let instance = Instance::new().await;
    for query in ["numbr=RITM0010072", "number~RITM0010072", "RITM0010072", ""] {
        let rows = instance.rows(ITEMS, &[("sysparm_query", query)]).await;
        assert_eq!(rows.len(), 2, "{query}");
    }
    let query = "nowhere=1^number=RITM0010072";
    let rows = instance.rows(ITEMS, &[("sysparm_query", query)]).await;
    assert_eq!(each(&rows, "number"), ["RITM0010072"]);
}

#[tokio::test]
async fn rows_are_sorted_paged_and_reduced_to_the_requested_fields() {
    let instance = Instance::new().await;
    let descending = ("sysparm_query", "ORDERBYDESCnumber");
    let rows = instance.rows(ITEMS, &[descending]).await;
    assert_eq!(each(&rows, "number"), ["RITM0010073", "RITM0010072"]);
    let options = [
        ("sysparm_query", "sys_class_name=sc_req_item^ORDERBYnumber"),
        ("sysparm_limit", "1"),
        ("sysparm_offset", "1"),
        ("sysparm_fields", "number,nonsense,sys_class_name"),
    ];
    let rows = instance.rows(ITEMS, &options).await;
    let expected = json!({"number": "RITM0010073", "sys_class_name": "sc_req_item"});
    assert_eq!(rows, [expected]);
}

#[tokio::test]
async fn a_token_of_the_client_credentials_grant_is_accepted() {
    let instance = Instance::new().await;
    let (status, answer) = send(instance.token("client_credentials", CLIENT_SECRET)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (&answer["token_type"], &answer["expires_in"]),
        (&json!("Bearer"), &json!(1799))
    );
    let token = answer["access_token"].as_str().unwrap();
    let request = instance.http.get(instance.url(ITEMS)).bearer_auth(token);
    assert_eq!(send(request).await.0, 200);
    let calls = instance.servicenow.calls();
    assert_eq!(
        calls,
        ["POST /oauth_token.do".to_owned(), format!("GET {ITEMS}")]
    );
}

#[tokio::test]
async fn a_wrong_secret_or_grant_gets_no_token() {
    let instance = Instance::new().await;
    let denied = json!({"error_description": "access_denied", "error": "server_error"});
    for (grant, secret) in [("client_credentials", "wrong"), ("password", CLIENT_SECRET)] {
        let (status, answer) = send(instance.token(grant, secret)).await;
        assert_eq!((status.as_u16(), &answer), (401, &denied), "{grant}");
    }
}

#[tokio::test]
async fn requests_without_valid_credentials_are_refused_and_write_nothing() {
    let instance = Instance::new().await;
    let sys_id = instance.sys_id("RITM0010072").await;
    let url = instance.url(&format!("{ITEMS}/{sys_id}"));
    let patch = || instance.http.patch(&url).json(&json!({"work_notes": "x"}));
    let error = json!({
        "message": "User Not Authenticated",
        "detail": "Required to provide Auth information",
    });
    for request in [
        patch(),
        patch().basic_auth(USER, Some("wrong")),
        patch().bearer_auth("made up"),
    ] {
        let (status, answer) = send(request).await;
        assert_eq!(status, 401);
        assert_eq!(answer, json!({"error": error, "status": "failure"}));
    }
    assert!(instance.servicenow.journal("RITM0010072").is_empty());
}

#[tokio::test]
async fn a_record_or_a_table_that_does_not_exist_is_refused() {
    let instance = Instance::new().await;
    let body = json!({"work_notes": "x"});
    let (status, answer) = send(instance.patch("c537bae64f411200adf9f8e18110c76e", &body)).await;
    let error = json!({
        "message": "No Record found",
        "detail": "Record doesn't exist or ACL restricts the record retrieval",
    });
    assert_eq!(status, 404);
    assert_eq!(answer, json!({"error": error, "status": "failure"}));
    for path in ["/api/now/table/incident", "/api/now/stats/sc_req_item"] {
        let request = instance.http.get(instance.url(path));
        let (status, answer) = send(request.basic_auth(USER, Some(PASSWORD))).await;
        assert_eq!(
            (status.as_u16(), &answer["status"]),
            (400, &json!("failure"))
        );
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_the_note_in_the_journal() {
    let instance = Instance::new().await;
    let sys_id = instance.sys_id("RITM0010072").await;
    let fault = Fault::on("PATCH", "/sc_req_item/").lose_answer();
    instance.servicenow.fail(fault);
    let request = instance.patch(&sys_id, &json!({"work_notes": "once"}));
    assert!(request.send().await.is_err());
    assert_eq!(instance.servicenow.journal("RITM0010072").len(), 1);
}

#[tokio::test]
async fn the_error_of_a_fault_has_the_envelope_of_servicenow() {
    let instance = Instance::new().await;
    instance
        .servicenow
        .fail(Fault::on("GET", "sysparm_limit=9").throttle(Some(60)));
    let request = instance
        .http
        .get(instance.url(&format!("{ITEMS}?sysparm_limit=9")));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "60");
    assert_eq!(answer.status(), 429);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["message"], "Too Many Requests");
}
