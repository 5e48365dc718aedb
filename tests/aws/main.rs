//! The AWS edges against a server that others wrote: moto, over HTTP.

mod dynamodb;
mod moto;
mod secrets_manager;
