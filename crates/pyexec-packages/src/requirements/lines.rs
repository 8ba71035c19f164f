//! The lines of a requirements file, put together as pip does.

/// One requirement's text, without comments.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LogicalLine {
    /// Where it begins, from 1.
    pub(super) number: usize,
    pub(super) text: String,
}

/// Joins what a backslash continues, and leaves out comments and blank lines, by
/// [pip's rules](https://pip.pypa.io/en/stable/reference/requirements-file-format/): a line that is
/// a comment ends what was continued, and a backslash at its end continues nothing.
pub(super) fn logical_lines(text: &str) -> Vec<LogicalLine> {
    let mut lines = Vec::new();
    let mut pending: Option<LogicalLine> = None;
    for (number, line) in (1..).zip(text.split('\n')) {
        let is_comment = line.trim_start().starts_with('#');
        let open = pending.get_or_insert(LogicalLine { number, text: String::new() });
        if line.ends_with('\\') && !is_comment {
            open.text.push_str(line.trim_matches('\\'));
            continue;
        }
        if is_comment {
            open.text.push(' ');
        }
        open.text.push_str(line);
        lines.extend(pending.take());
    }
    lines.extend(pending);
    for line in &mut lines {
        line.text = without_comment(&line.text).trim().to_owned();
    }
    lines.retain(|line| !line.text.is_empty());
    lines
}

/// What stands before a `#` that begins the line or follows a space.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (position, character) in line.char_indices() {
        if character == '#' && before.is_whitespace() {
            return &line[..position];
        }
        before = character;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(usize, String)> {
        logical_lines(text).into_iter().map(|line| (line.number, line.text)).collect()
    }

    fn line(number: usize, text: &str) -> (usize, String) {
        (number, text.to_owned())
    }

    #[test]
    fn comments_and_blank_lines_are_left_out() {
        let text = "# head\n\n a  # why\n\t# more\nb#c\n#";
        assert_eq!(lines(text), [line(3, "a"), line(5, "b#c")]);
    }

    #[test]
    fn a_backslash_continues() {
        assert_eq!(lines("a\\\n>=1,\\\n<2\nb"), [line(1, "a>=1,<2"), line(4, "b")]);
        assert_eq!(lines("a\\"), [line(1, "a")]);
        assert_eq!(lines("a\\\n\nb"), [line(1, "a"), line(3, "b")]);
    }

    #[test]
    fn a_backslash_before_a_space_continues_nothing() {
        assert_eq!(lines("a\\ \nb"), [line(1, "a\\"), line(2, "b")]);
    }

    #[test]
    fn a_comment_ends_what_was_continued() {
        assert_eq!(lines("a\\\n# why \\\nb"), [line(1, "a"), line(3, "b")]);
        assert_eq!(lines("a # why \\\nb"), [line(1, "a")]);
    }
}
