use super::*;

const LONG: Duration = Duration::from_secs(10);
const BRIEF: Duration = Duration::from_millis(1);

/// A function process, as the Runtime API sees one.
struct Function {
    http: reqwest::Client,
    base: String,
}

impl Function {
    fn new(api: &RuntimeApi) -> Function {
        Function {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            base: format!("http://{}", api.address()),
        }
    }

    async fn next(&self) -> reqwest::Response {
        let url = format!("{}/2018-06-01/runtime/invocation/next", self.base);
        self.http.get(url).send().await.unwrap()
    }

    async fn post(&self, path: &str, body: &'static str) -> reqwest::Response {
        let url = format!("{}{path}", self.base);
        self.http.post(url).body(body).send().await.unwrap()
    }
}

fn header<'a>(event: &'a reqwest::Response, name: &str) -> &'a str {
    event.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn the_invoker_gets_the_bytes_that_the_function_posts() {
    let api = RuntimeApi::start().await.unwrap();
    let function = Function::new(&api);
    let before = Timestamp::now().as_millisecond();
    let (invocation, ()) = tokio::join!(api.invoke(json!({"a": 1}), LONG), async {
        let event = function.next().await;
        let deadline: i64 = header(&event, "lambda-runtime-deadline-ms")
            .parse()
            .unwrap();
        assert!(deadline >= before + 10_000 && deadline < before + 20_000);
        assert!(header(&event, "lambda-runtime-invoked-function-arn").ends_with(FUNCTION_NAME));
        assert!(header(&event, "lambda-runtime-trace-id").starts_with("Root=1-"));
        let id = header(&event, "lambda-runtime-aws-request-id").to_owned();
        assert_eq!(event.json::<Value>().await.unwrap(), json!({"a": 1}));
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        assert_eq!(function.post(&path, "done").await.status(), 202);
        assert_eq!(
            function.post(&path, "again").await.status(),
            400,
            "an event has one response"
        );
    });
    assert_eq!(invocation, Ok(Invocation::Response(b"done".to_vec())));
}

#[tokio::test]
async fn an_error_reaches_the_invoker_as_an_error() {
    let api = RuntimeApi::start().await.unwrap();
    let function = Function::new(&api);
    let (invocation, ()) = tokio::join!(api.invoke_bytes("not JSON", LONG), async {
        let event = function.next().await;
        let id = header(&event, "lambda-runtime-aws-request-id").to_owned();
        assert_eq!(event.text().await.unwrap(), "not JSON");
        let path = format!("/2018-06-01/runtime/invocation/{id}/error");
        function.post(&path, r#"{"errorType":"Panic"}"#).await;
    });
    let body = json!({"errorType": "Panic"});
    assert_eq!(invocation, Ok(Invocation::Error { body }));
}

#[tokio::test]
async fn a_deadline_in_1970_is_sent_as_it_was_given() {
    let api = RuntimeApi::start().await.unwrap();
    let function = Function::new(&api);
    let invoked = api.invoke_with_deadline(json!({}), 600_000, LONG);
    tokio::select! {
        _ = invoked => unreachable!("no process responds"),
        event = function.next() => assert_eq!(header(&event, "lambda-runtime-deadline-ms"), "600000"),
    }
}

#[tokio::test]
async fn an_event_that_no_process_asks_for_is_removed_from_the_queue() {
    let api = RuntimeApi::start().await.unwrap();
    let lost = api.invoke(json!({"stale": true}), Duration::ZERO).await;
    assert_eq!(lost, Err(Lost::NoRuntime));
    assert!(api.shared.lock().queued.is_empty());
}

#[tokio::test]
async fn a_process_is_ready_once_it_has_asked_for_an_event() {
    let api = RuntimeApi::start().await.unwrap();
    assert_eq!(api.ready(BRIEF).await, Err(Lost::NoRuntime));
    let function = Function::new(&api);
    tokio::select! {
        _ = function.next() => panic!("there is no event"),
        ready = api.ready(LONG) => assert_eq!(ready, Ok(())),
    }
}

#[tokio::test]
async fn an_event_that_gets_no_response_is_a_timeout() {
    let api = RuntimeApi::start().await.unwrap();
    let (lost, event) = tokio::join!(api.invoke(json!({}), BRIEF), api.shared.dequeue());
    assert_eq!(lost, Err(Lost::Timeout));
    let late = api
        .shared
        .complete(&event.id, Invocation::Response(Vec::new()));
    assert_eq!(late.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_event_of_an_invoker_that_is_dropped_is_removed_from_the_queue() {
    let api = RuntimeApi::start().await.unwrap();
    {
        let mut invoked = Box::pin(api.invoke(json!({}), LONG));
        tokio::select! {
            biased;
            _ = &mut invoked => unreachable!("no process responds"),
            () = std::future::ready(()) => assert_eq!(api.shared.lock().queued.len(), 1),
        }
    }
    assert!(api.shared.lock().queued.is_empty());
    assert!(api.shared.lock().waiting.is_empty());
}

#[tokio::test]
async fn a_failed_start_is_recorded_and_an_extension_can_register() {
    let api = RuntimeApi::start().await.unwrap();
    let function = Function::new(&api);
    function
        .post(
            "/2018-06-01/runtime/init/error",
            r#"{"errorMessage":"no policy"}"#,
        )
        .await;
    assert_eq!(api.init_errors(), [json!({"errorMessage": "no policy"})]);
    let registered = function.post("/2020-01-01/extension/register", "{}").await;
    assert!(
        registered
            .headers()
            .contains_key("lambda-extension-identifier")
    );
}

#[tokio::test]
async fn the_environment_contains_the_address() {
    let api = RuntimeApi::start().await.unwrap();
    let runtime = ("AWS_LAMBDA_RUNTIME_API".to_owned(), api.address());
    assert!(api.environment().contains(&runtime));
    assert!(api.address().starts_with("127.0.0.1:"));
}
