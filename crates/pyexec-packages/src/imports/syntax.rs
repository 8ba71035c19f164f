//! Python's syntax, as ruff's parser reads it. Nothing else calls that parser, whose interface
//! changes with each release.

use super::nesting;
use ruff_python_ast::{
    Expr, Stmt, StmtIf, StmtImportFrom,
    statement_visitor::{StatementVisitor, walk_body, walk_stmt},
};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

/// Whether there could be an import: without the word there is none.
pub(super) fn may_import(source: &str) -> bool {
    source.contains("import")
}

/// The names that a source imports, dotted and as long as they were written; of a source with
/// errors, those that the parser finds in spite of them. `None` where it is nested too deeply.
///
/// Counted are imports wherever they stand, also in `try`: which of two alternatives is wanted
/// can't be told without running them. Not counted: relative imports, which stay in the archive;
/// what stands under `if TYPE_CHECKING:`, which never runs; and what is imported by a call, such as
/// `importlib.import_module("x")`, where the name is data.
pub(super) fn imported_names(source: &str) -> Option<Vec<String>> {
    if nesting::is_too_deep(source) {
        return None;
    }
    let parsed = parse_unchecked(source, ParseOptions::from(Mode::Module)).try_into_module()?;
    let mut found = Found(Vec::new());
    found.visit_body(&parsed.syntax().body);
    Some(found.0)
}

struct Found(Vec<String>);

impl<'a> StatementVisitor<'a> for Found {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => {
                self.0.extend(import.names.iter().map(|alias| alias.name.to_string()));
            }
            Stmt::ImportFrom(import) if import.level == 0 => self.names_from(import),
            Stmt::If(conditional) => self.branches(conditional),
            _ => walk_stmt(self, statement),
        }
    }
}

impl Found {
    /// `from a import b` may import a module `a.b`, which is what counts below namespaces.
    fn names_from(&mut self, import: &StmtImportFrom) {
        let Some(module) = &import.module else { return };
        for alias in &import.names {
            let name = &alias.name;
            self.0.push(if name == "*" { module.to_string() } else { format!("{module}.{name}") });
        }
        // The parser goes on where nothing is named, as in `from a import`.
        if import.names.is_empty() {
            self.0.push(module.to_string());
        }
    }

    fn branches(&mut self, conditional: &StmtIf) {
        if !is_type_checking(&conditional.test) {
            walk_body(self, &conditional.body);
        }
        for clause in &conditional.elif_else_clauses {
            if !clause.test.as_ref().is_some_and(is_type_checking) {
                walk_body(self, &clause.body);
            }
        }
    }
}

/// `TYPE_CHECKING`, or that of a module, under whatever name it was imported.
fn is_type_checking(test: &Expr) -> bool {
    match test {
        Expr::Name(name) => name.id == "TYPE_CHECKING",
        Expr::Attribute(attribute) => {
            attribute.attr.as_str() == "TYPE_CHECKING" && attribute.value.is_name_expr()
        }
        _ => false,
    }
}
