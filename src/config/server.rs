//! `[server]` and `[store]`: where callahead listens, and where it keeps what it knows.

use super::secret::{Plain, Secrets};
use crate::toml_file::{Node, Read, Section};
use secrecy::{ExposeSecret, SecretString};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// Where callahead listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Address and port of what carriers and monitors ask for: webhooks, audio, health.
    pub listen: SocketAddr,
    /// Address and port of the console and the API: a loopback address, because they have no login yet. None: they are
    /// beside the webhooks as long as `public_url` is this computer ([`Server::is_private`]), and nowhere otherwise.
    pub console: Option<SocketAddr>,
    /// What carriers call, without a trailing slash.
    pub public_url: String,
}

impl Server {
    /// Whether carriers call this very computer, as the simulated network does: then no proxy leads here for strangers.
    pub fn is_private(&self) -> bool {
        let authority = self.public_url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let host =
            authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(authority, |(h, _)| h);
        let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
    }
}

/// Where callahead keeps what it knows.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The database's URL, a relative SQLite file counted from the configuration's folder. It may hold a password.
    pub url: SecretString,
}

impl StoreConfig {
    /// The URL for logs and messages: without user and password.
    pub fn shown(&self) -> String {
        let url = self.url.expose_secret();
        let (url, query) = url.split_once('?').map_or((url, ""), |(url, _)| (url, "?…"));
        match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
            Some((scheme, host)) => format!("{scheme}://{host}{query}"),
            None => format!("{url}{query}"),
        }
    }
}

pub(super) fn server(section: &Section<'_>) -> Option<Server> {
    let listen = section.required("listen", address);
    let console = section.optional("console", loopback);
    let public_url = section.required("public_url", public_url);
    section.end();
    let listen = listen?;
    let same = |console: &SocketAddr| {
        let everywhere = listen.ip().is_unspecified() && listen.port() == console.port();
        console.port() != 0 && (listen == *console || everywhere)
    };
    if let Some(console) = console.filter(same) {
        let message = format!("server.listen and server.console both take port {}: give the console another", console.port());
        section.refuse(&["console", "listen"], "contradiction", message);
        return None;
    }
    Some(Server { listen, console, public_url: public_url? })
}

pub(super) fn store(section: &Section<'_>, secrets: &Secrets<'_>) -> Option<StoreConfig> {
    let url = section.required("url", |node| {
        let url = secrets.one(Plain::Allowed)(node)?;
        store_url(node, url.expose_secret(), secrets.dir)
    });
    let password = section.optional("password", secrets.one(Plain::Refused));
    section.end();
    let url = url?;
    let Some(password) = password else { return Some(StoreConfig { url }) };
    match with_password(url.expose_secret(), password.expose_secret()) {
        Ok(url) => Some(StoreConfig { url }),
        Err(message) => {
            section.refuse(&["password", "url"], "contradiction", message);
            None
        }
    }
}

/// The URL with the password that was given beside it. What is wrong is said without either.
fn with_password(url: &str, password: &str) -> Result<SecretString, &'static str> {
    if !url.starts_with("postgres") {
        return Err("store.password is for PostgreSQL: a SQLite file has none, so leave it out");
    }
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let user = place.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map_or("", |(user, _)| user);
    if user.contains(':') || query.split('&').any(|pair| pair.starts_with("password=")) {
        return Err("store.url has a password already: leave that one out, or store.password");
    }
    let mut whole = format!("{url}{}password=", if url.contains('?') { '&' } else { '?' });
    for byte in password.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => whole.push(char::from(byte)),
            _ => whole.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(SecretString::from(whole))
}

/// An address with a port.
pub(super) fn address(node: &Node) -> Read<SocketAddr> {
    let text = node.text()?;
    text.trim().parse().or_else(|_| node.wrong(format!("\"{text}\" is no address with a port: want one such as 127.0.0.1:8080")))
}

/// An address of this computer alone: what listens there shows patients' visits to whoever asks.
fn loopback(node: &Node) -> Read<SocketAddr> {
    let address = address(node)?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    node.wrong(format!(
        "{address} can be reached from other computers, and the console has no login yet: want a loopback address such as \
         127.0.0.1:8081, and an SSH tunnel to it"
    ))
}

/// An http or https URL, given back without a trailing slash.
pub(super) fn http_url(node: &Node) -> Read<String> {
    let text = node.text()?.trim();
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return node.wrong("want a URL that begins with https:// or http://");
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return node.wrong("want a URL without a user or a password in it");
    }
    if rest.contains(['?', '#']) || rest.contains(char::is_whitespace) {
        return node.wrong("want a URL without ?, # and blanks");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, "80"),
    };
    if host.is_empty() || port.parse::<u16>().is_err() {
        return node.wrong("want a URL with a host, such as https://calls.example.org");
    }
    Ok(text.trim_end_matches('/').to_string())
}

/// Carriers and their libraries refuse hosts with an underscore, or sign another text than they call.
fn public_url(node: &Node) -> Read<String> {
    let url = http_url(node)?;
    let host = url.split("://").nth(1).and_then(|rest| rest.split(['/', ':']).next()).unwrap_or_default();
    if host.contains('_') {
        return node.wrong(format!("the host {host} has an underscore, which carriers do not call: use a name without"));
    }
    Ok(url)
}

/// Checks the scheme, and lets a relative SQLite file count from `dir`. The faults do not repeat the URL.
fn store_url(node: &Node, url: &str, dir: &Path) -> Read<SecretString> {
    if ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(SecretString::from(url));
    }
    if url == "sqlite::memory:" {
        return Ok(SecretString::from(url));
    }
    let Some(file) = url.strip_prefix("sqlite://") else {
        return node.wrong("want sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME");
    };
    if file.is_empty() || file.contains('?') {
        return node.wrong("want the name of a file and nothing after it: sqlite://callahead.db, or sqlite:///absolute/path");
    }
    if file.starts_with('/') || dir.as_os_str().is_empty() {
        return Ok(SecretString::from(url));
    }
    let dir = dir.display().to_string();
    Ok(SecretString::from(format!("sqlite://{}/{file}", dir.trim_end_matches('/'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_computer_is_private() {
        for (public_url, private) in [
            ("http://127.0.0.1:8080", true),
            ("http://localhost", true),
            ("http://[::1]:8080", true),
            ("https://calls.example.org", false),
            ("https://127.0.0.1.example.org", false),
            ("https://localhost.example.org:8080", false),
            ("http://192.0.2.7:8080", false),
        ] {
            let server = Server { listen: ([127, 0, 0, 1], 8080).into(), console: None, public_url: public_url.to_string() };
            assert_eq!(server.is_private(), private, "{public_url}");
        }
    }
}
