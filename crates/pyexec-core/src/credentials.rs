//! The user information of a URL, as a header.

use base64::{Engine, prelude::BASE64_STANDARD};
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
    let mut value =
        HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(&plain))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_the_url_are_undone() {
        let value = basic("x:s%40cret").unwrap();
        assert_eq!(value, "Basic eDpzQGNyZXQ=");
        assert!(!format!("{value:?}").contains("eDpz"));
        assert_eq!(basic("token").unwrap(), "Basic dG9rZW46");
    }
}
