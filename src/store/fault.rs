//! What goes wrong in a database, said without the values a database quotes in its errors (a patient's key in the detail
//! of a violated constraint, a password in a connection's settings).

use super::StoreError;
use std::fmt;

/// What a database said, without any value it may quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFault {
    /// The database's own code, where it gave one.
    pub code: Option<String>,
    /// What it said.
    pub message: String,
}

impl DatabaseFault {
    /// A fault without a code.
    pub fn new(message: impl Into<String>) -> DatabaseFault {
        DatabaseFault { code: None, message: message.into() }
    }
}

impl std::error::Error for DatabaseFault {}

impl fmt::Display for DatabaseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} (code {code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// PostgreSQL's serialization_failure and deadlock_detected: the transaction was undone because of another one.
const UNDONE: [&str; 2] = ["40001", "40P01"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match error {
            sqlx::Error::Database(said) => {
                let code = said.code().map(|code| code.into_owned());
                if code.as_deref().is_some_and(|code| UNDONE.contains(&code)) {
                    return StoreError::Conflict;
                }
                // Only the message: PostgreSQL keeps the values in the detail.
                StoreError::Database(DatabaseFault { code, message: said.message().to_string() })
            }
            sqlx::Error::Configuration(_) => {
                StoreError::Database(DatabaseFault::new("the connection's settings are not accepted"))
            }
            // What the driver makes of a proxy that has no server to lead to, and hangs up.
            sqlx::Error::Protocol(what) if what.contains("SSLRequest: 0x00") => {
                let hung_up = "the connection was closed as soon as it was made: is a primary behind the proxy of store.url?";
                StoreError::Database(DatabaseFault::new(hung_up))
            }
            other => StoreError::Database(DatabaseFault::new(other.to_string())),
        }
    }
}

/// A violated uniqueness means that somebody else was faster.
pub(super) fn taken_means_conflict(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(said) if said.is_unique_violation() => StoreError::Conflict,
        _ => error.into(),
    }
}
