//! A simulated Entra tenant: its login, where apps get tokens and people sign in, and the calls of Microsoft Graph about
//! a person, their authentication methods, groups and roles.
//!
//! It keeps state: a deleted method is gone, an expired token is refused. Which calls exist and which permissions they
//! need comes from Microsoft's own data (`data/`). A call or a query option that is not simulated is refused, and the
//! text says so. Graph's inconvenient behaviour is simulated too: the default method that can only be deleted last,
//! deleted methods that lists still show, properties that are null without a permission, errors in four shapes.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use simulated::entra::{Fault, Tenant};
//!
//! let tenant = Tenant::from_json(&std::fs::read_to_string("examples/users.json")?)?;
//! let serving = tenant.serve(tokio::net::TcpListener::bind("127.0.0.1:0").await?);
//! tenant.fail(Fault::on("DELETE", "phoneMethods").throttle(Some(2)));
//! println!("{}", serving.url);
//! # Ok(())
//! # }
//! ```

mod answers;
mod assertions;
mod authentication;
mod authorize;
mod authorize_request;
mod calls;
mod certificates;
mod directory;
mod faults;
mod graph;
mod groups_and_roles;
mod http;
mod id_token;
mod kinds;
mod login;
mod metadata;
mod methods;
mod people;
pub mod permissions;
mod pim;
mod redemption;
mod registration;
mod roles;
mod routes;
mod sign_in;
mod sign_in_page;
mod sign_ins;
mod sign_out;
mod signing_keys;
mod state;
mod tenant;
mod userinfo;
mod users_file;
mod way_back;

pub use certificates::{Certificate, InvalidCertificate};
pub use id_token::{Changes, Signature};
pub use kinds::{DefaultMethod, DefaultRefusal, Kind, PhoneType};
pub use methods::{Method, MethodView, PASSWORD_ID};
pub use registration::{AppRole, ContextPolicy, Registration};
pub use sign_in::{Callback, NoCode, SignIn};
pub use signing_keys::OldKey;
pub use state::{Assertion, Call};
pub use tenant::Tenant;
pub use users_file::{
    App, AssignmentType, Federated, Group, GroupEligibility, RoleAssignment, RoleEligibility,
    RoleSchedule, TenantFile, User,
};

pub use crate::faults::Fault;
pub use crate::serving::{ServeError, Serving};
