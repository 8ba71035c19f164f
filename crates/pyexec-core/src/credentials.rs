//! The user information of a URL, as a header.

use http::HeaderValue;
use percent_encoding::percent_decode_str;

/// `user:password` of a URL as the value of `Authorization`.
pub(crate) fn basic(userinfo: &str) -> Option<HeaderValue> {
    let plain: Vec<u8> = match userinfo.split_once(':') {
        Some((user, password)) => {
            percent_decode_str(user).chain(*b":").chain(percent_decode_str(password)).collect()
        }
        None => percent_decode_str(userinfo).chain(*b":").collect(),
    };
    let mut value = HeaderValue::try_from(format!("Basic {}", base64(&plain))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Standard base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        for i in 0..4 {
            let sextet = (word >> (18 - 6 * i)) as usize & 63;
            text.push(if i <= group.len() { char::from(ALPHABET[sextet]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_standard() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, encoded) in vectors {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn escapes_of_the_url_are_undone() {
        let value = basic("x:s%40cret").unwrap();
        assert_eq!(value, "Basic eDpzQGNyZXQ=");
        assert!(!format!("{value:?}").contains("eDpz"));
        assert_eq!(basic("token").unwrap(), "Basic dG9rZW46");
    }
}
