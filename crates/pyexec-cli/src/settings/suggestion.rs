//! What somebody may have meant.

/// How alike two words have to be; clap's own measure for commands and flags.
const ALIKE: f64 = 0.7;

/// The candidate that is most like a word, if one is like it at all.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let likeness = |candidate: &'a str| {
        // In a short word that measure makes too much of two letters that changed places.
        let slip = strsim::osa_distance(word, candidate) == 1;
        let likeness = if slip { 1.0 } else { strsim::jaro(word, candidate) };
        (likeness, candidate)
    };
    let alike = candidates.into_iter().map(likeness).filter(|(likeness, _)| *likeness > ALIKE);
    alike.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let keys = ["server", "token_file", "timeout"];
        assert_eq!(nearest("sever", keys), Some("server"));
        assert_eq!(nearest("token-file", keys), Some("token_file"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("rnu", ["eval", "run"]), Some("run"));
    }
}
