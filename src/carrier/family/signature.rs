//! The signatures that are made with a shared secret. Twilio's `X-Twilio-Signature` is base64(HMAC-SHA1(token, S)), where S is
//! the URL as it was asked for, without its fragment, followed by every form field's name and value, sorted. With a shared
//! key it is the same over SHA-256; SignalWire signs a body that is no form as hex(HMAC-SHA1(key, URL + body)). Source: the
//! validators of the carriers' own libraries. SHA-1 is what the protocol says. Shared by the carriers, which check, and the
//! simulator, which signs.

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

/// Signs a form post (or, without fields, a GET) as Twilio does with an auth token, and SignalWire with a signing key.
pub fn sign(token: &SecretString, url: &str, fields: &[(String, String)]) -> String {
    STANDARD.encode(sha1(token, url, &sorted(fields)).finalize().into_bytes())
}

/// Signs the same as Twilio does with a shared key.
pub fn sign_sha256(key: &SecretString, url: &str, fields: &[(String, String)]) -> String {
    STANDARD.encode(sha256(key, url, &sorted(fields)).finalize().into_bytes())
}

/// Signs a body that is no form as SignalWire does.
pub fn sign_raw(key: &SecretString, url: &str, body: &[u8]) -> String {
    hex(&sha1(key, url, &[body]).finalize().into_bytes())
}

/// Whether `given` is the signature of this request under any of `tokens` (several while a token is rotated). Both the
/// URL with its port and the one without are tried, because the carriers are inconsistent there. The comparison takes the
/// same time wherever the first difference stands.
pub fn verify(tokens: &[SecretString], given: &str, url: &str, payload: Payload<'_>) -> bool {
    let (Ok(given), Some(fields)) = (STANDARD.decode(given), signed_fields(url, payload)) else { return false };
    let (parts, urls) = (sorted(fields), port_variants(url));
    tokens.iter().any(|token| urls.iter().any(|url| sha1(token, url, &parts).verify_slice(&given).is_ok()))
}

/// Whether `given` is the signature of this request under a shared key.
pub fn verify_sha256(key: &SecretString, given: &str, url: &str, payload: Payload<'_>) -> bool {
    let (Ok(given), Some(fields)) = (STANDARD.decode(given), signed_fields(url, payload)) else { return false };
    let (parts, urls) = (sorted(fields), port_variants(url));
    urls.iter().any(|url| sha256(key, url, &parts).verify_slice(&given).is_ok())
}

/// Whether `given` is SignalWire's signature of a body that is no form, under any of `keys`.
pub fn verify_raw(keys: &[SecretString], given: &str, url: &str, body: &[u8]) -> bool {
    let Some(given) = unhex(given) else { return false };
    let urls = port_variants(url);
    keys.iter().any(|key| urls.iter().any(|url| sha1(key, url, &[body]).verify_slice(&given).is_ok()))
}

fn sha1(key: &SecretString, url: &str, parts: &[&[u8]]) -> Hmac<Sha1> {
    let mac = Hmac::<Sha1>::new_from_slice(key.expose_secret().as_bytes());
    let mut mac = mac.expect("HMAC takes a key of any length, even none");
    mac.update(without_fragment(url).as_bytes());
    parts.iter().for_each(|part| mac.update(part));
    mac
}

fn sha256(key: &SecretString, url: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes());
    let mut mac = mac.expect("HMAC takes a key of any length, even none");
    mac.update(without_fragment(url).as_bytes());
    parts.iter().for_each(|part| mac.update(part));
    mac
}

/// Names and values, sorted by name; of a repeated field the set of its values, sorted.
fn sorted(fields: &[(String, String)]) -> Vec<&[u8]> {
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort();
    sorted.dedup();
    sorted.into_iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]).collect()
}

/// The fields that the signature covers; `None` where nothing covers the body.
fn signed_fields<'a>(url: &str, payload: Payload<'a>) -> Option<&'a [(String, String)]> {
    match payload {
        Payload::None => Some(&[]),
        Payload::Form(fields) => Some(fields),
        Payload::Raw(body) => hash_in_query_matches(url, body).then_some(&[]),
    }
}

fn hash_in_query_matches(url: &str, body: &[u8]) -> bool {
    let query = without_fragment(url).split_once('?').map_or("", |(_, query)| query);
    let claimed = query.split('&').find_map(|pair| pair.strip_prefix("bodySHA256="));
    // The hash is no secret: the signature over the URL is what proves it.
    claimed.is_some_and(|claimed| claimed.eq_ignore_ascii_case(&hex(&Sha256::digest(body))))
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let whole = digits.len().is_multiple_of(2) && !digits.is_empty();
    whole.then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
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
    fn every_vector_fails_with_another_token_or_a_changed_byte() {
        let form = fields();
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let given = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        let good = |tokens: &[&str], given: &str, url: &str, fields: &[(String, String)]| {
            let tokens: Vec<_> = tokens.iter().map(|token| SecretString::from(*token)).collect();
            verify(&tokens, given, url, Payload::Form(fields))
        };
        assert!(good(&["54321", "12345"], given, url, &form), "one of several tokens");
        assert!(!good(&["54321"], given, url, &form));
        assert!(!good(&["12345"], given, &url.replace("bar=2", "bar=3"), &form));
        assert!(!good(&["12345"], given, &url.replace("https", "http"), &form), "another scheme");
        assert!(!good(&["12345"], given, url, &form[1..]), "a field is missing");
        assert!(!good(&["12345"], "RSOYDt4T1cUTdK1PDd93/VVr8B9=", url, &form));
    }

    /// A form body is checked the normal way even if the query has a hash.
    #[test]
    fn a_hash_beside_a_form_is_a_part_of_the_address_alone() {
        let url = format!("https://mycompany.com/myapp.php?bodySHA256={HASH}");
        let given = sign(&token(), &url, &fields());
        assert!(verify(&[token()], &given, &url, Payload::Form(&fields())));
        assert!(!verify(&[token()], &given, &url, Payload::Raw(JSON)));
    }

    /// RFC 4231, test case 2, shows that it is this hash; the rest is as with a token.
    #[test]
    fn a_shared_key_signs_with_sha_256() {
        let key = SecretString::from("Jefe");
        let want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let raw = unhex(want).expect("hex");
        assert_eq!(sign_sha256(&key, "what do ya want for nothing?", &[]), STANDARD.encode(raw));
        let (url, form) = ("https://mycompany.com/myapp.php?foo=1&bar=2", fields());
        let given = sign_sha256(&key, url, &form);
        assert!(verify_sha256(&key, &given, "https://mycompany.com:443/myapp.php?foo=1&bar=2", Payload::Form(&form)));
        assert!(!verify_sha256(&token(), &given, url, Payload::Form(&form)));
        assert!(!verify(std::slice::from_ref(&key), &given, url, Payload::Form(&form)), "not by the other hash");
        assert!(!verify_sha256(&key, &sign(&key, url, &form), url, Payload::Form(&form)));
        let hashed = format!("https://mycompany.com/myapp.php?bodySHA256={HASH}");
        assert!(verify_sha256(&key, &sign_sha256(&key, &hashed, &[]), &hashed, Payload::Raw(JSON)));
        assert!(!verify_sha256(&key, &sign_sha256(&key, url, &[]), url, Payload::Raw(JSON)), "a body that nothing covers");
    }

    /// The vector of SignalWire's own libraries.
    #[test]
    fn a_body_that_is_no_form_is_signed_with_its_url() {
        let key = [SecretString::from("PSKtest1234567890abcdef")];
        let url = "https://example.ngrok.io/webhook";
        let body = br#"{"event":"call.state","params":{"call_id":"abc-123","state":"answered"}}"#;
        let given = "c3c08c1fefaf9ee198a100d5906765a6f394bf0f";
        assert_eq!(sign_raw(&key[0], url, body), given);
        assert!(verify_raw(&key, given, url, body));
        assert!(verify_raw(&key, given, "https://example.ngrok.io:443/webhook", body), "with and without the port");
        assert!(!verify_raw(&key, given, "https://example.ngrok.io/webhooks", body));
        assert!(!verify_raw(&key, given, url, &body[1..]));
        for bad in ["", "c3c0", "c3c08c1fefaf9ee198a100d5906765a6f394bf0", "ä", "wrong-signature"] {
            assert!(!verify_raw(&key, bad, url, body), "{bad:?}");
        }
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

        #[test]
        fn a_changed_byte_of_url_or_body_is_refused(
            body in prop::collection::vec(any::<u8>(), 1..40),
            at in any::<prop::sample::Index>(),
            bit in 0..8u32,
        ) {
            let url = "https://example.org/carriers/main/status/0af1?x=%20";
            let (fields, keys) = (fields(), [token()]);
            let (form, shared, raw) = (sign(&keys[0], url, &fields), sign_sha256(&keys[0], url, &fields), sign_raw(&keys[0], url, &body));
            let mut bytes = url.as_bytes().to_vec();
            let place = at.index(bytes.len());
            bytes[place] ^= 1 << bit;
            // A fragment is not signed: what comes after `#` may be anything, what stands before it may not.
            if let Ok(other) = String::from_utf8(bytes) {
                prop_assert!(!verify(&keys, &form, &other, Payload::Form(&fields)), "{other}");
                prop_assert!(!verify_sha256(&keys[0], &shared, &other, Payload::Form(&fields)), "{other}");
                prop_assert!(!verify_raw(&keys, &raw, &other, &body), "{other}");
            }
            let mut other = body.clone();
            let place = at.index(other.len());
            other[place] ^= 1 << bit;
            prop_assert!(!verify_raw(&keys, &raw, url, &other));
        }
    }
}
