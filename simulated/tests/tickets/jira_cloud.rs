use simulated::tickets::jira_cloud::Comment;

use super::*;

/// A document with one paragraph of these nodes.
fn document(nodes: Value) -> Value {
    json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": nodes}]})
}

#[tokio::test]
async fn a_comment_is_read_back_as_it_was_written() {
    let site = Site::new().await;
    let body = document(json!([{"type": "text", "text": "Done."}]));
    let (status, written) = send(site.post(COMMENTS, &json!({"body": body}))).await;
    assert_eq!(status, 201);
    assert_eq!(written["body"], body);
    assert_eq!(written["jsdPublic"], true);
    let created: jiff::Timestamp = written["created"]
        .as_str()
        .unwrap()
        .replace("+0000", "Z")
        .parse()
        .unwrap();
    let age = jiff::Timestamp::now().as_second() - created.as_second();
    assert!((0..60).contains(&age), "{created}");
    let (status, page) = send(site.get(COMMENTS)).await;
    assert_eq!((status.as_u16(), &page["total"]), (200, &json!(1)));
    assert_eq!(page["comments"][0], written);
    let expected = Comment {
        text: "Done.".to_owned(),
        internal: false,
        author: EMAIL.to_owned(),
        id: written["id"].as_str().unwrap().to_owned(),
    };
    assert_eq!(site.jira.comments("HELP-42"), [expected]);
}

#[tokio::test]
async fn a_comment_that_is_sent_twice_is_stored_twice_with_different_ids() {
    let site = Site::new().await;
    send(site.comment("again")).await;
    send(site.comment("again")).await;
    assert_eq!(site.texts(), ["again", "again"]);
    let comments = site.jira.comments("HELP-42");
    assert_ne!(comments[0].id, comments[1].id);
}

#[tokio::test]
async fn an_internal_note_is_not_public_and_has_its_properties_only_if_they_are_expanded() {
    let site = Site::new().await;
    let properties = json!([{"key": "sd.public.comment", "value": {"internal": true}}]);
    let body = document(json!([{"type": "text", "text": "for agents"}]));
    let sent = json!({"body": body, "properties": properties});
    let (status, written) = send(site.post(COMMENTS, &sent)).await;
    assert_eq!(
        (status.as_u16(), &written["jsdPublic"]),
        (201, &json!(false))
    );
    assert_eq!(written.get("properties"), None);
    let (_, page) = send(site.get(&format!("{COMMENTS}?expand=renderedBody,properties"))).await;
    assert_eq!(page["comments"][0]["properties"], properties);
    assert!(site.jira.comments("HELP-42")[0].internal);
}

#[tokio::test]
async fn a_comment_by_another_author_is_public_and_names_that_author() {
    let site = Site::new().await;
    site.jira.add_comment("HELP-42", "Any news?");
    let (_, me) = send(site.get("/rest/api/3/myself")).await;
    let (_, page) = send(site.get(COMMENTS)).await;
    let comment = &page["comments"][0];
    assert_ne!(comment["author"]["accountId"], me["accountId"]);
    assert_eq!(comment["jsdPublic"], true);
    assert_ne!(site.jira.comments("HELP-42")[0].author, EMAIL);
    send(site.comment("Yes.")).await;
    let (_, page) = send(site.get(COMMENTS)).await;
    assert_eq!(page["comments"][1]["author"]["accountId"], me["accountId"]);
}

#[tokio::test]
async fn breaks_and_known_marks_are_accepted_and_paragraphs_become_lines() {
    let site = Site::new().await;
    let href = json!({"href": "https://contoso.example/"});
    let first = json!([
        {"type": "text", "text": "a", "marks": [{"type": "strong"}, {"type": "code"}]},
        {"type": "hardBreak"},
        {"type": "text", "text": "b", "marks": [{"type": "link", "attrs": href}]},
    ]);
    let content = json!([
        {"type": "paragraph", "content": first},
        {"type": "paragraph"},
        {"type": "paragraph", "content": [{"type": "text", "text": "c"}]},
    ]);
    let body = json!({"body": {"type": "doc", "version": 1, "content": content}});
    assert_eq!(send(site.post(COMMENTS, &body)).await.0, 201);
    assert_eq!(site.texts(), ["a\nb\n\nc"]);
}

#[tokio::test]
async fn a_body_that_is_not_a_valid_document_is_refused() {
    let site = Site::new().await;
    let unknown = json!([{"type": "text", "text": "a", "marks": [{"type": "blink"}]}]);
    let nowhere = json!([{"type": "text", "text": "a", "marks": [{"type": "link"}]}]);
    let bodies = [
        json!("plain text, as version 2 takes it"),
        json!({"type": "doc", "version": 2, "content": []}),
        json!({"type": "doc", "content": []}),
        json!({"type": "doc", "version": 1}),
        json!({"type": "paragraph", "version": 1, "content": []}),
        json!({"type": "doc", "version": 1, "content": [{"type": "text", "text": "a"}]}),
        document(json!([{"type": "text", "text": ""}])),
        document(json!([{"type": "sparkle"}])),
        document(unknown),
        document(nowhere),
        Value::Null,
    ];
    let refusal = json!({"errorMessages": [], "errors": {"comment": "Comment body is not valid!"}});
    for body in bodies {
        let (status, answer) = send(site.post(COMMENTS, &json!({"body": body}))).await;
        assert_eq!((status.as_u16(), &answer), (400, &refusal), "{body}");
    }
    assert!(site.texts().is_empty());
}

#[tokio::test]
async fn a_comment_must_be_json_and_have_that_content_type() {
    let site = Site::new().await;
    let sent = json!({"body": document(json!([{"type": "text", "text": "a"}]))}).to_string();
    let post = |kind: &str, body: &str| {
        site.http
            .post(format!("{}{COMMENTS}", site.serving.url))
            .basic_auth(EMAIL, Some(API_TOKEN))
            .header("content-type", kind)
            .body(body.to_owned())
    };
    assert_eq!(send(post("text/plain", &sent)).await.0, 415);
    assert_eq!(send(post("application/json", "{")).await.0, 400);
    assert!(site.texts().is_empty());
    let with_charset = post("application/json; charset=utf-8", &sent);
    assert_eq!(send(with_charset).await.0, 201);
}

#[tokio::test]
async fn comments_are_listed_in_pages_of_at_most_a_hundred_in_either_order() {
    let site = Site::new().await;
    for number in 0..120 {
        site.jira.add_comment("HELP-42", &number.to_string());
    }
    let text = |page: &Value, at: usize| {
        page["comments"][at]["body"]["content"][0]["content"][0]["text"].clone()
    };
    let (_, page) = send(site.get(COMMENTS)).await;
    assert_eq!(page["comments"].as_array().unwrap().len(), 50);
    assert_eq!((&page["total"], text(&page, 0)), (&json!(120), json!("0")));
    let target = format!("{COMMENTS}?orderBy=-created&maxResults=5000");
    let (_, page) = send(site.get(&target)).await;
    assert_eq!(page["comments"].as_array().unwrap().len(), 100);
    assert_eq!(page["maxResults"], 100);
    assert_eq!(text(&page, 0), "119");
    let target = format!("{COMMENTS}?orderBy=created&startAt=118&maxResults=100");
    let (_, page) = send(site.get(&target)).await;
    assert_eq!(page["comments"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&page["startAt"], text(&page, 1)),
        (&json!(118), json!("119"))
    );
    let target = format!("{COMMENTS}?orderBy=author");
    assert_eq!(send(site.get(&target)).await.0, 400);
}

#[tokio::test]
async fn the_error_for_a_missing_issue_is_that_for_a_hidden_issue() {
    let site = Site::new().await;
    let path = "/rest/api/3/issue/HELP-43/comment";
    let message = "Issue does not exist or you do not have permission to see it.";
    let body = json!({"body": document(json!([]))});
    for request in [site.get(path), site.post(path, &body)] {
        let (status, answer) = send(request).await;
        assert_eq!(status, 404);
        assert_eq!(answer, json!({"errorMessages": [message], "errors": {}}));
    }
    assert!(site.jira.comments("HELP-43").is_empty());
}

#[tokio::test]
async fn requests_without_the_account_and_its_token_are_refused() {
    let site = Site::new().await;
    let url = format!("{}/rest/api/3/myself", site.serving.url);
    let without = || site.http.get(&url);
    assert_eq!(send(without()).await.0, 401);
    let wrong = without().basic_auth(EMAIL, Some("not the token"));
    assert_eq!(send(wrong).await.0, 401);
    assert_eq!(send(without().bearer_auth(API_TOKEN)).await.0, 401);
    let (status, me) = send(without().basic_auth(EMAIL, Some(API_TOKEN))).await;
    assert_eq!((status.as_u16(), &me["emailAddress"]), (200, &json!(EMAIL)));
}

#[tokio::test]
async fn a_call_that_is_not_simulated_is_not_found() {
    let site = Site::new().await;
    for path in ["/", "/rest/api/2/myself", "/rest/api/3/issue/HELP-42"] {
        assert_eq!(send(site.get(path)).await.0, 404, "{path}");
    }
    let delete = site
        .http
        .delete(format!("{}{COMMENTS}", site.serving.url))
        .basic_auth(EMAIL, Some(API_TOKEN));
    assert_eq!(send(delete).await.0, 404);
}
