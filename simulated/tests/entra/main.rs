//! The simulated tenant over real HTTP.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod assertions;
mod browser;
mod desk;
mod faults;
mod federation;
mod groups_and_roles;
mod id_tokens;
mod login;
mod methods;
mod openid;
mod people;
mod pim;
mod sign_in;
mod tls;

use reqwest::header::CONTENT_LENGTH;
use reqwest::{Client, Method as Verb, StatusCode};
use serde_json::{Value, json};
use simulated::entra::{Serving, Tenant};

const TENANT: &str = "7d6f5c4b-3a29-4180-9c7e-6b5a49382716";
const APP: &str = "0b1c2d3e-4f50-4162-8738-495a6b7c8d9e";
const PRIVILEGED_APP: &str = "1c2d3e4f-5061-4273-9849-5a6b7c8d9eaf";

const ADELE: &str = "a1000000-0000-4000-8000-000000000001";
const MEGAN: &str = "a1000000-0000-4000-8000-000000000003";
const GRACE: &str = "a1000000-0000-4000-8000-000000000004";
const NESTOR: &str = "a1000000-0000-4000-8000-000000000005";
const LIDIA: &str = "a1000000-0000-4000-8000-000000000006";
const JORDAN: &str = "a1000000-0000-4000-8000-000000000008";
const ISAIAH: &str = "a1000000-0000-4000-8000-000000000009";
const DESK: &str = "c1000000-0000-4000-8000-000000000002";

const MOBILE: &str = "3179e48a-750b-4051-897c-87b9720928f7";
const ALTERNATE: &str = "b6332ec1-7057-4abe-9331-3d72feddfe41";
const OFFICE: &str = "e37fc753-ff3b-4958-9484-eaa9425c82bc";

/// An app with an access token, and the running tenant of `examples/users.json`.
struct GraphClient {
    tenant: Tenant,
    serving: Serving,
    http: Client,
    token: String,
}

impl GraphClient {
    async fn new() -> GraphClient {
        GraphClient::of(&json!({})).await
    }

    /// The same, with some members of the file replaced.
    async fn of(changes: &Value) -> GraphClient {
        let mut file: Value =
            serde_json::from_str(include_str!("../../../examples/users.json")).unwrap();
        for (name, value) in changes.as_object().unwrap() {
            file[name] = value.clone();
        }
        let tenant = Tenant::from_json(&file.to_string()).unwrap();
        let serving = tenant.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap());
        let mut client = GraphClient {
            tenant,
            serving,
            http: Client::new(),
            token: String::new(),
        };
        client.sign_in(APP, "standard-app-secret").await;
        client.tenant.forget_calls();
        client
    }

    /// The same, with only these permissions.
    async fn with_permissions(permissions: &[&str]) -> GraphClient {
        let mut client = GraphClient::new().await;
        client.tenant.grant(permissions);
        client.sign_in(APP, "standard-app-secret").await;
        client
    }

    async fn sign_in(&mut self, app: &str, secret: &str) {
        let (status, answer) = self
            .request_token(TENANT, &[("client_id", app), ("client_secret", secret)])
            .await;
        assert_eq!(status, 200, "{answer}");
        self.token = answer["access_token"].as_str().unwrap().to_owned();
    }

    /// Requests a token with these form fields, which replace the usual ones.
    async fn request_token(&self, tenant: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let usual = [
            ("grant_type", "client_credentials"),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let kept = usual
            .into_iter()
            .filter(|(name, _)| fields.iter().all(|(given, _)| given != name));
        let form: Vec<_> = kept
            .chain(fields.iter().copied())
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let url = format!("{}/{tenant}/oauth2/v2.0/token", self.serving.url);
        let answer = self.http.post(url).form(&form).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    fn request(&self, verb: Verb, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(verb, format!("{}{path}", self.serving.url))
            .bearer_auth(&self.token)
    }

    async fn call(&self, verb: Verb, path: &str) -> (StatusCode, Value) {
        let mut request = self.request(verb.clone(), path);
        if verb == Verb::POST {
            request = request.header(CONTENT_LENGTH, 0);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        (
            status,
            if text.is_empty() {
                Value::Null
            } else {
                serde_json::from_str(&text).unwrap()
            },
        )
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(Verb::GET, path).await
    }

    async fn delete(&self, path: &str) -> (StatusCode, Value) {
        self.call(Verb::DELETE, path).await
    }

    /// Deletes an authentication method in a collection.
    async fn remove(&self, user: &str, collection: &str, id: &str) -> (StatusCode, Value) {
        self.delete(&format!(
            "/v1.0/users/{user}/authentication/{collection}/{id}"
        ))
        .await
    }

    fn id_of(&self, user: &str, kind: &str) -> String {
        let methods = self.tenant.methods_of(user);
        methods
            .into_iter()
            .find(|method| method.kind == format!("{kind}AuthenticationMethod"))
            .unwrap()
            .id
    }
}

/// This member of each object in a collection.
fn each(answer: &Value, member: &str) -> Vec<String> {
    let all = answer["value"].as_array().unwrap();
    all.iter()
        .map(|object| object[member].as_str().unwrap_or("null").to_owned())
        .collect()
}
