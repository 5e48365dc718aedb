//! Faults that only Graph has: errors in other envelopes than its usual one.

use serde_json::json;
use uuid::Uuid;

use super::answers::no_http_resource;
use crate::faults::Fault;

impl Fault {
    /// An error of the service behind Graph, in no envelope: `{"Message": "No HTTP resource was found…"}`.
    pub fn non_graph_body(self, status: u16) -> Fault {
        self.body(status, no_http_resource("user", "method").to_string())
    }

    /// An error in the older OData envelope (<https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/2518>).
    pub fn odata_error(self, status: u16) -> Fault {
        let text = "MFA is required for a 'RemoveKey' operation, but was not performed.";
        let error = json!({
            "code": "invalid_request",
            "message": {"lang": "en", "value": text},
            "requestId": Uuid::new_v4(),
            "values": [{"item": "errorCategory", "value": "invalid_request"}],
        });
        self.body(status, json!({"odata.error": error}).to_string())
    }
}
