//! Of what copies can be had: of each interpreter, and of those that have imported something.

use crate::{Interpreter, environment::Place, message::Setup};
use serde::{Deserialize, Serialize};

/// Modules for a zygote to import.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Imports {
    /// Which of the interpreters.
    pub(crate) interpreter: usize,
    pub(crate) environment: Place,
    pub(crate) modules: Vec<String>,
    pub(crate) memory_bytes: u64,
}

/// What a zygote is to become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Template<'a> {
    /// Its number: interpreters come first.
    pub(crate) number: usize,
    pub(crate) interpreter: &'a Interpreter,
    pub(crate) imports: Option<&'a Imports>,
}

impl Setup {
    /// The template of a number.
    pub(crate) fn template(&self, number: usize) -> Option<Template<'_>> {
        if let Some(interpreter) = self.interpreters.get(number) {
            return Some(Template { number, interpreter, imports: None });
        }
        let imports = self.imports.get(number - self.interpreters.len())?;
        let interpreter = self.interpreters.get(imports.interpreter)?;
        Some(Template { number, interpreter, imports: Some(imports) })
    }

    /// The number of the `nth` that imports something.
    pub(crate) fn number_of_imports(&self, nth: usize) -> usize {
        self.interpreters.len() + nth
    }

    /// The numbers of a template and, where that has imported something, of one that has not.
    pub(crate) fn or_plain(&self, number: usize) -> impl Iterator<Item = usize> {
        let imports = number.checked_sub(self.interpreters.len());
        let plain = imports.and_then(|nth| self.imports.get(nth)).map(|it| it.interpreter);
        [Some(number), plain].into_iter().flatten()
    }
}
