//! The bucket of evidence records: Amazon S3. One call, signed by hand with the SDK's own signer:
//! docs/decisions/0002-one-signed-put-instead-of-an-s3-client.md.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ETAG, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode};
use tokio::sync::OnceCell;

use crate::clock::{Clock, Timestamp};
use crate::outbound::{bounded_body, http_client};
use crate::reset::ports::{EvidenceRecordError, EvidenceStore, Kept};

/// The most that is read of an error.
const LARGEST_ERROR: usize = 8 * 1024;

/// A bucket, into which objects are only put.
pub struct S3 {
    /// The address of the bucket, with a slash at the end.
    bucket: String,
    region: String,
    credentials: Option<SharedCredentialsProvider>,
    /// Made at its first use: only the worker keeps records.
    http: OnceCell<reqwest::Client>,
    clock: Arc<dyn Clock>,
}

impl S3 {
    /// The bucket of this name, in the region of the function.
    pub fn new(config: &SdkConfig, bucket: &str, clock: Arc<dyn Clock>) -> S3 {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let bucket = match config.endpoint_url() {
            Some(endpoint) => format!("{}/{bucket}/", endpoint.trim_end_matches('/')),
            None => format!("https://{bucket}.s3.{region}.{}/", suffix(&region)),
        };
        S3 {
            bucket,
            region,
            credentials: config.credentials_provider(),
            http: OnceCell::new(),
            clock,
        }
    }

    /// A signed PUT of an object that must not be there yet.
    async fn put(&self, name: &str, document: &str) -> Result<Response, EvidenceRecordError> {
        let http = self.http.get_or_try_init(async || http_client()).await;
        let http = http.map_err(|error| failed(&error.to_string()))?;
        let url = format!("{}{name}", self.bucket);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, document.as_bytes());
        // S3 compares it with what arrives, keeps it, and wants one where objects are locked.
        let checksum = STANDARD.encode(digest);
        let headers = [
            ("content-type", "application/json"),
            ("if-none-match", "*"),
            ("x-amz-checksum-sha256", checksum.as_str()),
            ("x-amz-sdk-checksum-algorithm", "SHA256"),
        ];
        let signed = self.signed(&url, &headers, document).await?;
        let put = http.put(url).headers(signed).body(document.to_owned());
        let sent = put.send().await;
        sent.map_err(|error| failed(&error.without_url().to_string()))
    }

    /// These headers, and those that sign them with the rest.
    async fn signed(
        &self,
        url: &str,
        headers: &[(&'static str, &str)],
        document: &str,
    ) -> Result<HeaderMap, EvidenceRecordError> {
        let provider = self.credentials.as_ref();
        let provider = provider.ok_or_else(|| failed("there are no AWS credentials"))?;
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|_| failed("there are no AWS credentials"))?;
        let identity = Identity::from(credentials);
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("s3")
            .time(clock_time(self.clock.now()))
            .settings(settings)
            .build()
            .map_err(|_| failed("the request cannot be signed"))?
            .into();
        let body = SignableBody::Bytes(document.as_bytes());
        let request = SignableRequest::new("PUT", url, headers.iter().copied(), body);
        let signed = request.and_then(|request| sign(request, &params));
        let signed = signed.map_err(|_| failed("the request cannot be signed"))?;
        let (instructions, _) = signed.into_parts();
        let all = headers.iter().copied().chain(instructions.headers());
        let header = |(name, value): (&str, &str)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(true);
            Some((name, value))
        };
        let all = all.map(header).collect::<Option<HeaderMap>>();
        all.ok_or_else(|| failed("the request cannot be signed"))
    }
}

#[async_trait]
impl EvidenceStore for S3 {
    async fn keep(&self, name: &str, document: &str) -> Result<Kept, EvidenceRecordError> {
        let answer = self.put(name, document).await?;
        match answer.status() {
            StatusCode::OK if answer.headers().contains_key(ETAG) => Ok(Kept::Written),
            // Usually since the answer to an earlier try was lost. What was to be there is in the audit trail.
            StatusCode::PRECONDITION_FAILED => {
                tracing::info!(
                    object = name,
                    "an evidence record of this name is there already"
                );
                Ok(Kept::WasThere)
            }
            status => {
                let code = error_code(answer).await;
                Err(failed(&format!("status {} {code}", status.as_u16())))
            }
        }
    }
}

fn failed(why: &str) -> EvidenceRecordError {
    EvidenceRecordError(why.trim_end().to_owned())
}

fn clock_time(now: Timestamp) -> SystemTime {
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Where the addresses of a region end.
fn suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

/// `Code` of an error (Amazon S3 API reference, "Error responses"); nothing if it has none that is a name.
async fn error_code(answer: Response) -> String {
    let body = bounded_body(answer, LARGEST_ERROR)
        .await
        .unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    let code = body
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .map(|(code, _)| code);
    let is_name = |code: &&str| code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    code.filter(is_name).unwrap_or_default().to_owned()
}
