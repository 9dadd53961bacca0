//! `X-Twilio-Signature`: base64(HMAC-SHA1(token, S)), where S is the URL as it was asked for, without its fragment,
//! followed by every form field's name and value, sorted. Source: the validators of Twilio's own libraries. SHA-1 is what
//! the protocol says. Shared by the carrier, which checks, and the simulator, which signs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// What stands in a request beside its URL.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// Nothing, or nothing that is signed by itself (GET).
    None,
    /// Decoded form fields, in any order, repeats included.
    Form(&'a [(String, String)]),
    /// Any other body: the URL carries its SHA-256 as `bodySHA256`.
    Raw(&'a [u8]),
}

/// Signs a form post (or, without fields, a GET) as the carrier does.
pub fn sign(token: &SecretString, url: &str, fields: &[(String, String)]) -> String {
    STANDARD.encode(mac(token, url, fields).finalize().into_bytes())
}

/// Whether `given` is the signature of this request under any of `tokens` (several while a token is rotated). Both the
/// URL with its port and the one without are tried, because the carrier is inconsistent there. The comparison takes the
/// same time wherever the first difference stands.
pub fn verify(tokens: &[SecretString], given: &str, url: &str, payload: Payload<'_>) -> bool {
    let Ok(given) = STANDARD.decode(given) else {
        return false;
    };
    let fields = match payload {
        Payload::None => &[],
        Payload::Form(fields) => fields,
        Payload::Raw(body) if hash_in_query_matches(url, body) => &[],
        Payload::Raw(_) => return false,
    };
    let urls = port_variants(url);
    tokens.iter().any(|token| urls.iter().any(|url| mac(token, url, fields).verify_slice(&given).is_ok()))
}

fn mac(token: &SecretString, url: &str, fields: &[(String, String)]) -> Hmac<Sha1> {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(token.expose_secret().as_bytes()).expect("HMAC takes a key of any length, even none");
    mac.update(url.split('#').next().unwrap_or_default().as_bytes());
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    // Sorted by name; of a repeated field the set of its values, sorted.
    sorted.sort();
    sorted.dedup();
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac
}

fn hash_in_query_matches(url: &str, body: &[u8]) -> bool {
    let query = url.split('#').next().unwrap_or_default().split_once('?').map_or("", |(_, query)| query);
    let claimed = query.split('&').find_map(|pair| pair.strip_prefix("bodySHA256="));
    let actual: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    // The hash is no secret: the signature over the URL is what proves it.
    claimed.is_some_and(|claimed| claimed.eq_ignore_ascii_case(&actual))
}

/// The URL without a port and with one (80 or 443 where it names none).
fn port_variants(url: &str) -> [String; 2] {
    let Some((scheme, rest)) = url.split_once("://") else {
        return [url.to_string(), url.to_string()];
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    // A colon before `@` or inside the brackets of an IPv6 address starts no port.
    let host_from = authority.rfind(['@', ']']).map_or(0, |at| at + 1);
    match authority[host_from..].rfind(':') {
        Some(colon) => {
            let bare = &authority[..host_from + colon];
            [format!("{scheme}://{bare}{tail}"), url.to_string()]
        }
        None => {
            let port = if scheme == "https" { 443 } else { 80 };
            [url.to_string(), format!("{scheme}://{authority}:{port}{tail}")]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token() -> SecretString {
        SecretString::from("12345")
    }

    fn fields() -> Vec<(String, String)> {
        [
            ("Digits", "1234"),
            ("CallSid", "CA1234567890ABCDE"),
            ("To", "+18005551212"),
            ("Caller", "+14158675309"),
            ("From", "+14158675309"),
        ]
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .to_vec()
    }

    const JSON: &[u8] = br#"{"property": "value", "boolean": true}"#;
    const HASH: &str = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";

    /// The vectors of the carrier's own libraries.
    #[test]
    fn the_published_vectors_hold() {
        let form = fields();
        for (url, with_fields, want) in [
            ("https://mycompany.com/myapp.php?foo=1&bar=2", true, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            ("https://mycompany.com:443/myapp.php?foo=1&bar=2", true, "kvajT1Ptam85bY51eRf/AJRuM3w="),
            ("http://mycompany.com:80/myapp.php?foo=1&bar=2", true, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
            ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", true, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
            ("https://mycompany.com/myapp.php?foo=1&bar=2", false, "zYQTYrRWXE7LtzbG4PfP7/bkkGo="),
            ("https://mycompany.com/myapp.php", true, "1xaxFBvyzXYvWplzNOSs28HWO94="),
        ] {
            let fields = if with_fields { form.as_slice() } else { &[] };
            assert_eq!(sign(&token(), url, fields), want, "{url}");
            assert!(verify(&[token()], want, url, Payload::Form(fields)), "{url}");
        }
    }

    #[test]
    fn json_is_covered_by_the_hash_in_the_url() {
        for (url, want) in [
            (format!("https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256={HASH}"), "a9nBmqA0ju/hNViExpshrM61xv4="),
            (format!("https://mycompany.com/myapp.php?bodySHA256={HASH}"), "y77kIzt2vzLz71DgmJGsen2scGs="),
        ] {
            assert!(verify(&[token()], want, &url, Payload::Raw(JSON)), "{url}");
            assert!(!verify(&[token()], want, &url, Payload::Raw(b"{}")), "another body");
        }
        let bare = "https://mycompany.com/myapp.php";
        assert!(!verify(&[token()], &sign(&token(), bare, &[]), bare, Payload::Raw(JSON)), "a body that nothing covers");
    }

    #[test]
    fn the_port_may_be_there_or_not() {
        let form = fields();
        let bare = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let with_port = "https://mycompany.com:443/myapp.php?foo=1&bar=2";
        for (signed, received) in [(bare, with_port), (with_port, bare)] {
            let given = sign(&token(), signed, &form);
            assert!(verify(&[token()], &given, received, Payload::Form(&form)), "signed {signed}, received {received}");
        }
        for (url, want) in [
            ("http://h/p", ["http://h/p", "http://h:80/p"]),
            ("https://h", ["https://h", "https://h:443"]),
            ("http://h:8080?x=a:b", ["http://h?x=a:b", "http://h:8080?x=a:b"]),
            ("https://u:p@h/x", ["https://u:p@h/x", "https://u:p@h:443/x"]),
            ("http://[::1]/x", ["http://[::1]/x", "http://[::1]:80/x"]),
            ("http://[::1]:81/x", ["http://[::1]/x", "http://[::1]:81/x"]),
        ] {
            assert_eq!(port_variants(url), want.map(str::to_string), "{url}");
        }
    }

    #[test]
    fn a_rotated_token_is_taken_and_a_strange_one_is_not() {
        let url = "https://mycompany.com/x";
        let given = sign(&SecretString::from("new"), url, &fields());
        let both = [SecretString::from("old"), SecretString::from("new")];
        assert!(verify(&both, &given, url, Payload::Form(&fields())));
        assert!(!verify(&both[..1], &given, url, Payload::Form(&fields())));
        assert!(!verify(&[], &given, url, Payload::Form(&fields())));
        for bad in ["", "not base64!", "AAAA"] {
            assert!(!verify(&both, bad, url, Payload::Form(&fields())), "{bad:?}");
        }
    }

    #[test]
    fn equal_repeats_count_once_and_the_fragment_not_at_all() {
        let pair = |value: &str| ("Event".to_string(), value.to_string());
        let url = "https://mycompany.com/x";
        let once = sign(&token(), url, &[pair("a"), pair("b")]);
        assert_eq!(sign(&token(), url, &[pair("b"), pair("a"), pair("b")]), once);
        assert_eq!(sign(&token(), "https://mycompany.com/x#rc=3", &[pair("a"), pair("b")]), once);
    }

    proptest! {
        #[test]
        fn order_never_matters_and_a_changed_value_always_does(
            fields in prop::collection::vec(("[A-Za-z]{1,8}", "\\PC{0,12}"), 1..8),
            at in any::<prop::sample::Index>(),
        ) {
            let url = "https://example.org/carriers/main/status/t?x=%20";
            let given = sign(&token(), url, &fields);
            let mut other = fields.clone();
            other.reverse();
            prop_assert!(verify(&[token()], &given, url, Payload::Form(&other)));
            let changed = at.index(other.len());
            other[changed].1.push('!');
            prop_assert!(!verify(&[token()], &given, url, Payload::Form(&other)));
        }
    }
}
