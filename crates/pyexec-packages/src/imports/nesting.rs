//! How deep a source is nested, found without recursion.
//!
//! The parser calls itself for what is nested, and so does the end of the tree that it builds: both
//! end the process where the stack ends. So it only gets what can't be nested deeper than its stack
//! takes.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer::lex};

/// How deep a source may be nested. CPython gives up earlier: it takes 100 levels of indentation,
/// 200 of brackets, and a few thousand of operators.
pub(super) const MAX_NESTING: usize = 4000;

/// Whether a source may be nested deeper than [`MAX_NESTING`].
///
/// Counted are, for each open bracket and for where one reads, all tokens since the last comma that
/// may stand for a level: whatever the parser makes of them, each makes one level at most. A comma
/// parts what lies beside each other, except between the parameters of a `lambda`.
pub(super) fn is_too_deep(source: &str) -> bool {
    let mut lexer = lex(source, Mode::Module);
    let mut nesting = Nesting::default();
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return false,
            kind => nesting.count(kind),
        }
        if nesting.depth() > MAX_NESTING {
            return true;
        }
    }
}

#[derive(Default)]
struct Nesting {
    indentation: usize,
    /// Tokens that count, in the brackets around where one reads.
    around: usize,
    /// As they were when each of those brackets began.
    outer: Vec<Level>,
    here: Level,
}

#[derive(Default, Clone, Copy)]
struct Level {
    tokens: usize,
    /// Of these, what a comma doesn't end.
    lambdas: usize,
}

impl Nesting {
    fn depth(&self) -> usize {
        self.indentation + self.around + self.here.tokens
    }

    fn count(&mut self, kind: TokenKind) {
        match kind {
            TokenKind::Newline | TokenKind::Semi => {
                self.around = 0;
                self.outer.clear();
                self.here = Level::default();
            }
            TokenKind::Indent => self.indentation += 1,
            TokenKind::Dedent => self.indentation = self.indentation.saturating_sub(1),
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart => {
                self.here.tokens += 1;
                self.around += self.here.tokens;
                self.outer.push(self.here);
                self.here = Level::default();
            }
            TokenKind::Rpar
            | TokenKind::Rsqb
            | TokenKind::Rbrace
            | TokenKind::FStringEnd
            | TokenKind::TStringEnd => {
                if let Some(level) = self.outer.pop() {
                    self.around -= level.tokens;
                    self.here = level;
                }
            }
            TokenKind::Comma => self.here.tokens = self.here.lambdas,
            TokenKind::Lambda => {
                self.here.tokens += 1;
                self.here.lambdas += 1;
            }
            // Never around something else.
            TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::Complex
            | TokenKind::String
            | TokenKind::FStringMiddle
            | TokenKind::TStringMiddle
            | TokenKind::Comment
            | TokenKind::NonLogicalNewline
            | TokenKind::Ellipsis
            | TokenKind::True
            | TokenKind::False
            | TokenKind::None => {}
            _ => self.here.tokens += 1,
        }
    }
}
