//! The name of a request, by which its answer, its log lines and the client's own log are one.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header, in requests and in answers.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest one that is taken over.
const LONGEST: usize = 128;

/// The client's, where it is short and visible ASCII; else a new one.
pub(crate) fn of(headers: &HeaderMap) -> HeaderValue {
    let is_fine = |id: &&HeaderValue| {
        (1..=LONGEST).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
    };
    headers.get(HEADER).filter(is_fine).cloned().unwrap_or_else(|| {
        let id = uuid::Uuid::new_v4().to_string();
        HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_visible_ones_are_taken_over() {
        let named = |id: &[u8]| {
            let id = HeaderValue::from_bytes(id).unwrap();
            of(&HeaderMap::from_iter([(HEADER, id)]))
        };
        assert_eq!(named(b"abc-1/2"), "abc-1/2");
        let longest = "x".repeat(LONGEST);
        assert_eq!(named(longest.as_bytes()), longest.as_str());
        for refused in ["", "a b", "a\tb", "é", &"x".repeat(LONGEST + 1)] {
            let new = named(refused.as_bytes());
            assert_eq!(new.len(), 36, "{refused:?} became {new:?}");
        }
        assert_ne!(of(&HeaderMap::new()), of(&HeaderMap::new()));
    }
}
