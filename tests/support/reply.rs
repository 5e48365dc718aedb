//! What the product answered to one request.

use reqwest::header::HeaderMap;
use serde_json::Value;

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<u64>,
    pub content_type: String,
    pub content_type_options: String,
    pub cache_control: String,
    pub challenge: String,
    pub headers: HeaderMap,
    pub text: String,
    /// Null if the body is no JSON.
    pub json: Value,
}

impl Reply {
    /// Why a request was refused, or for what it waits; empty if the answer has no code.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// How far an accepted request is; empty for a problem.
    pub fn state(&self) -> &str {
        self.json["state"].as_str().unwrap_or_default()
    }

    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub fn note(&self) -> &str {
        self.json["note"].as_str().unwrap_or_default()
    }

    /// What a problem says of this case.
    pub fn detail(&self) -> &str {
        self.json["detail"].as_str().unwrap_or_default()
    }

    /// The id of the accepted request.
    pub fn reset(&self) -> &str {
        self.json["reset"].as_str().unwrap()
    }

    /// The methods of one status, by name.
    pub fn methods(&self, status: &str) -> Vec<String> {
        let rows = self.json["methods"].as_array().cloned().unwrap_or_default();
        rows.iter()
            .filter(|row| row["status"] == status && row["method"] != "Password")
            .map(|row| row["method"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The codes of the warnings.
    pub fn warnings(&self) -> Vec<&str> {
        let warnings = self.json["warnings"].as_array().into_iter().flatten();
        warnings
            .map(|warning| warning["code"].as_str().unwrap())
            .collect()
    }

    /// It is a problem with this status and code.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
    }

    /// It was accepted and waits, for this reason.
    #[track_caller]
    pub fn assert_waiting(&self, code: &str) {
        let answer = (self.status, self.state(), self.code());
        assert_eq!(answer, (202, "waiting", code), "{self:?}");
    }

    /// It was claimed and is not over.
    #[track_caller]
    pub fn assert_running(&self) {
        assert_eq!((self.status, self.state()), (202, "running"), "{self:?}");
    }

    #[track_caller]
    pub fn assert_completed(&self) {
        assert_eq!((self.status, self.state()), (200, "completed"), "{self:?}");
    }

    /// It is over, and an administrator has to look at it.
    #[track_caller]
    pub fn assert_needs_human(&self) {
        let answer = (self.status, self.state());
        assert_eq!(answer, (200, "needs_human"), "{self:?}");
    }

    /// It is the stored answer of an earlier request.
    #[track_caller]
    pub fn assert_replayed(&self) {
        let answer = (self.status, &self.json["replayed"]);
        assert_eq!(answer, (200, &Value::Bool(true)), "{self:?}");
    }
}
