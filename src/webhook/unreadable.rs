//! What is wrong with a delivery whose sender is authentic.

/// What an authentic sender sent wrong. Only a sender that holds the source's secret ever sees one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or a part that is needed has another shape.
    #[error("the delivery cannot be read at this place: {at}")]
    Shape {
        /// Where in the JSON, as a path; never a value.
        at: String,
    },
    /// `user_field` is configured, and the ticket names no person there.
    #[error("the ticket's field {field} does not name a person")]
    NoUser { field: String },
}
