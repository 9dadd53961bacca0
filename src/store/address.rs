//! Where a store is: `sqlite://FILE`, `sqlite::memory:`, `postgres://…`.

use super::{Result, StoreError};
use sqlx::postgres::PgConnectOptions;
use std::path::PathBuf;
use std::str::FromStr;

/// A store's place, read from its URL.
pub(super) enum Address {
    /// A file on this machine; what follows `sqlite://` is its path as it is, without escapes.
    File(PathBuf),
    /// A store that is gone when it is closed, for tests.
    Memory,
    /// A PostgreSQL server.
    Postgres(Box<PgConnectOptions>),
}

impl Address {
    /// Reads a URL. What is wrong is said without any part of it: it may hold a password.
    pub fn parse(url: &str) -> Result<Address> {
        if url == "sqlite::memory:" {
            return Ok(Address::Memory);
        }
        if let Some(path) = url.strip_prefix("sqlite://") {
            return match path {
                "" => Err(fault("the path of the SQLite file is missing: want sqlite://FILE or sqlite:///ABSOLUTE/FILE")),
                _ if path.contains('?') => Err(fault("a SQLite file takes no options: leave out the question mark and the rest")),
                _ => Ok(Address::File(PathBuf::from(path))),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres(url);
        }
        Err(fault("no store has this kind of URL: want sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE"))
    }
}

/// What may stand behind the question mark. The driver would log any other key together with its value, which may be a
/// misspelt password.
const PARAMETERS: [&str; 12] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

fn postgres(url: &str) -> Result<Address> {
    let malformed = || {
        fault(
            "not a PostgreSQL URL: want postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters of the password \
             as percent codes (@ is %40, / is %2F, : is %3A, ? is %3F, # is %23)",
        )
    };
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let unknown = |pair: &str| !PARAMETERS.contains(&pair.split('=').next().unwrap_or_default());
    if query.split('&').any(|pair| !pair.is_empty() && unknown(pair)) {
        return Err(fault(&format!("an unknown parameter behind the question mark: known are {}", PARAMETERS.join(", "))));
    }
    if lists_hosts(place, query) {
        return Err(fault("a list of hosts is not taken: name one, or a proxy that leads to the primary"));
    }
    // A password with one of these would be cut in two, and its end be looked up as a host.
    if url.contains('#') || place.matches('@').count() > 1 {
        return Err(malformed());
    }
    let options = PgConnectOptions::from_str(url).map_err(|_| malformed())?;
    Ok(Address::Postgres(Box::new(options)))
}

/// The driver knows one host; it would look the list up as a name.
fn lists_hosts(place: &str, query: &str) -> bool {
    let authority = place.split_once("://").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
    let hosts = authority.rsplit('@').next();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let named = pairs.filter(|(key, _)| ["host", "hostaddr", "port"].contains(key)).map(|(_, value)| value);
    hosts.into_iter().chain(named).any(|list| list.contains(',') || list.to_ascii_uppercase().contains("%2C"))
}

fn fault(what: &str) -> StoreError {
    StoreError::Url(what.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_where_the_store_is() {
        for (url, want) in [
            ("sqlite://callahead.db", "file callahead.db"),
            ("sqlite:///var/lib/call ahead/100%.db", "file /var/lib/call ahead/100%.db"),
            ("sqlite::memory:", "memory"),
            ("postgres://ada:s%40cret@db.example.org:6432/calls", "postgres ada@db.example.org:6432/calls"),
            ("postgresql:///calls?host=/run/postgresql&user=ada", "postgres ada@/run/postgresql/calls"),
            ("sqlite://", "the path of the SQLite file is missing"),
            ("sqlite://a.db?mode=ro", "a SQLite file takes no options"),
            ("mysql://ada:secret@host/calls", "no store has this kind of URL"),
            ("postgres://ada:sec@ret/x@host:port/calls", "not a PostgreSQL URL"),
            ("postgres://ada:12#sec@host/calls", "not a PostgreSQL URL"),
            ("postgres://ada@host/calls?sslmode=require&pasword=secret", "an unknown parameter"),
            ("postgres://ada:a,b@host/calls", "postgres ada@host:5432/calls"),
            ("postgres://ada:secret@one:5432,two:5432/calls", "a list of hosts is not taken"),
            ("postgres:///calls?host=one%2ctwo&user=ada&password=secret", "a list of hosts is not taken"),
            ("ada:secret@host", "no store has this kind of URL"),
        ] {
            let got = match Address::parse(url) {
                Ok(Address::File(path)) => format!("file {}", path.display()),
                Ok(Address::Memory) => "memory".to_string(),
                Ok(Address::Postgres(o)) => {
                    let place = match o.get_socket() {
                        Some(socket) => socket.display().to_string(),
                        None => format!("{}:{}", o.get_host(), o.get_port()),
                    };
                    format!("postgres {}@{place}/{}", o.get_username(), o.get_database().unwrap_or_default())
                }
                Err(fault) => {
                    assert!(!format!("{fault} {fault:?}").contains("sec"), "{fault}");
                    fault.to_string()
                }
            };
            assert!(got.contains(want), "{url}: {got}");
        }
    }
}
