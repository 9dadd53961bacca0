//! Reading form bodies.

use crate::carrier::WebhookRequest;
use reqwest::Url;

/// Whether a request says that its body is a form.
pub fn is_form(request: &WebhookRequest<'_>) -> bool {
    (request.header)("content-type").is_some_and(|kind| {
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

/// The decoded pairs of an `application/x-www-form-urlencoded` body, in order, repeats and empty values included. What is
/// no sound UTF-8 comes out as replacement characters: a signature over it cannot hold.
pub fn pairs(body: &[u8]) -> Vec<(String, String)> {
    // A URL's query has the same encoding, so the URL crate's decoder is used instead of one of our own.
    let Ok(mut url) = Url::parse("http://localhost/") else {
        return Vec::new();
    };
    url.set_query(Some(&String::from_utf8_lossy(body)));
    url.query_pairs().into_owned().collect()
}

/// The first value of a field.
pub fn field<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decodes_what_carriers_send() {
        let read = pairs("To=%2B1617&FromCity=S%C3%A3o+Paulo&ToCity=Köln%20%26%20Co&Digits=&Event=a&Event=b&Flag".as_bytes());
        let want = [
            ("To", "+1617"),
            ("FromCity", "São Paulo"),
            ("ToCity", "Köln & Co"),
            ("Digits", ""),
            ("Event", "a"),
            ("Event", "b"),
            ("Flag", ""),
        ];
        assert_eq!(read, want.map(|(n, v)| (n.to_string(), v.to_string())));
        assert_eq!(field(&read, "Event"), Some("a"));
        assert_eq!(field(&read, "event"), None);
        assert_eq!(pairs(b""), []);
        assert_eq!(pairs(b"a=1#b"), [("a".to_string(), "1#b".to_string())]);
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_out(fields in prop::collection::vec(("[A-Za-z]{1,8}", any::<String>()), 0..6)) {
            let mut url = Url::parse("http://localhost/").expect("a URL");
            url.query_pairs_mut().extend_pairs(&fields);
            prop_assert_eq!(pairs(url.query().unwrap_or_default().as_bytes()), fields);
        }

        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            pairs(&bytes);
        }
    }
}
