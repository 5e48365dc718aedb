//! How senders authenticate themselves, one file a scheme.
//!
//! Rules that hold for all: the signature covers the raw bytes; a header that comes twice is no signature; every key of
//! the secret is tried without stopping early; whatever is wrong, the answer is the same.

mod hub_signature;
mod mac;
mod scheme;
mod secret_header;
mod standard_webhooks;

pub use mac::Unauthentic;
pub(super) use scheme::ParsedSignature;
pub use scheme::Scheme;
