//! Blocks of metadata in comments.

/// A block `# /// kind` … `# ///`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub(super) kind: &'a str,
    /// Where it begins, from 1.
    pub(super) line: usize,
    /// What it says, without `# ` before each line.
    pub(super) content: String,
}

/// Finds the blocks of a source whose lines end with `\n`.
///
/// By the regular expression of the specification, written out, since every line of it is one of
/// the source:
///
/// ```text
/// (?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$
/// ```
///
/// So a block ends with the last line `# ///` of the comment that it is in, not with the first, and
/// has one line at least.
pub(super) fn blocks(source: &str) -> Vec<Block<'_>> {
    let lines: Vec<_> = source.split('\n').collect();
    let mut blocks = Vec::new();
    let mut next = 0;
    // Where the comment ends that was looked at last: each is looked at once.
    let mut comment_end = 0;
    let mut last_end = None;
    while let Some(line) = lines.get(next) {
        let begin = next;
        next += 1;
        let Some(kind) = kind(line) else { continue };
        if comment_end <= begin {
            let length = lines[begin..].iter().take_while(|line| is_comment(line)).count();
            comment_end = begin + length;
            last_end = lines[begin..comment_end].iter().rposition(|line| *line == "# ///");
            last_end = last_end.map(|offset| begin + offset);
        }
        if let Some(end) = last_end.filter(|end| *end >= begin + 2) {
            let content = lines[begin + 1..end].iter().fold(String::new(), |mut content, line| {
                content.push_str(line.strip_prefix("# ").unwrap_or(&line[1..]));
                content.push('\n');
                content
            });
            blocks.push(Block { kind, line: begin + 1, content });
            next = end + 1;
        }
    }
    blocks
}

fn kind(line: &str) -> Option<&str> {
    let kind = line.strip_prefix("# /// ")?;
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (!kind.is_empty() && kind.bytes().all(valid)).then_some(kind)
}

fn is_comment(line: &str) -> bool {
    line == "#" || line.starts_with("# ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<(&str, usize, String)> {
        blocks(source).into_iter().map(|block| (block.kind, block.line, block.content)).collect()
    }

    fn block<'a>(kind: &'a str, line: usize, content: &str) -> (&'a str, usize, String) {
        (kind, line, content.to_owned())
    }

    #[test]
    fn a_block_is_a_comment_between_marks() {
        assert_eq!(found("x\n# /// a-1\n# b\n#\n#  c\n# ///\ny"), [block("a-1", 2, "b\n\n c\n")]);
        assert_eq!(found("# /// a\n# b\n# ///"), [block("a", 1, "b\n")]);
    }

    #[test]
    fn it_ends_with_the_last_mark_of_the_comment() {
        assert_eq!(found("# /// a\n# b\n# ///\n# c\n# ///"), [block("a", 1, "b\n///\nc\n")]);
        assert_eq!(
            found("# /// a\n# b\n# ///\n\n# /// c\n# d\n# ///"),
            [block("a", 1, "b\n"), block("c", 5, "d\n")]
        );
    }

    #[test]
    fn what_is_no_block() {
        for source in [
            "# /// a\n# ///",
            "# /// a\n# b",
            "# /// a\nb\n# ///",
            "# /// a\n#b\n# ///",
            "# ///\n# b\n# ///",
            "# /// a \n# b\n# ///",
            " # /// a\n# b\n# ///",
            "# /// a_b\n# b\n# ///",
            "## /// a\n# b\n# ///",
            "# /// a\n# b\n# /// ",
        ] {
            assert_eq!(found(source), [], "{source:?}");
        }
    }

    #[test]
    fn a_begin_in_a_comment_that_never_ends_costs_nothing() {
        assert_eq!(found(&"# /// a\n".repeat(200_000)), []);
    }
}
